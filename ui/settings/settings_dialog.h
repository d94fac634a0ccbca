#pragma once
#include <QDialog>
#include <QList>

class QAction;
class QLabel;
class QListWidget;
class QPushButton;
class QStackedWidget;
namespace app {
class ChatController;
struct Settings;
} // namespace app

namespace ui {

class ChatSettingsPage;
class ModelsPage;
class SettingsPageWidget;

enum class SettingsPage { Models, GetModels, Sampling, Chat, Memory, Appearance, Shortcuts };

/// The settings. Models are switched at once (with their own cost, progress and cancel); everything else is
/// applied by Save, which says first what has to be read again. Main thread only; the controller must outlive
/// it.
class SettingsDialog : public QDialog {
    Q_OBJECT
public:
    SettingsDialog(app::ChatController& controller, const QList<QAction*>& actions,
                   QWidget* parent = nullptr);

    void showPage(SettingsPage page);
    SettingsPageWidget* page(SettingsPage page) const;
    void accept() override; // Save

private:
    app::Settings edited() const;
    void showCost();
    bool isUnderstood() const;
    void addPage(const QString& name, SettingsPageWidget* page);

    app::ChatController& m_controller;
    QListWidget* m_menu;
    QStackedWidget* m_stack;
    QLabel* m_cost;
    QPushButton* m_save;
    ChatSettingsPage* m_chat;
};

} // namespace ui
