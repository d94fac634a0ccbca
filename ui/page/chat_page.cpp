#include "ui/page/chat_page.h"

#include "ui/chat_view.h"
#include "ui/page/banner.h"
#include "ui/page/composer.h"
#include "ui/page/empty_state.h"
#include "ui/page/find_bar.h"
#include "ui/page/header.h"
#include "ui/parts/tabular.h"
#include "ui/theme.h"

#include <QPainter>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace ui {

namespace {

constexpr int holdMs = 100;

/// In the middle and never wider than the text column.
QHBoxLayout* column(QWidget* widget) {
    auto* row = new QHBoxLayout;
    row->setContentsMargins(metrics::transcriptMargin, 0, metrics::transcriptMargin, 0);
    row->setSpacing(0);
    widget->setMaximumWidth(Theme::current().px(metrics::textColumn));
    row->addStretch(0); // takes only what the widget does not want
    row->addWidget(widget, 1);
    row->addStretch(0);
    return row;
}

} // namespace

ChatPage::ChatPage(QWidget* parent)
    : QWidget(parent), m_header(new Header(this)), m_find(new FindBar(this)),
      m_stack(new QStackedWidget(this)), m_view(new ChatView(this)), m_empty(new EmptyState(this)),
      m_banners(new BannerStack(this)), m_composer(new Composer(this)),
      m_status(new TabularLabel(Qt::AlignHCenter, this)) {
    m_view->setAccessibleName(tr("Conversation"));
    m_status->setAccessibleName(tr("Status"));
    m_status->setFixedHeight(Theme::current().px(metrics::statusLine));
    m_stack->addWidget(m_view);
    m_stack->addWidget(m_empty);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    layout->addWidget(m_find);
    layout->addWidget(m_stack, 1);
    auto* foot = new QVBoxLayout;
    foot->setSpacing(8);
    foot->addLayout(column(m_banners));
    foot->addLayout(column(m_composer));
    layout->addLayout(foot);
    layout->addLayout(column(m_status));
    setEmpty(true);
    m_hold.setSingleShot(true);
    m_hold.setInterval(holdMs);
    connect(&m_hold, &QTimer::timeout, this, &ChatPage::showPicture);
}

void ChatPage::setEmpty(bool empty) {
    m_stack->setCurrentWidget(empty ? static_cast<QWidget*>(m_empty) : m_view);
}

bool ChatPage::isEmpty() const {
    return m_stack->currentWidget() == m_empty;
}

void ChatPage::holdPicture() {
    m_stack->setUpdatesEnabled(false);
    m_hold.start();
}

void ChatPage::showPicture() {
    m_hold.stop();
    m_stack->setUpdatesEnabled(true);
}

void ChatPage::paintEvent(QPaintEvent*) {
    QPainter(this).fillRect(rect(), Theme::current().background);
}

} // namespace ui
