#pragma once
#include "ui/page/composer_foot.h"
#include "ui/page/growing_text_edit.h"

#include <QFrame>

namespace ui {

/// Where messages are written. Typing always works; sending while an answer is being written waits for its
/// end (Escape takes the wait back). The text stays until the owner, who gives and saves drafts, sets another: only who took a text may
/// take it away. Main thread only.
class Composer : public QFrame {
    Q_OBJECT
public:
    explicit Composer(QWidget* parent = nullptr);

    GrowingTextEdit* edit() const { return m_edit; }
    QPushButton* sendButton() const { return m_send; }
    Chip* memoryChip() const { return m_memory; }
    Chip* promptChip() const { return m_prompt; }
    void setMemory(const QString& words); // what the chips say
    void setPrompt(const QString& words);

    QString text() const;  // what would be sent
    QString draft() const; // what has to be kept: the text, and what of it is attached
    /// A draft(), or any text: what of it would make typing slow is attached. No draftChanged() follows.
    void setDraft(const QString& draft);
    enum class State { Ready, Answering, Loading, Blocked };
    /// `why` is shown: Blocked, nothing can be sent; Loading, when what waits goes out.
    void setState(State state, const QString& why = {});
    State state() const { return m_state; }
    /// As if Enter had been pressed.
    void submit();
    /// What waits goes out if that is possible now. The owner calls it after setState(): a setter sends nothing.
    void sendWhatWaits();
    bool isWaiting() const { return m_waiting; }

Q_SIGNALS:
    void sendRequested(const QString& text); // still in the field
    void stopRequested();
    void cancelRequested(); // Escape, with nothing to stop
    void draftChanged();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;

private:
    void escape();
    void setWaiting(bool waiting);
    void refresh();

    GrowingTextEdit* m_edit;
    ComposerFoot* m_foot;
    Chip* m_memory;
    Chip* m_prompt;
    QPushButton* m_send;
    State m_state = State::Ready;
    QString m_why;
    bool m_waiting = false, m_settingDraft = false;
};

} // namespace ui
