#include "ui/side/model_card.h"

#include "app/chat_controller.h"
#include "ui/parts/icons.h"
#include "ui/parts/words.h"
#include "ui/theme.h"

#include <QPainter>
#include <QToolButton>

namespace ui {

namespace {
constexpr int inset = 11, cancelSize = 24, barHeight = 4;
} // namespace

ModelCard::ModelCard(QWidget* parent) : QAbstractButton(parent), m_cancel(new QToolButton(this)) {
    setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAttribute(Qt::WA_Hover);
    setAccessibleName(tr("Model"));
    m_cancel->setProperty("kind", QStringLiteral("icon"));
    m_cancel->setIcon(ui::icon(QStringLiteral("close")));
    m_cancel->setToolTip(tr("Cancel loading"));
    m_cancel->setAccessibleName(tr("Cancel loading"));
    m_cancel->setFocusPolicy(Qt::StrongFocus);
    m_cancel->setCursor(Qt::ArrowCursor);
    m_cancel->hide();
    connect(m_cancel, &QToolButton::clicked, this, &ModelCard::cancelRequested);
    setState({});
}

void ModelCard::setState(const app::ModelState& state) {
    using Phase = app::ModelState::Phase;
    m_loading = state.phase == Phase::Loading;
    m_failed = !m_loading && !state.problem.isEmpty();
    m_progress = state.progress;
    const QString inUse = QString::fromStdString(state.info.name);
    m_name = m_loading ? state.loadingName : inUse.isEmpty() ? tr("No model") : inUse;
    if (m_loading)
        m_details = tr("Loading… %1 %", "per cent").arg(qRound(m_progress * 100));
    else if (m_failed)
        m_details = state.problem;
    else
        m_details = inUse.isEmpty() ? tr("Choose one") : words::modelDetails(state);
    m_cancel->setVisible(m_loading);
    setAccessibleDescription(tr("%1. %2. Opens the settings.").arg(m_name, m_details));
    setToolTip(m_failed ? m_details : tr("%1. Choose a model").arg(m_details)); // all of what is cut here
    update();
}

QSize ModelCard::sizeHint() const {
    const Theme& theme = Theme::current();
    return QSize(160, 2 * inset - 3 + QFontMetrics(theme.list).height() + 3 +
                          QFontMetrics(theme.label).height() + 1);
}

void ModelCard::resizeEvent(QResizeEvent*) {
    m_cancel->setGeometry(width() - inset + 4 - cancelSize, inset - 4, cancelSize, cancelSize);
}

void ModelCard::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool focused = hasFocus();
    painter.setPen(QPen(focused ? theme.accent : m_failed ? theme.danger : theme.line, focused ? 2 : 1));
    painter.setBrush(underMouse() ? theme.raised2 : theme.raised);
    const qreal edge = focused ? 1 : 0.5;
    painter.drawRoundedRect(QRectF(rect()).adjusted(edge, edge, -edge, -edge), metrics::radiusButton,
                            metrics::radiusButton);

    const QFont nameFont = Theme::weighted(theme.list, QFont::DemiBold);
    const QFontMetrics nameMetrics(nameFont), detailMetrics(theme.label);
    const int right = m_loading ? cancelSize + 4 : 0;
    const QRect name(inset, inset - 1, width() - 2 * inset - right, nameMetrics.height());
    painter.setFont(nameFont);
    painter.setPen(theme.text);
    painter.drawText(name, Qt::AlignLeft, nameMetrics.elidedText(m_name, Qt::ElideRight, name.width()));
    const QRect details(inset, name.bottom() + 3, width() - 2 * inset, detailMetrics.height());
    painter.setFont(theme.label);
    painter.setPen(m_failed ? theme.danger : theme.text2);
    painter.drawText(details, Qt::AlignLeft,
                     detailMetrics.elidedText(m_details, Qt::ElideRight, details.width()));
    if (m_loading) {
        const QRectF bar(inset, height() - barHeight - 2, width() - 2 * inset, 2);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.raised2);
        painter.drawRoundedRect(bar, 1, 1);
        painter.setBrush(theme.accent);
        painter.drawRoundedRect(
            QRectF(bar.left(), bar.top(), bar.width() * static_cast<double>(m_progress), 2), 1, 1);
    }
}

} // namespace ui
