#include "app/store/rows.h"

#include "app/presentable.h"

#include <array>

using namespace Qt::StringLiterals;

namespace app::store {

namespace {

// In the order of the enums; the names are those of the schema and of exports.
constexpr std::array<QLatin1StringView, 3> kRoles{"system"_L1, "user"_L1, "assistant"_L1};
constexpr std::array<QLatin1StringView, 5> kStates{"streaming"_L1, "done"_L1, "stopped"_L1, "interrupted"_L1,
                                                   "error"_L1};

template <class Enum, std::size_t N>
bool find(const std::array<QLatin1StringView, N>& names, const QString& name, Enum& result) {
    for (std::size_t i = 0; i < N; ++i) {
        if (name == names[i]) {
            result = static_cast<Enum>(i);
            return true;
        }
    }
    return false;
}

} // namespace

QString shownTitle(const Query& row, int column) {
    constexpr int enough = 4 * longestTitle; // bytes: whatever a file says, no more than this is read
    return presentableTitle(row.beginning(column, enough + 4));
}

qint64 nowMs() {
    return QDateTime::currentMSecsSinceEpoch();
}

QString name(Role role) {
    return kRoles[static_cast<std::size_t>(role)];
}

QString name(MessageState state) {
    return kStates[static_cast<std::size_t>(state)];
}

bool fromName(const QString& text, Role& result) {
    return find(kRoles, text, result);
}

bool fromName(const QString& text, MessageState& result) {
    return find(kStates, text, result);
}

Message messageFrom(const Query& row) {
    Message message;
    message.id = row.integer(0);
    message.chat = row.integer(1);
    message.parent = row.integer(2); // NULL reads as 0
    fromName(row.text(3), message.role);
    fromName(row.text(4), message.state);
    message.text = row.text(5);
    message.model = row.text(6);
    message.created = QDateTime::fromMSecsSinceEpoch(row.integer(7), Qt::UTC); // local time takes far longer
    message.tokens = static_cast<int>(row.integer(8));
    message.tokensPerSecond = row.real(9);
    return message;
}

QString assembledText(Connection& connection, MessageId answer) {
    QString text;
    {
        Query row = connection.query("SELECT content FROM message WHERE id = ?");
        row.bind(answer);
        if (row.next())
            text = row.text(0);
    }
    Query chunks = connection.query("SELECT content FROM chunk WHERE message = ? ORDER BY seq");
    chunks.bind(answer);
    while (chunks.next())
        text += chunks.text(0);
    return text;
}

void settleAnswer(Connection& connection, MessageId answer, MessageState state) {
    const QString text = assembledText(connection, answer);
    connection.query("UPDATE message SET content = ?, state = ? WHERE id = ?")
        .bind(text)
        .bind(name(state))
        .bind(answer)
        .run();
    connection.query("DELETE FROM chunk WHERE message = ?").bind(answer).run();
}

} // namespace app::store
