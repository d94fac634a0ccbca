#include "ui/settings/offer_card.h"

#include "app/chat_controller.h"
#include "app/model_downloads.h"
#include "ui/settings/offer_words.h"
#include "ui/theme.h"

#include <QApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QStyle>
#include <QVBoxLayout>

namespace ui {

using Phase = app::DownloadState::Phase;

namespace {

constexpr int most = 1000; // of the bar

QLabel* makeLine(const QString& kind, QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setFont(Theme::current().label);
    label->setProperty("kind", kind);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    return label;
}

} // namespace

OfferCard::OfferCard(app::ChatController& controller, const app::ModelOffer& offer, QWidget* parent)
    : QFrame(parent), m_controller(controller), m_offer(offer),
      m_details(makeLine(QStringLiteral("hint"), this)), m_state(makeLine(QStringLiteral("hint"), this)),
      m_progress(new QProgressBar(this)), m_main(new QPushButton(this)),
      m_remove(new QPushButton(tr("Remove"), this)) {
    const Theme& theme = Theme::current();
    setProperty("kind", QStringLiteral("card"));
    setAccessibleName(offer.name);
    auto* name = new QLabel(offer.name, this);
    name->setFont(Theme::weighted(theme.list, QFont::Medium));
    name->setTextFormat(Qt::PlainText);
    name->setWordWrap(true);
    m_progress->setRange(0, most);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Progress of %1").arg(offer.name));
    for (QPushButton* button : {m_main, m_remove}) {
        button->setFont(Theme::weighted(theme.label, QFont::Medium));
        button->setAutoDefault(false);
    }
    m_remove->setAccessibleName(tr("Remove what was fetched of %1").arg(offer.name));
    auto* words = new QVBoxLayout;
    words->setSpacing(2);
    words->addWidget(name);
    if (!offer.about.isEmpty()) {
        auto* about = makeLine(QStringLiteral("hint"), this);
        about->setText(offer.about);
        words->addWidget(about);
    }
    words->addWidget(m_details);
    words->addWidget(m_state);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addLayout(words, 1);
    row->addWidget(m_remove, 0, Qt::AlignTop);
    row->addWidget(m_main, 0, Qt::AlignTop);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 10, 12, 10);
    layout->setSpacing(6);
    layout->addLayout(row);
    layout->addWidget(m_progress);
    connect(m_main, &QPushButton::clicked, this, &OfferCard::act);
    connect(
        m_remove, &QPushButton::clicked, this, [this] { m_controller.downloads().remove(m_offer.id); },
        Qt::QueuedConnection); // this card may go with it
    showState();
}

QString OfferCard::stateText() const {
    return m_state->isHidden() ? QString() : m_state->text();
}

bool OfferCard::isInUse(const QString& path) const {
    return QString::fromStdString(m_controller.modelState().info.path.string()) == path;
}

void OfferCard::act() {
    // The next deed stands where the last one stood: a double click must not do both.
    const bool isSecond =
        m_sinceClick.isValid() && m_sinceClick.elapsed() < QApplication::doubleClickInterval();
    m_sinceClick.start();
    if (isSecond)
        return;
    app::ModelDownloads& downloads = m_controller.downloads();
    switch (m_deed) {
    case Deed::None:
        break;
    case Deed::Get:
    case Deed::GoOn:
        downloads.start(m_offer);
        break;
    case Deed::Stop:
        downloads.pause(m_offer.id);
        break;
    case Deed::Use:
        m_controller.loadModel(downloads.state(m_offer).path);
        break;
    }
}

void OfferCard::showState() {
    const app::ModelDownloads& downloads = m_controller.downloads();
    const app::DownloadState state = downloads.state(m_offer);
    const app::ModelFit fit = downloads.fit(m_offer, m_controller.settings().cache);
    const QString problem = words::offerProblem(m_offer, fit);
    m_details->setText(words::offerDetails(m_offer, fit));
    m_progress->setVisible(state.isUnderWay() || state.phase == Phase::Paused);
    m_progress->setValue(state.total > 0 ? static_cast<int>(state.done * most / state.total) : 0);
    m_remove->setVisible((state.phase == Phase::Paused || state.phase == Phase::Failed) && state.done > 0);
    const QString hint = QStringLiteral("hint"), bad = QStringLiteral("problem");
    switch (state.phase) {
    case Phase::None:
        showSentence(problem, bad);
        showDeed(Deed::Get, tr("Get"));
        // Memory may be free again tomorrow; a full disk takes nothing today.
        m_main->setEnabled(m_offer.problem.isEmpty() && fit.diskFits());
        break;
    case Phase::Queued:
        showSentence(tr("Waits until another one is here."), hint);
        showDeed(Deed::Stop, tr("Cancel"));
        break;
    case Phase::Fetching:
        showSentence(state.problem.isEmpty() ? words::downloadProgress(state) : state.problem, hint);
        showDeed(Deed::Stop, tr("Cancel"));
        break;
    case Phase::Checking:
        showSentence(tr("Checking that it came whole…"), hint);
        showDeed(Deed::Stop, tr("Cancel"));
        break;
    case Phase::Paused:
        showSentence(tr("Stopped. %1 are here and kept.").arg(words::downloadProgress(state)), hint);
        showDeed(Deed::GoOn, tr("Go on"));
        break;
    case Phase::Failed:
        showSentence(state.done > 0 ? tr("%1 What is here is kept.").arg(state.problem) : state.problem, bad);
        showDeed(Deed::GoOn, tr("Try again"));
        break;
    case Phase::Here:
        showHere(state.path);
        break;
    }
}

void OfferCard::showHere(const QString& path) {
    const app::ModelState& model = m_controller.modelState();
    const QString hint = QStringLiteral("hint");
    if (isInUse(path)) {
        showSentence(tr("In use."), hint);
        showDeed(Deed::None, {});
        return;
    }
    const bool loading = model.phase == app::ModelState::Phase::Loading;
    if (loading)
        showSentence(tr("Loading %1… %2 %").arg(model.loadingName).arg(qRound(model.progress * 100)), hint);
    else
        showSentence(tr("It is here. This chat is kept when you switch."), hint);
    showDeed(Deed::Use, tr("Use it now"));
    m_main->setEnabled(!loading);
}

void OfferCard::showDeed(Deed deed, const QString& words) {
    const bool isPrimary = deed == Deed::Use || deed == Deed::GoOn;
    m_deed = deed;
    m_main->setVisible(deed != Deed::None);
    m_main->setEnabled(true);
    m_main->setText(words);
    m_main->setAccessibleName(tr("%1: %2", "what to do: name of a model").arg(words, m_offer.name));
    if (m_main->property("kind").toString() != (isPrimary ? QStringLiteral("primary") : QString())) {
        m_main->setProperty("kind", isPrimary ? QStringLiteral("primary") : QString());
        m_main->style()->unpolish(m_main); // the style sheet looks at "kind" when a widget is polished
        m_main->style()->polish(m_main);
    }
}

void OfferCard::showSentence(const QString& sentence, const QString& kind) {
    m_state->setVisible(!sentence.isEmpty());
    m_state->setText(sentence);
    setAccessibleDescription(m_details->text() + QStringLiteral(". ") + sentence);
    if (m_state->property("kind").toString() != kind) {
        m_state->setProperty("kind", kind);
        m_state->style()->unpolish(m_state);
        m_state->style()->polish(m_state);
    }
}

} // namespace ui
