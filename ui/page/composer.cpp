#include "ui/page/composer.h"

#include "ui/theme.h"

#include <QPainter>
#include <QVBoxLayout>

namespace ui {

Composer::Composer(QWidget* parent)
    : QFrame(parent), m_edit(new GrowingTextEdit(this)), m_foot(new ComposerFoot(this)),
      m_memory(m_foot->addChip(tr("Memory"), tr("How the model remembers. Opens the settings."))),
      m_prompt(m_foot->addChip(tr("System prompt"),
                               tr("What the model is told about itself. Opens the settings."))),
      m_send(m_foot->sendButton()) {
    m_edit->setAccessibleName(tr("Message"));
    m_edit->setPlaceholderText(tr("Message, or Shift+Enter for a new line"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(13, 12, 13, 9);
    layout->setSpacing(8);
    layout->addWidget(m_edit);
    layout->addWidget(m_foot);
    setFocusProxy(m_edit);
    setTabOrder(m_edit, m_send);
    setTabOrder(m_send, m_memory);
    setTabOrder(m_memory, m_prompt);

    connect(m_edit, &GrowingTextEdit::submitted, this, &Composer::submit);
    connect(m_edit, &GrowingTextEdit::escaped, this, &Composer::escape);
    connect(m_edit, &QPlainTextEdit::textChanged, this, [this] {
        if (m_waiting)
            setWaiting(false); // what is being changed must not go out by itself
        refresh();
        if (!m_settingDraft)
            Q_EMIT draftChanged();
    });
    connect(m_send, &QPushButton::clicked, this, [this] {
        if (m_state == State::Answering)
            Q_EMIT stopRequested();
        else
            submit();
    });
    refresh();
}

QString Composer::text() const {
    return m_edit->text();
}

QString Composer::draft() const {
    return pasted::toDraft(m_edit->parts());
}

void Composer::setDraft(const QString& draft) {
    m_settingDraft = true;
    m_waiting = false;
    m_edit->setParts(pasted::fromDraft(draft));
    m_settingDraft = false;
    refresh();
}

void Composer::setState(State state, const QString& why) {
    m_state = state;
    m_why = why;
    if (state == State::Blocked)
        m_waiting = false;
    refresh();
}

void Composer::sendWhatWaits() {
    if (m_state != State::Ready || !m_waiting)
        return;
    m_waiting = false;
    submit();
}

void Composer::submit() {
    if (m_edit->isBlank() || m_state == State::Blocked)
        return;
    if (m_state != State::Ready) {
        setWaiting(true);
        return;
    }
    refresh();
    Q_EMIT sendRequested(text());
}

void Composer::escape() {
    if (m_waiting)
        setWaiting(false);
    else if (m_state == State::Answering)
        Q_EMIT stopRequested();
    else
        Q_EMIT cancelRequested();
}

void Composer::setWaiting(bool waiting) {
    m_waiting = waiting;
    refresh();
}

void Composer::refresh() {
    const bool answering = m_state == State::Answering;
    m_send->setText(answering ? tr("Stop") : tr("Send"));
    m_send->setAccessibleName(m_send->text());
    m_send->setToolTip(answering ? tr("Stop the answer (Esc)") : tr("Send (Enter)"));
    m_send->setEnabled(answering || (m_state != State::Blocked && !m_edit->isBlank()));
    m_foot->setHint(!m_waiting        ? (m_state == State::Blocked ? m_why : QString())
                    : answering       ? tr("Goes out when the answer is finished")
                    : m_why.isEmpty() ? tr("Goes out when the model is ready")
                                      : m_why);
}

void Composer::setMemory(const QString& words) {
    m_foot->setWords(m_memory, words);
}

void Composer::setPrompt(const QString& words) {
    m_foot->setWords(m_prompt, words);
}

void Composer::mousePressEvent(QMouseEvent*) {
    m_edit->setFocus(Qt::MouseFocusReason);
}

void Composer::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(m_edit->hasFocus() ? theme.outline : theme.line, 1));
    painter.setBrush(theme.raised);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), metrics::radiusBubble,
                            metrics::radiusBubble);
}

} // namespace ui
