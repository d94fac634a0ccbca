#pragma once
#include <QPushButton>

class QLabel;

namespace ui {

/// A small button whose words are cut at their end where they do not fit; then they stand in its tool tip. Main thread only.
class Chip : public QPushButton {
    Q_OBJECT
public:
    Chip(const QString& name, const QString& help, QWidget* parent);
    QSize minimumSizeHint() const override; // enough to know the words by their beginning
    bool isCut() const;
    void refreshToolTip();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_help;
};

/// The line under the message field: chips, a hint, and the button that sends. The button is always whole. Of the rest of the room the hint
/// takes what it needs, because it says what is being waited for; then the chips, from the first to the last. What has less room than it
/// needs is cut at its end; a chip without room for the beginning of its words is hidden. Main thread only.
class ComposerFoot : public QWidget {
    Q_OBJECT
public:
    explicit ComposerFoot(QWidget* parent = nullptr);

    Chip* addChip(const QString& name, const QString& help);
    QPushButton* sendButton() const { return m_send; }
    void setWords(Chip* chip, const QString& words);
    void setHint(const QString& words);
    /// After the words of the button have changed.
    void arrange();

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    bool event(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    int placeAtStart(QWidget* widget, int x, int width);

    QList<Chip*> m_chips;
    QLabel* m_hint;
    QString m_hintWords;
    QPushButton* m_send;
};

} // namespace ui
