// What the Inspector's pane does besides showing: lighting the chat's text, the footer, numbers, export and
// help.
#include "app/numbers.h"
#include "ui/inspector/inspector_export.h"
#include "ui/inspector/inspector_pane.h"
#include "ui/inspector/painted_view.h"
#include "ui/inspector/scope.h"
#include "ui/inspector/tables.h"

#include <QClipboard>
#include <QDialog>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QStackedWidget>
#include <QTableView>
#include <QTextBrowser>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace ui {

namespace {
constexpr float FaintestLit = 1e-3f; // weights below this light nothing
constexpr int MostLit = 24;          // tokens
} // namespace

void InspectorPane::refreshFooter() {
    const engine::CacheStatus& status = m_controller.engineStatus();
    QString text = tr("Layout only");
    if (status.captureLevel == engine::CaptureLevel::Record)
        text = tr("recording");
    else if (status.captureLevel < m_feed.wanted().level && status.captureCost >= 0)
        text = tr("lowered: it cost more than 3 % of speed");
    else if (status.captureCost >= 0)
        text = tr("costs %1 %")
                   .arg(app::numberLocale().toString(static_cast<double>(status.captureCost) * 100, 'f', 1));
    else if (m_feed.wanted().level > engine::CaptureLevel::Map)
        text = tr("measuring its cost …");
    if (m_feed.history().lostEvents() > 0)
        text += tr(" · %1 events lost").arg(number(static_cast<qint64>(m_feed.history().lostEvents())));
    m_cost->setText(text);
}

void InspectorPane::toggleGeneration() {
    m_generationPaused = !m_generationPaused;
    m_controller.engine().setPaused(m_generationPaused);
    say(m_generationPaused ? tr("Writing is paused; Shift+Space lets it go on.") : tr("Writing goes on."));
}

std::optional<Highlight> InspectorPane::textOf(const app::InspectedToken& token, float strength) const {
    const int row = token.source.messageId ? m_controller.transcript().rowOf(token.source.messageId) : -1;
    if (row < 0)
        return std::nullopt;
    const QByteArray text = m_controller.transcript().at(row).text.toUtf8();
    const auto units = [&text](int bytes) {
        return static_cast<int>(QString::fromUtf8(text.left(bytes)).size());
    };
    if (token.source.byteEnd <= token.source.byteBegin || token.source.byteEnd > text.size())
        return std::nullopt;
    return Highlight{{token.source.messageId, units(token.source.byteBegin)},
                     {token.source.messageId, units(token.source.byteEnd)},
                     strength};
}

QList<Highlight> InspectorPane::highlightsOf(const app::InspectorSnapshot& shot) const {
    QList<Highlight> lit;
    // Averaged over a few tokens while live, so that nothing flashes; sinks are never lit: they would
    // outshine everything.
    const std::vector<float> mass =
        scopedMass(shot, m_state->scope(), !m_state->paused(), m_state->aggregate());
    std::vector<std::pair<float, engine::StreamPosition>> heaviest;
    for (engine::StreamPosition position = shot.oldest; position <= shot.position && !mass.empty();
         ++position) {
        const int slot = shot.slotOf(position);
        if (slot >= 0 && mass[static_cast<std::size_t>(slot)] >= FaintestLit)
            heaviest.emplace_back(mass[static_cast<std::size_t>(slot)], position);
    }
    std::sort(heaviest.rbegin(), heaviest.rend());
    if (heaviest.size() > MostLit)
        heaviest.resize(MostLit);
    for (const auto& [weight, position] : heaviest) {
        const float strength = std::clamp((std::log10(weight) + 3.0f) / 3.0f, 0.05f, 1.0f);
        if (const auto text = textOf(shot.slots[static_cast<std::size_t>(shot.slotOf(position))], strength))
            lit.append(*text);
    }
    return lit;
}

void InspectorPane::updateHighlights() {
    if (!isVisible())
        return;
    QList<Highlight> lit;
    if (const engine::StreamPosition hovered = m_state->hovered(); hovered >= 0) {
        const int slot = m_state->shot().slotOf(hovered);
        if (slot >= 0) {
            if (const auto text = textOf(m_state->shot().slots[static_cast<std::size_t>(slot)], 1.0f))
                lit.append(*text);
        }
    } else {
        lit = highlightsOf(m_lookedAt >= 0 ? m_feed.at(m_lookedAt) : m_state->shot());
    }
    Q_EMIT highlightsChanged(lit);
}

void InspectorPane::lookAt(TextPlace place) {
    m_lookedAt = -1;
    const int row = place.message ? m_controller.transcript().rowOf(place.message) : -1;
    if (row >= 0 && isVisible()) {
        const auto byte = m_controller.transcript().at(row).text.left(place.offset).toUtf8().size();
        const app::InspectorHistory& history = m_feed.history();
        for (engine::StreamPosition position = history.next() - 1; position >= history.begin(); --position) {
            const app::InspectedToken* token = history.token(position);
            if (token && token->source.messageId == place.message && token->source.byteBegin <= byte &&
                byte < token->source.byteEnd) {
                m_lookedAt = position;
                break;
            }
        }
    }
    updateHighlights();
}

void InspectorPane::exportView() {
    const QString path = QFileDialog::getSaveFileName(
        this, tr("Export what is seen"), QStringLiteral("inspector.png"),
        tr("Picture (*.png);;Drawing (*.svg);;Numbers (*.csv);;Everything (*.json)"));
    if (path.isEmpty())
        return;
    const ExportContext context{m_controller.modelState().info, m_controller.settings(),
                                scopeName(m_state->shot(), m_state->scope(), m_state->aggregate())};
    const QString problem = exportInspector(path, *m_pages->currentWidget(), *m_state, context);
    m_cost->setText(problem.isEmpty() ? tr("Saved %1").arg(path) : problem);
}

void InspectorPane::showNumbers() {
    auto* dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Numbers of token %1").arg(number(m_state->shot().position)));
    dialog->resize(640, 480);
    auto* box = new QVBoxLayout(dialog);
    auto* model = new NumbersModel(*m_state, dialog);
    auto* table = new QTableView;
    table->setModel(model);
    table->setAccessibleName(tr("Slots, tokens and attention"));
    table->verticalHeader()->hide();
    table->horizontalHeader()->setSectionResizeMode(1, QHeaderView::Stretch);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    box->addWidget(table);
    auto* row = new QHBoxLayout;
    auto* refresh = new QPushButton(tr("Refresh"));
    connect(refresh, &QPushButton::clicked, model, &NumbersModel::refresh);
    auto* copy = new QPushButton(tr("Copy as CSV"));
    connect(copy, &QPushButton::clicked, dialog,
            [this] { QGuiApplication::clipboard()->setText(QString::fromUtf8(inspectorCsv(*m_state))); });
    row->addStretch();
    row->addWidget(refresh);
    row->addWidget(copy);
    box->addLayout(row);
    dialog->show();
}

void InspectorPane::showHelp() {
    auto* dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("The Inspector, explained"));
    dialog->resize(640, 640);
    auto* box = new QVBoxLayout(dialog);
    auto* text = new QTextBrowser;
    text->setOpenLinks(false);
    QString problem;
    text->setMarkdown(app::readTextFile(QStringLiteral(":/help/inspector.md"), &problem));
    text->setAccessibleName(tr("Help"));
    box->addWidget(text);
    dialog->show();
}

} // namespace ui
