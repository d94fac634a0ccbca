#pragma once
#include <functional>
#include <QFrame>

class QLabel;
class QPushButton;
class QVBoxLayout;

namespace ui {

/// One sentence, at most two actions, closable.
struct BannerText {
    enum class Tone { Note, Problem } tone = Tone::Note;
    QString key; // a banner replaces the one with the same key
    QString sentence;
    QString action;               // empty: none
    std::function<void()> run;    // the action was chosen
    std::function<void()> closed; // it was closed instead; may be empty
    bool stays = false;           // others give way to it
    QString second = {};          // another action; empty: none
    std::function<void()> runSecond = {};
};

/// The banners above the composer, newest last, at most three. Main thread only.
class BannerStack : public QWidget {
    Q_OBJECT
public:
    explicit BannerStack(QWidget* parent = nullptr);

    void show(const BannerText& banner);
    void dismiss(const QString& key);
    QString sentence(const QString& key) const; // empty: not shown
    int count() const;

private:
    QFrame* find(const QString& key) const;
    QFrame* firstToGo() const;
    QFrame* build(const BannerText& banner);
    void remove(QFrame* frame);

    QVBoxLayout* m_layout;
    QList<QFrame*> m_frames;
};

} // namespace ui
