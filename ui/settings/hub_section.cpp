#include "ui/settings/hub_section.h"

#include "app/chat_controller.h"
#include "app/model_downloads.h"
#include "ui/parts/words.h"
#include "ui/settings/offer_card.h"
#include "ui/theme.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QStyle>
#include <QVBoxLayout>

namespace ui {

namespace {
const QString hint = QStringLiteral("hint"), problem = QStringLiteral("problem");
}

HubSection::HubSection(app::ChatController& controller, QWidget* parent)
    : QWidget(parent), m_controller(controller), m_field(new QLineEdit(this)),
      m_look(new QPushButton(tr("Look"), this)), m_sentence(new QLabel(this)), m_results(new QVBoxLayout) {
    const Theme& theme = Theme::current();
    auto* title = new QLabel(tr("From Hugging Face"), this);
    title->setFont(Theme::weighted(theme.list, QFont::DemiBold));
    title->setBuddy(m_field);
    m_field->setFont(theme.list);
    m_field->setPlaceholderText(tr("owner/name, an address, or words to search for"));
    m_field->setAccessibleName(tr("Repository at Hugging Face, or words to search for"));
    m_field->setClearButtonEnabled(true);
    m_field->installEventFilter(this);
    m_look->setFont(Theme::weighted(theme.label, QFont::Medium));
    m_look->setAccessibleName(tr("Look at Hugging Face"));
    m_look->setAutoDefault(false);
    m_look->setEnabled(false);
    m_sentence->setFont(theme.label);
    m_sentence->setTextFormat(Qt::PlainText);
    m_sentence->setWordWrap(true);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(m_field, 1);
    row->addWidget(m_look);
    m_results->setSpacing(8);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    layout->addWidget(title);
    layout->addLayout(row);
    layout->addWidget(m_sentence);
    layout->addLayout(m_results);
    app::HuggingFace& hub = controller.downloads().huggingFace();
    connect(m_field, &QLineEdit::textChanged, this,
            [this](const QString& text) { m_look->setEnabled(!text.trimmed().isEmpty()); });
    connect(m_look, &QPushButton::clicked, this, &HubSection::look);
    connect(&hub, &app::HuggingFace::found, this, &HubSection::showFound);
    connect(&hub, &app::HuggingFace::listed, this, &HubSection::showFiles);
    connect(&hub, &app::HuggingFace::failed, this, [this](const QString& sentence) {
        clear();
        say(sentence, problem);
    });
    say(tr("Nothing is asked there before you press Look."), hint);
}

/// Return looks; it must not press the dialog's own button.
bool HubSection::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_field && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Return || key == Qt::Key_Enter) {
            look();
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

QString HubSection::sentence() const {
    return m_sentence->text();
}

void HubSection::say(const QString& sentence, const QString& kind) {
    m_sentence->setVisible(!sentence.isEmpty());
    m_sentence->setText(sentence);
    m_sentence->setProperty("kind", kind);
    m_sentence->style()->unpolish(m_sentence); // the style sheet looks at "kind" when a widget is polished
    m_sentence->style()->polish(m_sentence);
}

void HubSection::clear() {
    while (QLayoutItem* item = m_results->takeAt(0)) {
        item->widget()->hide();
        item->widget()->deleteLater(); // it may be what was clicked
        delete item;
    }
}

bool HubSection::shows(const QString& id) const {
    for (int at = 0; at < m_results->count(); ++at) {
        const auto* card = qobject_cast<const OfferCard*>(m_results->itemAt(at)->widget());
        if (card && card->offer().id == id)
            return true;
    }
    return false;
}

void HubSection::look() {
    if (m_field->text().trimmed().isEmpty())
        return;
    clear();
    Q_EMIT filesChanged();
    say(tr("Asking %1…").arg(app::HuggingFace::host()), hint);
    m_controller.downloads().huggingFace().look(m_field->text());
}

void HubSection::showFound(const QList<app::HubRepository>& repositories) {
    clear();
    say(repositories.isEmpty() ? tr("Nothing was found for these words.")
                               : tr("Choose one to see its files:"),
        hint);
    for (const app::HubRepository& repository : repositories) {
        auto* button = new QPushButton(this);
        button->setProperty("kind", QStringLiteral("link"));
        button->setFont(Theme::current().list);
        button->setAutoDefault(false);
        const QString times =
            tr("fetched %1 times", "downloads of a model").arg(words::number(repository.downloads));
        button->setText(repository.name + QStringLiteral(" · ") +
                        (repository.isGated ? tr("asks for a sign-in") : times));
        button->setAccessibleName(button->text());
        connect(button, &QPushButton::clicked, this, [this, name = repository.name] {
            m_field->setText(name);
            look();
        });
        auto* line = new QWidget(this);
        auto* layout = new QHBoxLayout(line);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->addWidget(button);
        layout->addStretch(1);
        m_results->addWidget(line);
    }
}

void HubSection::showFiles(const QString& repository, const QList<app::ModelOffer>& files) {
    clear();
    say(files.isEmpty() ? tr("%1 has no GGUF files.").arg(repository) : tr("Files of %1:").arg(repository),
        hint);
    for (const app::ModelOffer& offer : files)
        m_results->addWidget(new OfferCard(m_controller, offer, this));
    Q_EMIT filesChanged();
}

} // namespace ui
