#include "ui/inspector/accessible_cells.h"

#include <cmath>

namespace ui {

namespace {

/// One cell: its sentence, its place on the screen, and Enter.
class AccessibleCell : public QAccessibleInterface,
                       public QAccessibleTableCellInterface,
                       public QAccessibleActionInterface {
public:
    AccessibleCell(AccessibleCells* table, CellView::Cell cell) : m_table(table), m_cell(cell) {}

    bool isValid() const override { return m_table->view() && m_table->view()->hasCell(m_cell); }
    QObject* object() const override { return nullptr; }
    QAccessibleInterface* parent() const override { return m_table; }
    QAccessibleInterface* child(int) const override { return nullptr; }
    QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    int childCount() const override { return 0; }
    int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    QAccessible::Role role() const override { return QAccessible::Cell; }
    void setText(QAccessible::Text, const QString&) override {}

    QString text(QAccessible::Text which) const override {
        return which == QAccessible::Name ? m_table->view()->cellText(m_cell) : QString();
    }
    QAccessible::State state() const override {
        QAccessible::State state;
        state.focusable = state.readOnly = true;
        state.focused = m_table->view()->hasFocus() && m_table->view()->cursor() == m_cell;
        return state;
    }
    QRect rect() const override {
        const QRect box = m_table->view()->cellBox(m_cell).toAlignedRect();
        return {m_table->view()->mapToGlobal(box.topLeft()), box.size()};
    }
    void* interface_cast(QAccessible::InterfaceType type) override {
        if (type == QAccessible::TableCellInterface)
            return static_cast<QAccessibleTableCellInterface*>(this);
        if (type == QAccessible::ActionInterface)
            return static_cast<QAccessibleActionInterface*>(this);
        return nullptr;
    }

    // QAccessibleTableCellInterface
    bool isSelected() const override { return false; }
    QList<QAccessibleInterface*> columnHeaderCells() const override { return {}; }
    QList<QAccessibleInterface*> rowHeaderCells() const override { return {}; }
    int columnIndex() const override { return m_cell.column; }
    int rowIndex() const override { return m_cell.row; }
    int columnExtent() const override { return 1; }
    int rowExtent() const override { return 1; }
    QAccessibleInterface* table() const override { return m_table; }

    // QAccessibleActionInterface
    QStringList actionNames() const override { return {pressAction()}; }
    void doAction(const QString& name) override {
        if (name == pressAction())
            m_table->view()->activate(m_cell);
    }
    QStringList keyBindingsForAction(const QString&) const override { return {QStringLiteral("Return")}; }

    CellView::Cell cell() const { return m_cell; }

private:
    AccessibleCells* m_table;
    CellView::Cell m_cell;
};

QAccessibleInterface* create(const QString&, QObject* object) {
    if (auto* cells = qobject_cast<CellView*>(object))
        return new AccessibleCells(cells);
    if (auto* view = qobject_cast<PaintedView*>(object))
        return new AccessibleSeries(view);
    return nullptr;
}

} // namespace

void installInspectorAccessibility() {
    static const bool installed = [] {
        QAccessible::installFactory(create);
        return true;
    }();
    Q_UNUSED(installed);
}

AccessibleCells::AccessibleCells(CellView* view)
    : QAccessibleWidget(view, QAccessible::Table), m_view(view) {}

AccessibleCells::~AccessibleCells() {
    for (const auto& [index, id] : m_cells)
        QAccessible::deleteAccessibleInterface(id);
}

void* AccessibleCells::interface_cast(QAccessible::InterfaceType type) {
    if (type == QAccessible::TableInterface)
        return static_cast<QAccessibleTableInterface*>(this);
    return QAccessibleWidget::interface_cast(type);
}

QString AccessibleCells::text(QAccessible::Text which) const {
    return which == QAccessible::Value ? m_view->summary() : QAccessibleWidget::text(which);
}

int AccessibleCells::childCount() const {
    return m_view->rowCount() * m_view->columnCount();
}

QAccessibleInterface* AccessibleCells::child(int index) const {
    const int columns = m_view->columnCount();
    return columns > 0 ? cellAt(index / columns, index % columns) : nullptr;
}

QAccessibleInterface* AccessibleCells::cellAt(int row, int column) const {
    const CellView::Cell cell{row, column};
    if (!m_view->hasCell(cell))
        return nullptr;
    const int columns = m_view->columnCount();
    if (columns != m_columnsOfCells) { // the grid has been laid out anew: the old numbers mean other cells
        for (const auto& [index, id] : m_cells)
            QAccessible::deleteAccessibleInterface(id);
        m_cells.clear();
        m_columnsOfCells = columns;
    }
    const int index = row * columns + column;
    const auto known = m_cells.find(index);
    if (known != m_cells.end())
        return QAccessible::accessibleInterface(known->second);
    auto* made = new AccessibleCell(const_cast<AccessibleCells*>(this), cell);
    m_cells[index] = QAccessible::registerAccessibleInterface(made);
    return made;
}

int AccessibleCells::indexOfChild(const QAccessibleInterface* child) const {
    const auto* cell = dynamic_cast<const AccessibleCell*>(child);
    if (!cell || cell->parent() != this)
        return -1;
    return cell->cell().row * m_view->columnCount() + cell->cell().column;
}

QAccessibleInterface* AccessibleCells::childAt(int x, int y) const {
    const CellView::Cell cell = m_view->cellUnder(m_view->mapFromGlobal(QPoint(x, y)));
    return cell.isValid() ? cellAt(cell.row, cell.column) : nullptr;
}

QAccessibleInterface* AccessibleCells::focusChild() const {
    const CellView::Cell cell = m_view->cursor();
    return m_view->hasFocus() && m_view->hasCell(cell) ? cellAt(cell.row, cell.column) : nullptr;
}

AccessibleSeries::AccessibleSeries(PaintedView* view)
    : QAccessibleWidget(view, QAccessible::Chart), m_view(view) {}

void* AccessibleSeries::interface_cast(QAccessible::InterfaceType type) {
    if (type == QAccessible::ValueInterface && !std::isnan(m_view->value()))
        return static_cast<QAccessibleValueInterface*>(this);
    return QAccessibleWidget::interface_cast(type);
}

QString AccessibleSeries::text(QAccessible::Text which) const {
    return which == QAccessible::Value ? m_view->summary() : QAccessibleWidget::text(which);
}

QVariant AccessibleSeries::currentValue() const {
    const double value = m_view->value();
    return std::isnan(value) ? QVariant() : QVariant(value);
}

} // namespace ui
