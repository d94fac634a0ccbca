// The message field: what is in it, whose draft it is, and who takes it.
#include "app/chat_controller.h"
#include "ui/chat_view.h"
#include "ui/main_window.h"
#include "ui/page/banner.h"
#include "ui/page/chat_page.h"
#include "ui/page/composer.h"
#include "ui/page/empty_state.h"

namespace ui {

namespace {

constexpr int draftDelayMs = 400;
const QString editingKey = QStringLiteral("editing"), cancelledKey = QStringLiteral("edit-cancelled");

} // namespace

void MainWindow::connectWriting() {
    Composer* composer = m_page->composer();
    m_draftDelay.setSingleShot(true);
    m_draftDelay.setInterval(draftDelayMs);
    connect(&m_draftDelay, &QTimer::timeout, this, &MainWindow::saveDraftNow);
    connect(&m_controller, &app::ChatController::chatClosing, this, &MainWindow::saveDraftNow);
    connect(composer, &Composer::draftChanged, this, [this] {
        m_draftChanged = true;
        m_draftDelay.start();
    });
    connect(composer, &Composer::sendRequested, this, &MainWindow::send);
    connect(composer, &Composer::stopRequested, &m_controller, &app::ChatController::stop);
    connect(composer, &Composer::cancelRequested, this, &MainWindow::cancelEditing);
    connect(m_page->view(), &ChatView::editRequested, this, &MainWindow::beginEditing);
    connect(m_page->emptyState(), &EmptyState::promptChosen, this, [this, composer](const QString& text) {
        if (composer->edit()->isBlank()) {
            composer->setDraft(text);
            m_draftChanged = true;
            composer->submit();
        } else if (composer->state() == Composer::State::Ready) {
            m_controller.send(text); // what is being written stays
        }
    });
}

/// The field is emptied, or shows what waited behind an edit, only when the text was taken.
void MainWindow::send(const QString& text) {
    saveDraftNow();
    const app::MessageId edited = m_controller.draft().edited;
    const bool taken = edited != 0 ? m_controller.editAndResend(edited, text)
                                   : m_controller.send(text, m_page->composer()->draft());
    if (!taken)
        return;
    showDraft();
    m_page->view()->scrollToEnd();
}

void MainWindow::beginEditing(app::MessageId message) {
    const int row = m_controller.transcript().rowOf(message);
    if (row < 0)
        return;
    saveDraftNow();
    if (m_controller.draft().edited != message) {
        cancelEditing();
        m_controller.saveEdit(message, m_controller.transcript().at(row).text);
        showDraft();
    }
    m_page->composer()->edit()->setFocus();
}

/// The chat's own draft comes back. What was written so far can be had again.
void MainWindow::cancelEditing() {
    saveDraftNow();
    const app::Draft draft = m_controller.draft();
    if (draft.edited == 0)
        return;
    m_controller.saveEdit(0, {});
    showDraft();
    const int row = m_controller.transcript().rowOf(draft.edited);
    if (row >= 0 && m_controller.transcript().at(row).text == draft.edit)
        return; // nothing was changed
    const auto undo = [this, draft, chat = m_controller.currentChat()] {
        if (chat != m_controller.currentChat())
            return;
        saveDraftNow();
        m_controller.saveEdit(draft.edited, draft.edit);
        showDraft();
    };
    m_page->banners()->show({BannerText::Tone::Note,
                             cancelledKey,
                             tr("The change of the earlier message was cancelled."),
                             tr("Undo"),
                             undo,
                             {}});
}

/// What the open chat's field holds.
void MainWindow::showDraft() {
    const app::Draft draft = m_controller.draft();
    m_draftDelay.stop();
    m_draftChanged = false;
    m_page->composer()->setDraft(draft.edited != 0 ? draft.edit : draft.text);
    if (draft.edited == 0) {
        m_page->banners()->dismiss(editingKey);
        return;
    }
    const auto cancel = [this] { cancelEditing(); };
    m_page->banners()->show(
        {BannerText::Tone::Note, editingKey,
         tr("You are changing an earlier message. What followed it is kept as another version."),
         tr("Cancel"), cancel, cancel, true});
}

void MainWindow::saveDraftNow() {
    m_draftDelay.stop();
    if (!m_draftChanged)
        return;
    m_draftChanged = false;
    const QString text = m_page->composer()->draft();
    if (const app::MessageId edited = m_controller.draft().edited; edited != 0)
        m_controller.saveEdit(edited, text);
    else
        m_controller.saveDraft(text);
}

} // namespace ui
