#include "app/chat_controller.h"
#include "app/chat_formats.h"
#include "ui/parts/choice_box.h"
#include "ui/settings/pages.h"
#include "ui/theme.h"

#include <QComboBox>
#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace ui {

namespace {

QPlainTextEdit* makeText(QWidget* parent) {
    auto* edit = new QPlainTextEdit(parent);
    edit->setTabChangesFocus(true);
    edit->setFixedHeight(Theme::current().px(92));
    return edit;
}

} // namespace

ChatSettingsPage::ChatSettingsPage(app::ChatController& controller, QWidget* parent)
    : SettingsPageWidget(tr("Chat"), {}, parent), m_controller(controller), m_thisChat(makeText(this)),
      m_newChats(makeText(this)), m_format(new ChoiceBox(this)) {
    const QString builtIn = QString::fromStdString(controller.modelState().info.defaultSystem);
    for (QPlainTextEdit* edit : {m_thisChat, m_newChats})
        edit->setPlaceholderText(builtIn.isEmpty() ? tr("You are a helpful assistant.") : builtIn);
    addField(Place::Below, tr("Instructions for this chat"), m_thisChat,
             tr("The model always sees them. A change means that the chat is read again."));
    addField(Place::Below, tr("Instructions for new chats"), m_newChats,
             tr("Empty: what the model's maker recommends."));
    const QString detected = QString::fromStdString(controller.modelState().info.chatFormat);
    m_format->addItem(detected.isEmpty() ? tr("As the model's file says")
                                         : tr("As the model's file says (%1)").arg(detected),
                      QString());
    for (const QString& name : app::chatFormatNames())
        m_format->addItem(name, name);
    m_format->setFixedWidth(Theme::current().px(260));
    addField(Place::Beside, tr("Chat format"), m_format,
             tr("How turns are marked for the model. The wrong one makes answers worse."));
    body()->addStretch(1);
    for (QPlainTextEdit* edit : {m_thisChat, m_newChats})
        connect(edit, &QPlainTextEdit::textChanged, this, &SettingsPageWidget::edited);
    connect(m_format, &QComboBox::currentIndexChanged, this, &SettingsPageWidget::edited);
}

void ChatSettingsPage::load(const app::Settings& settings) {
    m_thisChat->setPlainText(m_controller.currentSummary().systemPrompt);
    m_thisChat->setReadOnly(m_controller.isReadOnly());
    m_newChats->setPlainText(settings.systemPrompt);
    m_format->setCurrentIndex(std::max(0, m_format->findData(settings.chatFormat)));
}

void ChatSettingsPage::store(app::Settings& settings) const {
    settings.systemPrompt = m_newChats->toPlainText().trimmed();
    settings.chatFormat = m_format->currentData().toString();
}

QString ChatSettingsPage::chatSystemPrompt() const {
    return m_thisChat->toPlainText().trimmed();
}

bool ChatSettingsPage::systemPromptChanged() const {
    return chatSystemPrompt() != m_controller.currentSummary().systemPrompt.trimmed();
}

} // namespace ui
