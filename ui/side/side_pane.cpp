#include "ui/side/side_pane.h"

#include "ui/parts/icons.h"
#include "ui/side/chat_list.h"
#include "ui/side/model_card.h"
#include "ui/theme.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QPainter>
#include <QVBoxLayout>

namespace ui {

namespace {
constexpr int searchDelayMs = 120;
} // namespace

NewChatButton::NewChatButton(QWidget* parent) : QAbstractButton(parent) {
    setText(tr("New chat"));
    setAccessibleName(tr("New chat"));
    setToolTip(tr("Begin a new chat (Ctrl+N)"));
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize NewChatButton::sizeHint() const {
    return QSize(160, Theme::current().px(36));
}

void NewChatButton::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool focused = hasFocus();
    const qreal edge = focused ? 1 : 0.5;
    painter.setPen(QPen(focused ? theme.accent : theme.line, focused ? 2 : 1));
    painter.setBrush(isDown() ? theme.hover : underMouse() ? theme.raised2 : theme.raised);
    painter.drawRoundedRect(QRectF(rect()).adjusted(edge, edge, -edge, -edge), metrics::radiusButton,
                            metrics::radiusButton);
    const QRect inner = rect().adjusted(12, 0, -13, 0);
    const int iconSize = theme.px(14);
    static const QIcon plus = ui::icon(QStringLiteral("plus"), [] { return Theme::current().text; });
    plus.paint(&painter, QRect(inner.left(), (height() - iconSize) / 2, iconSize, iconSize));
    painter.setFont(Theme::weighted(theme.body, QFont::Medium));
    painter.setPen(theme.text);
    painter.drawText(inner.adjusted(iconSize + 6, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
    painter.setFont(theme.groupHead);
    painter.setPen(theme.text3);
    painter.setFont(Theme::weighted(theme.groupHead, QFont::Medium));
    painter.drawText(inner, Qt::AlignVCenter | Qt::AlignRight, tr("Ctrl N"));
}

SidePane::SidePane(QWidget* parent)
    : QWidget(parent), m_newChat(new NewChatButton(this)), m_search(new QLineEdit(this)),
      m_list(new ChatList(this)), m_model(new ModelCard(this)) {
    const Theme& theme = Theme::current();
    setAccessibleName(tr("Chats and model"));
    m_search->setFont(theme.list);
    m_search->setPlaceholderText(tr("Search chats"));
    m_search->setAccessibleName(tr("Search chats"));
    m_search->setToolTip(tr("Search in all chats (Ctrl+F)"));
    m_search->setClearButtonEnabled(false);
    m_search->setFixedHeight(theme.px(32));
    m_search->installEventFilter(this);

    auto* margins = new QVBoxLayout;
    margins->setContentsMargins(12, 12, 12, 0);
    margins->setSpacing(8);
    margins->addWidget(m_newChat);
    margins->addWidget(m_search);
    auto* foot = new QVBoxLayout;
    foot->setContentsMargins(12, 8, 12, 12);
    foot->addWidget(m_model);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 1, 0); // the right border is painted there
    layout->setSpacing(0);
    layout->addLayout(margins);
    layout->addSpacing(4);
    layout->addWidget(m_list, 1);
    layout->addLayout(foot);

    m_searchDelay.setSingleShot(true);
    m_searchDelay.setInterval(searchDelayMs);
    connect(&m_searchDelay, &QTimer::timeout, this,
            [this] { Q_EMIT searchRequested(m_search->text().simplified()); });
    connect(m_search, &QLineEdit::textChanged, this, &SidePane::searchTextChanged);
    connect(m_list, &ChatList::openRequested, this, &SidePane::openRequested);
}

bool SidePane::isSearching() const {
    return !m_search->text().simplified().isEmpty();
}

void SidePane::setChats(const QList<app::ChatSummary>& chats) {
    m_chats = chats;
    if (!isSearching())
        showChats();
}

void SidePane::showChats() {
    m_list->replaceRows([this] { m_list->chats()->setChats(m_chats, QDate::currentDate()); });
}

void SidePane::setCurrentChat(app::ChatId chat) {
    m_list->chats()->setCurrentChat(chat);
    const QModelIndex open = m_list->chats()->indexOf(chat);
    if (!m_isOpenChatRevealed && open.isValid()) { // at the start only: later whoever opens it sees it
        m_isOpenChatRevealed = true;
        m_list->reveal(open);
    }
}

void SidePane::searchTextChanged() {
    m_openFirstHit = false;
    if (isSearching()) {
        m_searchDelay.start();
        return;
    }
    m_searchDelay.stop();
    showChats();
}

void SidePane::showHits(const QString& words, const QList<app::SearchHit>& hits) {
    if (!isSearching() || words != m_search->text().simplified())
        return;
    m_hitsFor = words;
    m_list->replaceRows([this, hits] {
        m_list->chats()->setHits(hits);
        m_list->setCurrentIndex({});
        m_list->scrollToTop();
    });
    if (m_openFirstHit && !hits.isEmpty())
        Q_EMIT openRequested(hits.first().chat, hits.first().message);
    m_openFirstHit = false;
}

void SidePane::focusSearch() {
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

void SidePane::endSearch() {
    m_search->clear();
}

bool SidePane::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_search || event->type() != QEvent::KeyPress)
        return QWidget::eventFilter(watched, event);
    switch (static_cast<QKeyEvent*>(event)->key()) {
    case Qt::Key_Escape:
        if (!isSearching())
            return false;
        endSearch();
        return true;
    case Qt::Key_Down: {
        m_list->setFocus(Qt::TabFocusReason);
        m_list->setCurrentIndex(m_list->chats()->firstUsable());
        return true;
    }
    case Qt::Key_Return:
    case Qt::Key_Enter: {
        if (!isSearching())
            return true;
        const QModelIndex first = m_list->chats()->firstUsable();
        const bool hitsAreThere = m_hitsFor == m_search->text().simplified();
        if (hitsAreThere && first.isValid())
            Q_EMIT openRequested(first.data(ChatListModel::ChatRole).value<app::ChatId>(),
                                 first.data(ChatListModel::MessageRole).value<app::MessageId>());
        m_openFirstHit = !hitsAreThere;
        return true;
    }
    default:
        return false;
    }
}

void SidePane::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::current().side);
    painter.fillRect(width() - 1, 0, 1, height(), Theme::current().line);
}

} // namespace ui
