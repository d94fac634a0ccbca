#pragma once
#include "app/chat_controller.h"
#include "app/compare_presets.h"
#include "ui/inspector/inspector_state.h"
#include "ui/inspector/view_heading.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;

namespace ui {

class ComparePlot;
class NumberField;
class WindowGrid;

/// V1, V2 with lens and ring, V8 and a small V3: what is in the cache now.
class CacheTab : public QWidget {
    Q_OBJECT
public:
    explicit CacheTab(InspectorState& state, QWidget* parent = nullptr);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void refresh();
    void fitGrid();
    InspectorState& m_state;
    ViewHeading *m_sinks, *m_window, *m_place, *m_heads;
    WindowGrid* m_grid;
    QWidget* m_legend;
    QLabel* m_nextOut;
};

/// V3 large and V10: which heads look where.
class HeadsTab : public QWidget {
    Q_OBJECT
public:
    explicit HeadsTab(InspectorState& state, QWidget* parent = nullptr);

private:
    void refresh();
    InspectorState& m_state;
    ViewHeading *m_map, *m_mass;
    QLabel *m_scope, *m_types, *m_baseline;
};

/// V5 with the exact numbers in words, the pins, V9.
class TokenTab : public QWidget {
    Q_OBJECT
public:
    explicit TokenTab(InspectorState& state, QWidget* parent = nullptr);

private:
    void refresh();
    QString pinWords() const;
    InspectorState& m_state;
    QLabel *m_title, *m_place, *m_shares, *m_top, *m_pins;
};

/// V11: reads a text in several modes beside the chat. Each experiment is one click.
class CompareTab : public QWidget {
    Q_OBJECT
public:
    CompareTab(app::ChatController& controller, app::CompareRunner& runner, QWidget* parent = nullptr);

private:
    QWidget* makeText();
    QWidget* makePresets();
    void fillTexts();
    void textChosen();
    void press(int preset); // starts it, or cancels the one that runs
    void run(int preset, const QString& text);
    void refresh();
    QString caption() const;

    app::ChatController& m_controller;
    app::CompareRunner& m_runner;
    const QList<app::ComparePreset> m_presets;
    ComparePlot* m_plot;
    QComboBox* m_text;
    NumberField* m_capacity;
    QCheckBox* m_recompute;
    QList<QPushButton*> m_buttons; // one a preset
    QPushButton* m_cancel;
    QLabel *m_progress, *m_caption;
    int m_preset = -1;  // the one on the picture
    QString m_filePath; // of the person's own file
    QString m_problem;  // why nothing could be started
};

} // namespace ui
