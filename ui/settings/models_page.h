#pragma once
#include "app/model_library.h"
#include "ui/settings/settings_page.h"

#include <QAbstractListModel>

class QLabel;
class QProgressBar;
class QPushButton;
class QVBoxLayout;
namespace app {
class ChatController;
}

namespace ui {

class DeviceBox;
class NumberField;
class SteadyList;

/// The models that were found, usable ones first.
class ModelListModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { PathRole = Qt::UserRole, DetailsRole, ProblemRole, InUseRole };

    using QAbstractListModel::QAbstractListModel;

    void setModels(const QList<app::ModelEntry>& models, const QString& pathInUse);
    QModelIndex indexOf(const QString& path) const;
    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    QList<app::ModelEntry> m_models;
    QString m_inUse;
};

/// Models on this computer; switching to another one with its cost, progress and cancel. All is done at once,
/// except for the device and the number of threads, which are saved with the other pages.
class ModelsPage : public SettingsPageWidget {
    Q_OBJECT
public:
    ModelsPage(app::ChatController& controller, QWidget* parent);

    void load(const app::Settings& settings) override;
    void store(app::Settings& settings) const override;
    SteadyList* list() const { return m_list; }
    QPushButton* useButton() const { return m_use; }
    void addFolder(const QString& folder);

Q_SIGNALS:
    void moreWanted(); // than there are on this computer

private:
    void showModels();
    void showState();
    void showFolders();
    void showDevice();
    void removeFolder(const QString& folder);
    void chooseFolder();
    void use();
    QString selectedPath() const;

    app::ChatController& m_controller;
    ModelListModel* m_models;
    SteadyList* m_list;
    QLabel* m_state;
    QProgressBar* m_progress;
    QPushButton* m_cancel;
    QPushButton* m_use;
    QVBoxLayout* m_folders;
    NumberField* m_threads;
    DeviceBox* m_device;
    QLabel* m_deviceState;
};

} // namespace ui
