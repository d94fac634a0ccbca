#pragma once
#include <functional>
#include <QListView>

namespace ui {

/// A list that moves only when it is told to: by the wheel, the scroll bar, keys or reveal(). A click never
/// scrolls it, and when its rows are replaced the row under the pointer (else the first in sight) stays where it
/// is and the current row stays the same one, whatever its new number. What is chosen is what was pressed.
/// Rows are known by `keyRole`, which has to differ from row to row. Main thread only.
class SteadyList : public QListView {
    Q_OBJECT
public:
    explicit SteadyList(int keyRole, QWidget* parent = nullptr);

    void setModel(QAbstractItemModel* model) override;
    /// Replaces the rows now, or when the button is up again and no name is being written. Of several that wait
    /// only the last one runs.
    void replaceRows(std::function<void()> replace);
    /// Brings a row into sight, once the list is on the screen.
    void reveal(const QModelIndex& index);
    QModelIndex indexOfKey(const QVariant& key) const;

Q_SIGNALS:
    void clickedOn(const QModelIndex& index); // left button: pressed and released on the same row

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void closeEditor(QWidget* editor, QAbstractItemDelegate::EndEditHint hint) override;

private:
    struct Place {
        QVariant key;
        int top = 0; // in the viewport
    };
    void remember();
    void restore();
    void goOn();
    bool isHeld() const { return m_down || state() == EditingState; }

    const int m_keyRole;
    std::function<void()> m_waiting;
    QList<Place> m_places; // best anchor first
    QVariant m_currentKey, m_pressedKey, m_revealKey;
    int m_scrolled = 0;
    bool m_down = false;
};

} // namespace ui
