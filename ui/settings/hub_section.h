#pragma once
#include "app/hugging_face.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QPushButton;
class QVBoxLayout;
namespace app {
class ChatController;
}

namespace ui {

/// Hugging Face, by the name of a repository or by search: a field, what was found, its files. Main thread only.
class HubSection : public QWidget {
    Q_OBJECT
public:
    HubSection(app::ChatController& controller, QWidget* parent);

    QLineEdit* field() const { return m_field; }
    QPushButton* lookButton() const { return m_look; }
    QString sentence() const;
    bool shows(const QString& id) const; // as a file of the repository that was looked at

Q_SIGNALS:
    void filesChanged();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void look();
    void showFound(const QList<app::HubRepository>& repositories);
    void showFiles(const QString& repository, const QList<app::ModelOffer>& files);
    void say(const QString& sentence, const QString& kind);
    void clear();

    app::ChatController& m_controller;
    QLineEdit* m_field;
    QPushButton* m_look;
    QLabel* m_sentence;
    QVBoxLayout* m_results;
};

} // namespace ui
