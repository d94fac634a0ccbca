#include "ui/inspector/lens.h"

#include "ui/inspector/scope.h"
#include "ui/theme.h"

#include <algorithm>

namespace ui {

using engine::StreamPosition;

namespace {
int lineHeight() {
    return Theme::current().px(22);
}
constexpr int Padding = 4, Gap = 2, Lines = 2;
} // namespace

Lens::Lens(InspectorState& state, QWidget* parent) : PaintedView(state, tr("Words around"), parent) {
    setFixedHeight(Lines * lineHeight());
    setFocusPolicy(Qt::NoFocus); // it shows where the cursor of the grid is
    connect(&state, &InspectorState::hoveredChanged, this, [this] {
        setAccessibleDescription(summary());
        update();
    });
}

QSize Lens::sizeHint() const {
    return {340, Lines * lineHeight()};
}

StreamPosition Lens::middle() const {
    return shot().slotOf(state().hovered()) >= 0 ? state().hovered() : shot().position;
}

std::vector<StreamPosition> Lens::positions() const {
    std::vector<StreamPosition> shown;
    if (!shot().hasLayout)
        return shown;
    for (StreamPosition position = middle() - Around; position <= middle() + Around; ++position) {
        if (shot().slotOf(position) >= 0)
            shown.push_back(position);
    }
    return shown;
}

QString Lens::word(StreamPosition position) const {
    const auto slot = static_cast<std::size_t>(shot().slotOf(position));
    return tokenLabel(state().feed().tokenText(shot().slots[slot].token), 14);
}

QString Lens::summary() const {
    QStringList words;
    for (const StreamPosition position : positions())
        words << (position == middle() ? QStringLiteral("[%1]") : QStringLiteral("%1")).arg(word(position));
    return words.isEmpty() ? tr("No token yet") : words.join(QLatin1Char(' '));
}

void Lens::paint(QPainter& painter, const Theme& theme) {
    const auto shown = positions();
    if (shown.empty())
        return;
    const QFont font = Theme::exact(theme.label);
    painter.setFont(font);
    const QFontMetrics metrics(font);
    std::vector<int> widths;
    for (const StreamPosition position : shown)
        widths.push_back(std::max(8, metrics.horizontalAdvance(word(position))) + 2 * Padding);
    const auto at = static_cast<std::size_t>(std::find(shown.begin(), shown.end(), middle()) - shown.begin());
    // The token that is pointed at stands on the first line if what is before it fits there, else words at
    // the far ends give way.
    std::size_t first = 0;
    int before = 0;
    for (std::size_t index = 0; index <= at && index < widths.size(); ++index)
        before += widths[index] + Gap;
    while (first < at && before > width() * 3 / 2)
        before -= widths[first++] + Gap;
    const auto mass = scopedMass(shot(), state().scope(), !state().paused(), state().aggregate());
    int x = 0, line = 0;
    for (std::size_t index = first; index < shown.size(); ++index) {
        if (x + widths[index] > width()) {
            x = 0;
            if (++line == Lines)
                return;
        }
        const QRect box(x, line * lineHeight(), widths[index], lineHeight() - 3);
        const bool isMiddle = shown[index] == middle();
        painter.fillRect(box, isMiddle ? theme.raised2 : theme.raised);
        const auto slot = static_cast<std::size_t>(shot().slotOf(shown[index]));
        const bool isSink = shown[index] < shot().sinkCount;
        const QRgb heat =
            slot < mass.size()
                ? heatColour(heatPlace(mass[slot], state().scale(), 1.0 / std::max(1, shot().keys())),
                             state().scale(), theme.dark)
                : presentColour(theme.dark);
        painter.fillRect(QRect(box.left(), box.bottom() - 2, box.width(), 3),
                         isSink ? theme.sink : QColor(heat));
        painter.setPen(isMiddle ? theme.text : theme.text2);
        painter.drawText(box.adjusted(Padding, 0, -Padding, -3), Qt::AlignCenter, word(shown[index]));
        if (isMiddle) {
            painter.setPen(QPen(theme.accent, 1));
            painter.setBrush(Qt::NoBrush);
            painter.drawRect(box.adjusted(0, 0, -1, -1));
        }
        x += widths[index] + Gap;
    }
}

} // namespace ui
