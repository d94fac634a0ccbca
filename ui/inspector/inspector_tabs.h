#pragma once
#include "app/chat_controller.h"
#include "app/compare_runner.h"
#include "ui/inspector/inspector_state.h"

#include <QWidget>

class QComboBox;
class QLabel;

namespace ui {

class ComparePlot;
class HeadMap;
class HeadScatter;
class WindowGrid;

/// Small heading of a view: a coloured mark and a name on the left, a value on the right.
class ViewHeading : public QWidget {
    Q_OBJECT
public:
    enum class Mark { None, Sink, Window };
    ViewHeading(Mark mark, const QString& name, QWidget* parent = nullptr);
    void setValue(const QString& strong, const QString& plain);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Mark m_mark;
    QString m_name, m_strong, m_plain;
};

/// V1, V2, V8 and a small V3: what is in the cache now.
class CacheTab : public QWidget {
    Q_OBJECT
public:
    explicit CacheTab(InspectorState& state, QWidget* parent = nullptr);

private:
    void refresh();
    InspectorState& m_state;
    ViewHeading *m_sinks, *m_window, *m_heads;
    WindowGrid* m_grid;
    QLabel *m_nextOut, *m_lens, *m_position, *m_live;
};

/// V3 large and V10: which heads look where.
class HeadsTab : public QWidget {
    Q_OBJECT
public:
    explicit HeadsTab(InspectorState& state, QWidget* parent = nullptr);

private:
    void refresh();
    InspectorState& m_state;
    QComboBox* m_value;
    QLabel *m_scope, *m_types, *m_baseline;
};

/// V5 with the exact numbers in words, V9, V12.
class TokenTab : public QWidget {
    Q_OBJECT
public:
    explicit TokenTab(InspectorState& state, QWidget* parent = nullptr);

private:
    void refresh();
    InspectorState& m_state;
    QLabel *m_title, *m_shares, *m_top;
};

/// V11 with the presets: reads a text in several modes beside the chat.
class CompareTab : public QWidget {
    Q_OBJECT
public:
    CompareTab(app::ChatController& controller, app::CompareRunner& runner, QWidget* parent = nullptr);

private:
    void refresh();
    void run();
    QString chosenText(QString* problem) const;

    app::ChatController& m_controller;
    app::CompareRunner& m_runner;
    ComparePlot* m_plot;
    QComboBox *m_text, *m_preset;
    QWidget* m_capacity;
    QWidget* m_recompute;
    QWidget* m_start;
    QLabel *m_progress, *m_caption;
    QString m_filePath;
};

} // namespace ui
