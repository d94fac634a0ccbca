#include "app/controller/chat_title.h"

#include <QCoreApplication>

namespace app {
namespace {

constexpr int LongestTitle = 48; // UTF-16 units, with the ellipsis

bool isDecoration(QChar c) {
    return c == u'#' || c == u'*' || c == u'`' || c == u'>' || c == u'_' || c == u'~' || c == u'-' ||
           c.isSpace();
}

} // namespace

QString titleFrom(const QString& firstMessage) {
    constexpr int enough = 400; // of a pasted book only the beginning is looked at
    QString words;
    for (const QChar c : firstMessage.left(enough))
        words += c.isPrint() || c.isSurrogate() ? c : QChar(u' ');
    words = words.simplified();
    while (!words.isEmpty() && isDecoration(words.front()))
        words.remove(0, 1);
    while (!words.isEmpty() && isDecoration(words.back()))
        words.chop(1);
    if (words.isEmpty())
        return QCoreApplication::translate("ChatTitle", "New chat");
    if (words.size() <= LongestTitle)
        return words;
    int end = LongestTitle - 1;
    const auto space = words.lastIndexOf(u' ', end);
    if (space > LongestTitle / 2) // else one very long word is cut
        end = static_cast<int>(space);
    else if (words[end - 1].isHighSurrogate())
        --end;
    return words.left(end) + u'…';
}

} // namespace app
