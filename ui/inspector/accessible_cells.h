#pragma once
#include "ui/inspector/cell_view.h"

#include <QAccessibleWidget>

#include <unordered_map>

namespace ui {

/// Makes the painted views known to assistive technology: views of cells as tables, the others as a value
/// with a sentence. May be called more than once.
void installInspectorAccessibility();

/// A view of cells as a table of sentences. Cells get their interface when somebody asks for them. Main
/// thread; owned by QAccessible.
class AccessibleCells : public QAccessibleWidget, public QAccessibleTableInterface {
public:
    explicit AccessibleCells(CellView* view);
    ~AccessibleCells() override;

    void* interface_cast(QAccessible::InterfaceType type) override;
    QString text(QAccessible::Text which) const override;
    int childCount() const override;
    QAccessibleInterface* child(int index) const override;
    int indexOfChild(const QAccessibleInterface* child) const override;
    QAccessibleInterface* childAt(int x, int y) const override;
    QAccessibleInterface* focusChild() const override;

    // QAccessibleTableInterface
    QAccessibleInterface* caption() const override { return nullptr; }
    QAccessibleInterface* summary() const override { return nullptr; }
    QAccessibleInterface* cellAt(int row, int column) const override;
    int selectedCellCount() const override { return 0; }
    QList<QAccessibleInterface*> selectedCells() const override { return {}; }
    QString columnDescription(int column) const override { return m_view->columnName(column); }
    QString rowDescription(int row) const override { return m_view->rowName(row); }
    int selectedColumnCount() const override { return 0; }
    int selectedRowCount() const override { return 0; }
    int columnCount() const override { return m_view->columnCount(); }
    int rowCount() const override { return m_view->rowCount(); }
    QList<int> selectedColumns() const override { return {}; }
    QList<int> selectedRows() const override { return {}; }
    bool isColumnSelected(int) const override { return false; }
    bool isRowSelected(int) const override { return false; }
    bool selectRow(int) override { return false; }
    bool selectColumn(int) override { return false; }
    bool unselectRow(int) override { return false; }
    bool unselectColumn(int) override { return false; }
    void modelChange(QAccessibleTableModelChangeEvent*) override {}

    CellView* view() const { return m_view; }

private:
    CellView* m_view;
    mutable std::unordered_map<int, QAccessible::Id> m_cells; // by row * columns + column
    mutable int m_columnsOfCells = 0;
};

/// A curve or a glyph: one number of this moment and the sentence about it.
class AccessibleSeries : public QAccessibleWidget, public QAccessibleValueInterface {
public:
    explicit AccessibleSeries(PaintedView* view);

    void* interface_cast(QAccessible::InterfaceType type) override;
    QString text(QAccessible::Text which) const override;
    QVariant currentValue() const override;
    void setCurrentValue(const QVariant&) override {} // it only shows
    QVariant maximumValue() const override { return {}; }
    QVariant minimumValue() const override { return 0.0; }
    QVariant minimumStepSize() const override { return {}; }

private:
    PaintedView* m_view;
};

} // namespace ui
