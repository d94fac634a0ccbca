#include "ui/inspector/compare_plot.h"

#include "app/numbers.h"
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

constexpr std::size_t Warm = 32;  // the first tokens have no past and would stretch the axis
constexpr std::size_t Span = 256; // tokens that a point of a curve is the mean of

/// The rolling perplexity at every `step`-th token from Warm on.
std::vector<double> rolling(const std::vector<float>& losses, std::size_t step) {
    std::vector<double> values;
    double sum = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        sum += static_cast<double>(losses[i]);
        if (i >= Span)
            sum -= static_cast<double>(losses[i - Span]);
        if (i >= Warm && (i - Warm) % step == 0)
            values.push_back(std::exp(sum / static_cast<double>(std::min(i + 1, Span))));
    }
    return values;
}

} // namespace

ComparePlot::ComparePlot(app::CompareRunner& runner, QWidget* parent) : QWidget(parent), m_runner(runner) {
    setAccessibleName(tr("Perplexity along the text"));
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    setMinimumHeight(Theme::current().px(200));
    connect(&runner, &app::CompareRunner::changed, this, [this] {
        setAccessibleDescription(summary());
        update();
    });
}

QSize ComparePlot::sizeHint() const {
    return {340, Theme::current().px(240)};
}

QString ComparePlot::summary() const {
    QStringList parts;
    for (const app::CompareCurve& curve : m_runner.curves()) {
        if (!curve.losses.empty())
            parts << tr("%1: %2 over %3 tokens")
                         .arg(curve.label, app::numberLocale().toString(curve.perplexity(), 'f', 2),
                              number(static_cast<qint64>(curve.losses.size())));
    }
    return parts.isEmpty() ? tr("Nothing compared yet.") : parts.join(QStringLiteral("; "));
}

void ComparePlot::render(QPainter& painter, const QRectF& area, const Theme& theme) const {
    double lowest = 1e9, highest = 1;
    std::size_t longest = 1;
    std::vector<std::vector<double>> lines;
    for (const app::CompareCurve& curve : m_runner.curves())
        longest = std::max(longest, curve.losses.size());
    const std::size_t step = std::max<std::size_t>(1, longest / 400);
    for (const app::CompareCurve& curve : m_runner.curves()) {
        lines.push_back(rolling(curve.losses, step));
        for (const double value : lines.back()) {
            lowest = std::min(lowest, value);
            highest = std::max(highest, value);
        }
    }
    painter.setFont(theme.label);
    if (highest <= 1) {
        painter.setPen(theme.text3);
        painter.drawText(area, Qt::AlignCenter | Qt::TextWordWrap,
                         m_runner.running() ? tr("Reading …") : tr("The picture is drawn here."));
        return;
    }
    const std::size_t total =
        std::max(longest, m_runner.curves().empty() ? 1 : m_runner.tokensTotal() / m_runner.curves().size());
    const int line = theme.px(16), legendLine = line + 1;
    const double legend = legendLine * static_cast<double>(m_runner.curves().size());
    const QRectF box = area.adjusted(theme.px(38), legend + 10, -10, -theme.px(22));
    const double bottom = std::floor(std::log10(lowest) * 2) / 2,
                 top = std::max(bottom + 0.5, std::ceil(std::log10(highest) * 2) / 2);
    const double decades = top - bottom > 3 ? 1 : 0.5; // between two lines of the axis
    const auto at = [&](std::size_t token, double perplexity) {
        return QPointF(box.left() + static_cast<double>(token) / static_cast<double>(total) * box.width(),
                       box.bottom() - (std::log10(perplexity) - bottom) / (top - bottom) * box.height());
    };
    painter.setRenderHint(QPainter::Antialiasing);
    for (double power = decades == 1 ? std::ceil(bottom) : bottom; power <= top + 1e-6; power += decades) {
        const double y = at(0, std::pow(10, power)).y();
        painter.setPen(QPen(theme.line, 1));
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y));
        painter.setPen(theme.text3);
        painter.drawText(QRectF(0, y - line / 2.0, box.left() - 6, line), Qt::AlignRight | Qt::AlignVCenter,
                         power >= 4 ? QStringLiteral("1e%1").arg(qRound(power))
                                    : number(std::llround(std::pow(10, power))));
    }
    painter.drawText(QRectF(box.left(), box.bottom() + 4, box.width(), line), Qt::AlignRight,
                     tr("%1 tokens").arg(number(static_cast<qint64>(total))));
    const auto mark = [&](std::size_t token, const QString& text) {
        if (token == 0 || token >= total)
            return;
        painter.setPen(QPen(theme.text3, 1, Qt::DashLine));
        painter.drawLine(QPointF(at(token, 10).x(), box.top()), QPointF(at(token, 10).x(), box.bottom()));
        painter.drawText(QRectF(at(token, 10).x() - theme.px(60), box.bottom() + 4, theme.px(120), line),
                         Qt::AlignHCenter, text);
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
        QPolygonF points;
        for (std::size_t i = 0; i < lines[index].size(); ++i)
            points << at(Warm + i * step, lines[index][i]);
        painter.setPen(QPen(style.colour, 2, style.dash));
        painter.setBrush(Qt::NoBrush);
        painter.drawPolyline(points);
        painter.setPen(Qt::NoPen);
        painter.setBrush(style.colour);
        drawShape(painter, points.last(), style.shape);
    }
    double y = area.top();
    for (std::size_t index = 0; index < m_runner.curves().size(); ++index) {
        const app::CompareCurve& curve = m_runner.curves()[index];
        const LineStyle style = styleOf(index, theme);
        painter.setPen(QPen(style.colour, 2, style.dash));
        painter.drawLine(QPointF(box.left() + 8, y + line / 2.0), QPointF(box.left() + 32, y + line / 2.0));
        painter.setPen(Qt::NoPen);
        painter.setBrush(style.colour);
        drawShape(painter, {box.left() + 20, y + line / 2.0}, style.shape);
        painter.setPen(theme.text2);
        const QString value =
            curve.losses.empty()
                ? QString()
                : QStringLiteral("  ") + app::numberLocale().toString(curve.perplexity(), 'f',
                                                                      curve.perplexity() < 1000 ? 1 : 0);
        painter.drawText(QRectF(box.left() + 40, y, box.width() - 40, line), Qt::AlignLeft | Qt::AlignVCenter,
                         curve.label + value);
        y += legendLine;
    }
}

void ComparePlot::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    render(painter, rect(), Theme::current());
}

} // namespace ui
