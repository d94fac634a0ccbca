#pragma once
#include "ui/settings/settings_page.h"

#include <QList>

class QAction;
class QCheckBox;
class QComboBox;
class QPlainTextEdit;
class QRadioButton;
namespace app {
class ChatController;
}

namespace ui {

class NumberField;

/// How the next word is chosen, and what ends an answer.
class SamplingPage : public SettingsPageWidget {
    Q_OBJECT
public:
    explicit SamplingPage(QWidget* parent);
    void load(const app::Settings& settings) override;
    void store(app::Settings& settings) const override;

private:
    void showPreset();
    void takePreset(int preset);
    QComboBox* m_preset;
    NumberField* m_temperature;
    NumberField* m_topK;
    NumberField* m_topP;
    NumberField* m_minP;
    NumberField* m_penalty;
    NumberField* m_penaltyWindow;
    NumberField* m_seed;
    NumberField* m_longest;
    QPlainTextEdit* m_stopWords;
};

/// What the model is told about itself, and in which format.
class ChatSettingsPage : public SettingsPageWidget {
    Q_OBJECT
public:
    ChatSettingsPage(app::ChatController& controller, QWidget* parent);
    void load(const app::Settings& settings) override;
    void store(app::Settings& settings) const override;
    bool systemPromptChanged() const;
    QString chatSystemPrompt() const;

private:
    app::ChatController& m_controller;
    QPlainTextEdit* m_thisChat;
    QPlainTextEdit* m_newChats;
    QComboBox* m_format;
};

/// How the past is kept.
class MemoryPage : public SettingsPageWidget {
    Q_OBJECT
public:
    explicit MemoryPage(QWidget* parent);
    void load(const app::Settings& settings) override;
    void store(app::Settings& settings) const override;

private:
    void enableFields();
    QComboBox* m_mode;
    NumberField* m_sinks;
    NumberField* m_window;
    QComboBox* m_precision;
};

/// Theme, size of text and language.
class AppearancePage : public SettingsPageWidget {
    Q_OBJECT
public:
    explicit AppearancePage(QWidget* parent);
    void load(const app::Settings& settings) override;
    void store(app::Settings& settings) const override;

private:
    QRadioButton* m_system;
    QRadioButton* m_light;
    QRadioButton* m_dark;
    QComboBox* m_textSize;
    QComboBox* m_language; // null where no translation is built in
};

/// Every key of the program; nothing to change.
class ShortcutsPage : public SettingsPageWidget {
    Q_OBJECT
public:
    ShortcutsPage(const QList<QAction*>& actions, QWidget* parent);
    void load(const app::Settings& settings) override;
    void store(app::Settings& settings) const override;
};

} // namespace ui
