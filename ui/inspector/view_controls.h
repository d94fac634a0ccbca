#pragma once
#include "ui/inspector/inspector_state.h"

#include <QWidget>

class QComboBox;

namespace ui {

/// Which heads all views speak of, how several become one, and the scale of the colours. One line, shared by
/// the tabs. Follows the keys as the keys follow it. Main thread.
class ScopeBar : public QWidget {
    Q_OBJECT
public:
    explicit ScopeBar(InspectorState& state, QWidget* parent = nullptr);

private:
    void refresh();
    void fill(int layers, int heads);
    InspectorState& m_state;
    QComboBox *m_layer, *m_head, *m_aggregate, *m_scale;
    int m_layers = -1, m_heads = -1; // that the lists are made for
};

/// A small box of choices for the property of the state that `get` and `set` name.
QComboBox* makeGridModeBox(InspectorState& state);
QComboBox* makeOrderBox(InspectorState& state);
QComboBox* makeHeadValueBox(InspectorState& state);

} // namespace ui
