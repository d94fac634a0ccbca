#pragma once
#include <QPointer>
#include <QWidget>

namespace ui {

/// The three panes beside each other. The left one has a fixed width, the right one can be dragged. In a
/// narrow window the right one lies over the middle, in a very narrow one so does the left, which then starts
/// closed. Main thread only; children of this widget.
class Panes : public QWidget {
    Q_OBJECT
public:
    Panes(QWidget* left, QWidget* middle, QWidget* parent = nullptr);

    void setRight(QWidget* right); // starts closed
    QWidget* right() const { return m_right; }
    void setRightOpen(bool open);
    bool isRightOpen() const { return m_rightOpen && m_right; }
    void setLeftOpen(bool open);
    bool isLeftOpen() const;
    bool isLeftWanted() const { return m_leftOpen; } // in a wide window
    void setLeftWanted(bool wanted);
    int rightWidth() const { return m_rightWidth; }
    void setRightWidth(int width); // kept within its bounds
    bool leftOverlays() const;
    bool rightOverlays() const;

Q_SIGNALS:
    /// A pane appeared, disappeared, or began to overlay.
    void arrangementChanged();

protected:
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void arrange();

    QWidget* m_left;
    QWidget* m_middle;
    QPointer<QWidget> m_right;
    QWidget* m_handle;
    int m_rightWidth;
    bool m_leftOpen = true;         // in a wide window
    bool m_leftOverlayOpen = false; // in a very narrow one
    bool m_rightOpen = false;
};

} // namespace ui
