#pragma once
#include <QLineEdit>
#include <QWidget>

class QPushButton;
class QToolButton;

namespace ui {

class CacheMeter;

/// The chat's name: looks like text, is edited by clicking it. Enter keeps, Escape takes back.
class TitleEdit : public QLineEdit {
    Q_OBJECT
public:
    explicit TitleEdit(QWidget* parent = nullptr);
    void setTitle(const QString& title, bool canBeRenamed);
    QSize sizeHint() const override;

Q_SIGNALS:
    void renamed(const QString& title);
    void
    menuRequested(const QPoint& place); // on the screen; while the name is being written its own menu opens

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void finish();
    QString m_title;
};

/// The line above the transcript: list button (when the list is hidden), title, cache meter, Export,
/// Inspector, main menu. Where it is too narrow, Export and then Inspector give way: both are in the main menu.
class Header : public QWidget {
    Q_OBJECT
public:
    explicit Header(QWidget* parent = nullptr);

    TitleEdit* title() const { return m_title; }
    CacheMeter* meter() const { return m_meter; }
    QToolButton* listButton() const { return m_list; }
    QPushButton* exportButton() const { return m_export; }
    QPushButton* inspectorButton() const { return m_inspector; }
    QToolButton* menuButton() const { return m_menu; }
    void setHasInspector(bool has);

protected:
    void resizeEvent(QResizeEvent* event) override;
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void fit();

    QToolButton* m_list;
    TitleEdit* m_title;
    CacheMeter* m_meter;
    QPushButton* m_export;
    QPushButton* m_inspector;
    QToolButton* m_menu;
    bool m_hasInspector = true;
};

} // namespace ui
