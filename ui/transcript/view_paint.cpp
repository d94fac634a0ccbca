#include "ui/transcript/view_impl.h"

#include "app/numbers.h"

#include <QPainter>
#include <QPaintEvent>
#include <QScrollBar>

namespace ui {

using namespace transcript;

namespace {

QColor mixed(const QColor& over, const QColor& under, double alpha) {
    const auto part = [&](float a, float b) { return static_cast<float>(a * alpha + b * (1 - alpha)); };
    return QColor::fromRgbF(part(over.redF(), under.redF()), part(over.greenF(), under.greenF()),
                            part(over.blueF(), under.blueF()));
}

} // namespace

// Positions before this one are no longer seen by the model.
int ChatView::Impl::forgottenIn(int row) {
    if (row != model->horizonRow() || model->horizonOffset() <= 0)
        return 0;
    MessageLayout& layout = page.layout(row);
    return layout.range(0, model->horizonOffset()).second;
}

QList<Mark> ChatView::Impl::marksOf(int row) {
    QList<Mark> marks;
    MessageLayout& layout = page.layout(row);
    const Theme& theme = page.look().theme;
    const QColor under = model->at(row).role == app::Role::User ? theme.ownMessage : theme.background;
    for (const Highlight& light : highlights.value(model->at(row).id)) {
        const auto [begin, end] = layout.range(light.begin.offset, light.end.offset);
        // Never so strong that the text on it would be hard to read.
        marks.append({begin, end,
                      mixed(theme.window, under, 0.06 + 0.34 * std::clamp<double>(light.strength, 0, 1)),
                      false});
    }
    if (!findText.isEmpty()) {
        for (const auto& [begin, end] : matches(row)) {
            const bool current = findPlace == Place{row, begin};
            marks.append({begin, end, mixed(theme.accent, under, 0.22), false, current});
        }
    }
    if (caret.row == row && caretEnd > caret.position)
        marks.append({caret.position, caretEnd, mixed(theme.accent, under, 0.3), false});
    int from = 0, to = 0;
    selection.part(row, layout.length(), from, to);
    if (from < to)
        marks.append({from, to, theme.selection, true});
    return marks;
}

void ChatView::Impl::paintRow(QPainter& painter, int row, const QRect& area) {
    if (page.isHidden(row))
        return;
    MessageLayout& layout = page.layout(row);
    const QPoint origin = page.origin(row);
    Painting painting;
    painting.clip = QRectF(area).translated(-origin);
    painting.marks = marksOf(row);
    const int horizon = model->horizonRow();
    painting.allForgotten = row < horizon;
    painting.forgotten = forgottenIn(row);
    if (row == horizon) {
        // After a restart older text was never read, so there is no number of tokens to tell.
        painting.rule = model->forgottenTokens() > 0
                            ? ChatView::tr("The model no longer sees the text above · %1 tokens")
                                  .arg(app::numberLocale().toString(model->forgottenTokens()))
                            : ChatView::tr("The model no longer sees the text above");
    }
    const bool focused = row == focusRow && view.hasFocus();
    painting.active = row == hoverRow || focused;
    painting.hot = hasHot && row == hoverRow ? &hot : nullptr;
    painting.copiedBox = row == copiedRow ? copiedBox : -1;
    QList<Target> targets;
    if (focused && focusTarget >= 0) {
        targets = targetsOf(row);
        painting.focused = focusTarget < targets.size() ? &targets[focusTarget] : nullptr;
    }
    painting.focusFrame = focused && !painting.focused;
    painter.save();
    painter.translate(origin);
    layout.paint(painter, painting);
    painter.restore();
}

void ChatView::paintEvent(QPaintEvent* event) {
    QPainter painter(viewport());
    painter.fillRect(event->rect(), m_impl->page.look().theme.background);
    if (!m_impl->model || m_impl->page.count() == 0)
        return;
    const QRect area = event->rect();
    const int first = m_impl->page.rowAt(area.top() - Page::overhang),
              last = m_impl->page.rowAt(area.bottom() + Page::overhang);
    for (int row = first; row <= last; ++row)
        m_impl->paintRow(painter, row, area);
}

} // namespace ui
