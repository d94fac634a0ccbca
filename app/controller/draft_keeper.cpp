#include "app/controller/draft_keeper.h"

namespace app {

DraftKeeper::DraftKeeper(TranscriptStore& store, QObject* parent) : QObject(parent), m_store(store) {
    m_timer.setSingleShot(true);
    m_timer.setInterval(400);
    connect(&m_timer, &QTimer::timeout, this, &DraftKeeper::flush);
}

void DraftKeeper::setChat(ChatId chat) {
    flush();
    m_chat = chat;
}

void DraftKeeper::adopt(ChatId chat) {
    m_chat = chat;
}

void DraftKeeper::change(const QString& text) {
    if (m_chat == 0)
        m_newChatDraft = text;
    m_text = text;
    m_changed = true;
    m_timer.start();
}

void DraftKeeper::forget() {
    m_changed = false;
    m_timer.stop();
    if (m_chat == 0)
        m_newChatDraft.clear();
}

void DraftKeeper::flush() {
    m_timer.stop();
    if (!m_changed || m_chat < 0 || !m_store.isOpen() || m_store.access() != Access::ReadWrite)
        return;
    m_changed = false;
    m_store.run([chat = m_chat, text = m_text](Database& database) { database.saveDraft(chat, text); });
}

} // namespace app
