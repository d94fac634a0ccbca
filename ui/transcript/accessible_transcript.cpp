#include "ui/transcript/accessible_transcript.h"

#include "ui/transcript/accessible_message.h"
#include "ui/transcript/view_impl.h"

#include <QScrollBar>

namespace ui::transcript {

namespace {

QAccessibleInterface* create(const QString&, QObject* object) {
    auto* view = qobject_cast<ChatView*>(object);
    return view ? new AccessibleTranscript(view) : nullptr;
}

} // namespace

void installAccessibility() {
    static const bool installed = [] {
        QAccessible::installFactory(create);
        return true;
    }();
    Q_UNUSED(installed);
}

AccessibleTranscript::AccessibleTranscript(ChatView* view)
    : QAccessibleWidget(view, QAccessible::List), m_view(view) {}

AccessibleTranscript::~AccessibleTranscript() {
    for (const auto& [row, id] : m_messages)
        QAccessible::deleteAccessibleInterface(id);
}

void* AccessibleTranscript::interface_cast(QAccessible::InterfaceType type) {
    if (type == QAccessible::TextInterface)
        return static_cast<QAccessibleTextInterface*>(this);
    return QAccessibleWidget::interface_cast(type);
}

int AccessibleTranscript::childCount() const {
    return impl().model ? impl().model->count() : 0;
}

QAccessibleInterface* AccessibleTranscript::child(int index) const {
    if (!holds(index))
        return nullptr;
    const auto known = m_messages.find(index);
    if (known != m_messages.end())
        return QAccessible::accessibleInterface(known->second);
    auto* message = new AccessibleMessage(const_cast<AccessibleTranscript*>(this), index);
    m_messages[index] = QAccessible::registerAccessibleInterface(message);
    return message;
}

int AccessibleTranscript::indexOfChild(const QAccessibleInterface* child) const {
    const auto* message = dynamic_cast<const AccessibleMessage*>(child);
    return message && message->parent() == this ? message->row() : -1;
}

QAccessibleInterface* AccessibleTranscript::childAt(int x, int y) const {
    const QPoint point = m_view->viewport()->mapFromGlobal(QPoint(x, y));
    if (childCount() == 0 || !m_view->viewport()->rect().contains(point))
        return nullptr;
    return child(impl().page.rowAt(point.y()));
}

QAccessibleInterface* AccessibleTranscript::focusChild() const {
    return m_view->hasFocus() && impl().focusRow >= 0 ? child(impl().focusRow) : nullptr;
}

QString AccessibleTranscript::text(QAccessible::Text which) const {
    return QAccessibleWidget::text(which);
}

bool AccessibleTranscript::holds(int row) const {
    return row >= 0 && row < childCount();
}

QString AccessibleTranscript::messageName(int row) const {
    return holds(row) ? impl().rowName(row) : QString();
}

QString AccessibleTranscript::messageText(int row) const {
    return holds(row) ? impl().plain(row) : QString();
}

QRect AccessibleTranscript::messageRect(int row) const {
    if (!holds(row))
        return {};
    const QRect rect = impl().page.rowRect(row);
    return {m_view->viewport()->mapToGlobal(rect.topLeft()), rect.size()};
}

QList<Target> AccessibleTranscript::messageTargets(int row) const {
    return holds(row) ? impl().targetsOf(row) : QList<Target>();
}

void AccessibleTranscript::activate(int row, const Target& target) {
    if (holds(row))
        impl().activate(row, target);
}

int AccessibleTranscript::horizon(int row) const {
    return holds(row) && row < impl().model->horizonRow() ? 1 : 0;
}

QRect AccessibleTranscript::characterRect(int row, int position) const {
    const auto [first, last] = impl().page.visible();
    if (row < first || row > last || impl().page.isHidden(row))
        return {};
    const QList<QRectF> rects = impl().page.layout(row).rects(position, position + 1);
    if (rects.isEmpty())
        return {};
    const QRect rect = rects.first().toAlignedRect().translated(impl().page.origin(row));
    return {m_view->viewport()->mapToGlobal(rect.topLeft()), rect.size()};
}

int AccessibleTranscript::positionAt(int row, QPoint global) const {
    const Place place = impl().placeAt(m_view->viewport()->mapFromGlobal(global));
    return place.row == row ? place.position : -1;
}

void AccessibleTranscript::selection(int index, int* begin, int* end) const {
    *begin = *end = 0;
    const Selection& chosen = impl().selection;
    if (index != 0 || chosen.isEmpty())
        return;
    const auto offset = [&](Place place) {
        return impl().textStart(place.row) + static_cast<int>(impl().rowName(place.row).size()) + 2 +
               place.position;
    };
    *begin = offset(chosen.begin);
    *end = offset(chosen.end);
}

int AccessibleTranscript::selectionCount() const {
    return impl().selection.isEmpty() ? 0 : 1;
}

void AccessibleTranscript::addSelection(int begin, int end) {
    setSelection(0, begin, end);
}

void AccessibleTranscript::removeSelection(int) {
    m_view->clearSelection();
}

void AccessibleTranscript::setSelection(int index, int begin, int end) {
    if (index != 0 || childCount() == 0)
        return;
    const auto place = [&](int offset) {
        const int row = impl().rowOfText(offset);
        const int inside = offset - impl().textStart(row) - static_cast<int>(impl().rowName(row).size()) - 2;
        return Place{row, std::clamp(inside, 0, static_cast<int>(impl().plain(row).size()))};
    };
    Selection chosen;
    chosen.start(place(std::min(begin, end)), place(std::max(begin, end)));
    impl().setSelection(chosen);
}

int AccessibleTranscript::cursorPosition() const {
    int begin = 0, end = 0;
    selection(0, &begin, &end);
    return end;
}

void AccessibleTranscript::setCursorPosition(int position) {
    scrollToSubstring(position, position);
}

QString AccessibleTranscript::text(int begin, int end) const {
    QString out;
    if (childCount() == 0 || begin >= end)
        return out;
    const int first = impl().rowOfText(begin), start = impl().textStart(first);
    for (int row = first; row < childCount() && start + out.size() < end; ++row)
        out += impl().rowText(row);
    return out.mid(begin - start, end - begin);
}

int AccessibleTranscript::characterCount() const {
    return impl().textStart(childCount());
}

QRect AccessibleTranscript::characterRect(int offset) const {
    if (childCount() == 0)
        return {};
    const int row = impl().rowOfText(offset);
    return characterRect(row,
                         offset - impl().textStart(row) - static_cast<int>(impl().rowName(row).size()) - 2);
}

int AccessibleTranscript::offsetAtPoint(const QPoint& point) const {
    const Place place =
        childCount() == 0 ? Place() : impl().placeAt(m_view->viewport()->mapFromGlobal(point));
    if (!place.isValid())
        return -1;
    return impl().textStart(place.row) + static_cast<int>(impl().rowName(place.row).size()) + 2 +
           place.position;
}

void AccessibleTranscript::scrollToSubstring(int begin, int) {
    if (childCount() == 0)
        return;
    const int row = impl().rowOfText(begin);
    const int inside = begin - impl().textStart(row) - static_cast<int>(impl().rowName(row).size()) - 2;
    impl().page.scrollToPosition(row, std::max(0, inside));
    impl().afterChange();
}

QString AccessibleTranscript::attributes(int, int* begin, int* end) const {
    *begin = 0;
    *end = characterCount();
    return {};
}

} // namespace ui::transcript
