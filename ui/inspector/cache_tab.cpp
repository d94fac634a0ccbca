#include "ui/inspector/head_map.h"
#include "ui/inspector/inspector_tabs.h"
#include "ui/inspector/position_map.h"
#include "ui/inspector/scope.h"
#include "ui/inspector/sinks_row.h"
#include "ui/inspector/window_grid.h"

#include <QLabel>
#include <QVBoxLayout>

namespace ui {

namespace {

/// The ramp with its ends, as a label.
class Legend : public QWidget {
public:
    explicit Legend(InspectorState& state) : m_state(state) {
        setFixedSize(150, 16);
        QObject::connect(&state, &InspectorState::viewChanged, this, [this] { update(); });
    }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        const Theme& theme = Theme::current();
        painter.setFont(theme.label);
        painter.setPen(theme.text2);
        const HeatScale scale = m_state.scale();
        const QString low = scale == HeatScale::Log      ? QStringLiteral("1e-6")
                            : scale == HeatScale::Linear ? QStringLiteral("0")
                                                         : QStringLiteral("÷256");
        const QString high = scale == HeatScale::Lift ? QStringLiteral("×256") : QStringLiteral("1");
        painter.drawText(QRect(0, 0, 30, 16), Qt::AlignLeft | Qt::AlignVCenter, low);
        painter.drawText(QRect(116, 0, 34, 16), Qt::AlignLeft | Qt::AlignVCenter, high);
        painter.drawImage(32, 5, heatLegend(80, 7, scale, theme.dark));
    }

private:
    InspectorState& m_state;
};

} // namespace

ViewHeading::ViewHeading(Mark mark, const QString& name, QWidget* parent)
    : QWidget(parent), m_mark(mark), m_name(name) {
    setFixedHeight(22);
}

void ViewHeading::setValue(const QString& strong, const QString& plain) {
    if (strong == m_strong && plain == m_plain)
        return;
    m_strong = strong;
    m_plain = plain;
    setAccessibleName(m_name + QLatin1Char(' ') + strong + QLatin1Char(' ') + plain);
    update();
}

void ViewHeading::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = Theme::current();
    QFont bold = theme.label;
    bold.setWeight(QFont::DemiBold);
    int left = 0;
    if (m_mark != Mark::None) {
        const QColor colour = m_mark == Mark::Sink ? theme.sink : theme.window;
        painter.setPen(Qt::NoPen);
        painter.setBrush(colour);
        const QPointF middle(5, height() / 2.0);
        if (m_mark == Mark::Sink)
            painter.drawPolygon(QPolygonF({middle + QPointF(0, -5), middle + QPointF(5, 0),
                                           middle + QPointF(0, 5), middle + QPointF(-5, 0)}));
        else
            painter.drawRect(QRectF(middle.x() - 4, middle.y() - 4, 8, 8));
        painter.setPen(colour);
        left = 15;
    } else {
        painter.setPen(theme.text);
    }
    painter.setFont(bold);
    painter.drawText(QRect(left, 0, width() - left, height()), Qt::AlignLeft | Qt::AlignVCenter, m_name);
    painter.setFont(theme.label);
    painter.setPen(theme.text2);
    painter.drawText(rect(), Qt::AlignRight | Qt::AlignVCenter, m_plain);
    const int used = QFontMetrics(theme.label).horizontalAdvance(m_plain + QLatin1Char(' '));
    painter.setFont(bold);
    painter.setPen(theme.text);
    painter.drawText(rect().adjusted(0, 0, m_plain.isEmpty() ? 0 : -used, 0),
                     Qt::AlignRight | Qt::AlignVCenter, m_strong);
}

CacheTab::CacheTab(InspectorState& state, QWidget* parent)
    : QWidget(parent), m_state(state), m_sinks(new ViewHeading(ViewHeading::Mark::Sink, tr("Sinks"))),
      m_window(new ViewHeading(ViewHeading::Mark::Window, tr("Window"))),
      m_heads(new ViewHeading(ViewHeading::Mark::None, tr("Layer × head"))), m_grid(new WindowGrid(state)),
      m_nextOut(new QLabel), m_lens(new QLabel), m_position(new QLabel), m_live(new QLabel) {
    auto* box = new QVBoxLayout(this);
    box->setContentsMargins(16, 10, 16, 8);
    box->setSpacing(5);
    box->addWidget(m_sinks);
    box->addWidget(new SinksRow(state));
    box->addSpacing(6);
    box->addWidget(m_window);
    box->addWidget(m_grid);
    auto* legend = new QHBoxLayout;
    legend->addWidget(new Legend(state));
    legend->addStretch();
    legend->addWidget(m_nextOut);
    box->addLayout(legend);
    m_lens->setObjectName(QStringLiteral("lens"));
    m_lens->setTextFormat(Qt::PlainText);
    box->addWidget(m_lens);
    box->addSpacing(2);
    m_position->setWordWrap(true);
    box->addWidget(m_position);
    box->addWidget(new PositionMap(state));
    box->addSpacing(4);
    box->addWidget(m_heads);
    auto* map = new HeadMap(state, HeadMap::Axes::Hidden);
    map->setFixedHeight(84);
    box->addWidget(map);
    box->addWidget(m_live);
    box->addStretch();
    for (QLabel* label : {m_nextOut, m_lens, m_position, m_live})
        label->setFont(Theme::current().label);
    connect(&state, &InspectorState::shotChanged, this, &CacheTab::refresh);
    connect(&state, &InspectorState::viewChanged, this, &CacheTab::refresh);
    connect(&state, &InspectorState::hoveredChanged, this, &CacheTab::refresh);
    refresh();
}

void CacheTab::refresh() {
    m_grid->fitHeight(180);
    const auto& now = m_state.shot();
    const auto& feed = m_state.feed();
    const auto word = [&](engine::StreamPosition position) {
        const int slot = now.slotOf(position);
        return slot < 0 ? QString()
                        : tokenLabel(feed.tokenText(now.slots[static_cast<std::size_t>(slot)].token), 14);
    };
    m_sinks->setValue(now.hasAttention ? percent(static_cast<double>(now.meanSinkShare())) : QString(),
                      now.hasAttention
                          ? tr("of all attention · even share %1").arg(percent(now.uniformShare()))
                          : QString());
    const QString scale = m_state.scale() == HeatScale::Log      ? tr("log scale")
                          : m_state.scale() == HeatScale::Linear ? tr("linear scale")
                                                                 : tr("against an even share");
    m_window->setValue(QString(), tr("%1 slots · %2").arg(number(m_grid->cellCount()), scale));
    m_heads->setValue(QString(), headValueName(m_state.headValue()));
    const bool rolling = now.hasLayout && now.oldest > now.ringStart;
    m_nextOut->setText(rolling ? tr("next out: “%1” (%2)").arg(word(now.oldest), number(now.oldest))
                               : QString());
    QStringList around;
    const engine::StreamPosition middle = m_state.hovered() >= 0 ? m_state.hovered() : now.position;
    for (engine::StreamPosition position = middle - 4; position <= middle + 4 && now.hasLayout; ++position) {
        if (now.slotOf(position) >= 0)
            around
                << (position == middle ? QStringLiteral("[%1]") : QStringLiteral("%1")).arg(word(position));
    }
    m_lens->setText(
        QFontMetrics(m_lens->font())
            .elidedText(around.join(QStringLiteral(" · ")), Qt::ElideMiddle, std::max(120, m_lens->width())));
    QString told = now.hasLayout && now.sinkCount > 0 && rolling
                       ? tr("Where sink 0 is: %1 tokens back; the model is told %2")
                             .arg(number(now.position), number(now.sinkPosition))
                       : tr("Where the tokens are, and where the model is told they are");
    m_position->setText(told);
    if (!now.hasLayout)
        m_live->setText(tr("Send a message; the cache is empty."));
    else if (now.sinkCount > 0 && now.visible() <= 4 * now.sinkCount)
        m_live->setText(
            tr("Too few tokens: sinks get nearly all attention by construction until the window fills."));
    else if (!rolling)
        m_live->setText(
            tr("%1 slots free, nothing forgotten.")
                .arg(number(std::max<qint64>(0, m_grid->cellCount() - (now.position - now.oldest + 1)))));
    else
        m_live->setText(
            tr("%1 in view, %2 forgotten.").arg(number(now.visible()), number(now.oldest - now.ringStart)));
}

} // namespace ui
