#pragma once
#include "ui/inspector/inspector_state.h"

#include <QAbstractTableModel>

namespace ui {

/// V9: what was forgotten, newest first: when, how many tokens, from which to which, how old, and how much
/// attention they had received.
class EvictionModel : public QAbstractTableModel {
    Q_OBJECT
public:
    explicit EvictionModel(InspectorState& state, QObject* parent = nullptr);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    InspectorState& m_state;
    int m_rows = 0;
};

/// V12: every number of the moment as a table: the slots in view with their weights.
class NumbersModel : public QAbstractTableModel {
    Q_OBJECT
public:
    explicit NumbersModel(InspectorState& state, QObject* parent = nullptr);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    /// Takes the moment's numbers; the table stands still in between so that it can be read.
    void refresh();

private:
    InspectorState& m_state;
    app::InspectorSnapshot m_shot;
    std::vector<engine::StreamPosition> m_rows;
};

} // namespace ui
