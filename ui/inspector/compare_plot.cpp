#include "ui/inspector/compare_plot.h"

#include "ui/inspector/painted_view.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace ui {

namespace {

struct LineStyle {
    QColor colour;
    Qt::PenStyle dash;
    int shape; // of the end mark: 0 circle, 1 triangle, 2 square, 3 diamond
};

LineStyle styleOf(std::size_t index, const Theme& theme) {
    switch (index) {
    case 0:
        return {theme.window, Qt::SolidLine, 0};
    case 1:
        return {theme.sink, Qt::DashLine, 1};
    case 2:
        return {theme.text2, Qt::DotLine, 2};
    default:
        return {theme.accent, Qt::DashDotLine, 3};
    }
}

void drawShape(QPainter& painter, QPointF at, int shape) {
    switch (shape) {
    case 0:
        painter.drawEllipse(at, 4, 4);
        break;
    case 1:
        painter.drawPolygon(QPolygonF({at + QPointF(0, -5), at + QPointF(5, 4), at + QPointF(-5, 4)}));
        break;
    case 2:
        painter.drawRect(QRectF(at.x() - 4, at.y() - 4, 8, 8));
        break;
    default:
        painter.drawPolygon(
            QPolygonF({at + QPointF(0, -5), at + QPointF(5, 0), at + QPointF(0, 5), at + QPointF(-5, 0)}));
    }
}

constexpr std::size_t Warm = 32; // the first tokens have no past and would stretch the axis

} // namespace

ComparePlot::ComparePlot(app::CompareRunner& runner, QWidget* parent) : QWidget(parent), m_runner(runner) {
    setAccessibleName(tr("Perplexity along the text"));
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    setMinimumHeight(200);
    connect(&runner, &app::CompareRunner::changed, this, [this] {
        setAccessibleDescription(summary());
        update();
    });
}

QSize ComparePlot::sizeHint() const {
    return {340, 240};
}

QString ComparePlot::summary() const {
    QStringList parts;
    for (const app::CompareCurve& curve : m_runner.curves()) {
        if (!curve.losses.empty())
            parts << tr("%1: %2 over %3 tokens")
                         .arg(curve.label, QLocale().toString(curve.perplexity(), 'f', 2),
                              number(static_cast<qint64>(curve.losses.size())));
    }
    return parts.isEmpty() ? tr("Nothing compared yet.") : parts.join(QStringLiteral("; "));
}

void ComparePlot::render(QPainter& painter, const QRectF& area, const Theme& theme) const {
    double lowest = 1e9, highest = 1;
    std::size_t longest = 1;
    for (const app::CompareCurve& curve : m_runner.curves()) {
        longest = std::max(longest, curve.losses.size());
        for (std::size_t i = Warm; i < curve.losses.size(); i += 16) {
            lowest = std::min(lowest, curve.perplexityAt(i));
            highest = std::max(highest, curve.perplexityAt(i));
        }
    }
    painter.setFont(theme.label);
    if (highest <= 1) {
        painter.setPen(theme.text3);
        painter.drawText(area, Qt::AlignCenter | Qt::TextWordWrap,
                         m_runner.running() ? tr("Reading …") : tr("Choose a text and press Compare."));
        return;
    }
    const std::size_t total =
        std::max(longest, m_runner.curves().empty() ? 1 : m_runner.tokensTotal() / m_runner.curves().size());
    const QRectF box = area.adjusted(38, 8, -10, -22);
    const double bottom = std::floor(std::log10(lowest) * 2) / 2,
                 top = std::max(bottom + 0.5, std::ceil(std::log10(highest) * 2) / 2);
    const auto at = [&](std::size_t token, double perplexity) {
        return QPointF(box.left() + static_cast<double>(token) / static_cast<double>(total) * box.width(),
                       box.bottom() - (std::log10(perplexity) - bottom) / (top - bottom) * box.height());
    };
    painter.setRenderHint(QPainter::Antialiasing);
    for (double power = bottom; power <= top + 1e-6; power += 0.5) {
        const double y = at(0, std::pow(10, power)).y();
        painter.setPen(QPen(theme.line, 1));
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y));
        painter.setPen(theme.text3);
        painter.drawText(QRectF(0, y - 8, box.left() - 6, 16), Qt::AlignRight | Qt::AlignVCenter,
                         number(std::llround(std::pow(10, power))));
    }
    painter.drawText(QRectF(box.left(), box.bottom() + 4, box.width(), 16), Qt::AlignRight,
                     tr("%1 tokens").arg(number(static_cast<qint64>(total))));
    const auto mark = [&](std::size_t token, const QString& text) {
        if (token == 0 || token >= total)
            return;
        painter.setPen(QPen(theme.text3, 1, Qt::DashLine));
        painter.drawLine(QPointF(at(token, 10).x(), box.top()), QPointF(at(token, 10).x(), box.bottom()));
        painter.drawText(QRectF(at(token, 10).x() - 60, box.bottom() + 4, 120, 16), Qt::AlignHCenter, text);
    };
    for (const app::CompareCurve& curve : m_runner.curves()) {
        if (curve.options.mode != engine::CacheMode::Dense) {
            mark(static_cast<std::size_t>(curve.options.sinks + curve.options.window), tr("first forgotten"));
            break;
        }
    }
    mark(static_cast<std::size_t>(m_trainedLength), tr("trained length"));
    for (std::size_t index = 0; index < m_runner.curves().size(); ++index) {
        const app::CompareCurve& curve = m_runner.curves()[index];
        if (curve.losses.size() <= Warm)
            continue;
        const LineStyle style = styleOf(index, theme);
        QPolygonF line;
        const std::size_t step = std::max<std::size_t>(1, curve.losses.size() / 600);
        for (std::size_t i = Warm; i < curve.losses.size(); i += step)
            line << at(i, curve.perplexityAt(i));
        painter.setPen(QPen(style.colour, 2, style.dash));
        painter.setBrush(Qt::NoBrush);
        painter.drawPolyline(line);
        painter.setPen(Qt::NoPen);
        painter.setBrush(style.colour);
        drawShape(painter, line.last(), style.shape);
    }
    double y = box.top() + 2;
    for (std::size_t index = 0; index < m_runner.curves().size(); ++index) {
        const app::CompareCurve& curve = m_runner.curves()[index];
        const LineStyle style = styleOf(index, theme);
        painter.setPen(QPen(style.colour, 2, style.dash));
        painter.drawLine(QPointF(box.left() + 8, y + 8), QPointF(box.left() + 32, y + 8));
        painter.setPen(Qt::NoPen);
        painter.setBrush(style.colour);
        drawShape(painter, {box.left() + 20, y + 8}, style.shape);
        painter.setPen(theme.text2);
        const QString value = curve.losses.empty()
                                  ? QString()
                                  : QStringLiteral("  ") + QLocale().toString(curve.perplexity(), 'f', 1);
        painter.drawText(QRectF(box.left() + 40, y, box.width() - 40, 16), Qt::AlignLeft | Qt::AlignVCenter,
                         curve.label + value);
        y += 17;
    }
}

void ComparePlot::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    render(painter, rect(), Theme::current());
}

} // namespace ui
