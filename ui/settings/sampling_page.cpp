#include "app/settings.h"
#include "ui/parts/choice_box.h"
#include "ui/parts/number_field.h"
#include "ui/settings/pages.h"
#include "ui/theme.h"

#include <QComboBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace ui {

namespace {

constexpr int mostSeed = 2'000'000'000;

NumberField* makeShare(QWidget* parent, double smallest, double largest, double step, double off) {
    auto* box = new NumberField(2, smallest, largest, parent);
    box->setSingleStep(step);
    box->setFixedWidth(Theme::current().px(160));
    if (off == smallest) // a field can name its smallest value only
        box->setSpecialValueText(SamplingPage::tr("Off"));
    return box;
}

NumberField* makeCount(QWidget* parent, int smallest, int largest, const QString& nameOfSmallest) {
    auto* box = new NumberField(0, smallest, largest, parent);
    box->setSpecialValueText(nameOfSmallest);
    box->setFixedWidth(Theme::current().px(160));
    return box;
}

/// Ready-made answers to "how lively?". The balanced one is what Sumidero starts with.
struct SamplingPreset {
    QString name;
    engine::SamplingOptions options;
};

QList<SamplingPreset> samplingPresets() {
    const auto with = [](float temperature, int topK, float topP, float minP) {
        engine::SamplingOptions options;
        options.temperature = temperature;
        options.topK = topK;
        options.topP = topP;
        options.minP = minP;
        return options;
    };
    return {{SamplingPage::tr("Precise"), with(0.2f, 20, 0.9f, 0.1f)},
            {SamplingPage::tr("Balanced"), {}},
            {SamplingPage::tr("Creative"), with(1.1f, 100, 0.98f, 0.02f)}};
}

// The stop words as lines of a text. A line break inside of one is written \n, a backslash \\.
QString asLines(const QStringList& words) {
    QStringList lines;
    for (QString word : words)
        lines += word.replace(u'\\', QStringLiteral("\\\\")).replace(u'\n', QStringLiteral("\\n"));
    return lines.join(u'\n');
}

QStringList fromLines(const QString& text) {
    QStringList words;
    for (const QString& line : text.split(u'\n', Qt::SkipEmptyParts)) {
        QString word;
        for (qsizetype i = 0; i < line.size(); ++i) {
            const QChar next = i + 1 < line.size() ? line.at(i + 1) : QChar();
            const bool escapes = line.at(i) == u'\\' && (next == u'\\' || next == u'n');
            word += !escapes ? line.at(i) : next == u'n' ? QChar(u'\n') : next;
            i += escapes ? 1 : 0;
        }
        words += word;
    }
    return words;
}

} // namespace

SamplingPage::SamplingPage(QWidget* parent)
    : SettingsPageWidget(tr("Answers"),
                         tr("How the next word is chosen. Nothing has to be read again for a change here."),
                         parent),
      m_preset(new ChoiceBox(this)), m_temperature(makeShare(this, 0, 2, 0.05, -1)),
      m_topK(makeCount(this, 0, 1000, tr("Off"))), m_topP(makeShare(this, 0.01, 1, 0.01, -1)),
      m_minP(makeShare(this, 0, 1, 0.01, 0)), m_penalty(makeShare(this, 1, 2, 0.05, 1)),
      m_penaltyWindow(makeCount(this, 1, 8192, {})),
      m_seed(makeCount(this, 0, mostSeed, tr("New each time"))),
      m_longest(makeCount(this, 0, 1000000, tr("No limit"))), m_stopWords(new QPlainTextEdit(this)) {
    for (const SamplingPreset& preset : samplingPresets())
        m_preset->addItem(preset.name);
    m_preset->addItem(tr("My own"));
    m_preset->setFixedWidth(Theme::current().px(160));
    addField(Place::Beside, tr("Preset"), m_preset, tr("Sets the values below; the seed stays."));
    connect(m_preset, &QComboBox::activated, this, &SamplingPage::takePreset);
    connect(this, &SettingsPageWidget::edited, this, &SamplingPage::showPreset);
    addField(Place::Beside, tr("Temperature"), m_temperature,
             tr("0 always takes the likeliest word; higher is livelier."));
    addField(Place::Beside, tr("Top k"), m_topK, tr("Only the k likeliest words are considered."));
    addField(Place::Beside, tr("Top p"), m_topP,
             tr("Only the likeliest words that together reach this share. 1 considers all."));
    addField(Place::Beside, tr("Min p"), m_minP,
             tr("Words less likely than this share of the likeliest are left out."));
    addField(Place::Beside, tr("Repetition penalty"), m_penalty,
             tr("Makes words that were just used less likely."));
    addField(Place::Beside, tr("Words the penalty looks at"), m_penaltyWindow,
             tr("Counted in tokens, the newest ones."));
    addField(
        Place::Beside, tr("Seed"), m_seed,
        tr("The same seed gives the same answer to the same chat, as long as the memory holds all of it."));
    m_longest->setSingleStep(100);
    addField(Place::Beside, tr("Longest answer"), m_longest,
             tr("In tokens. An answer that reaches it stops there and can be continued."));
    m_stopWords->setTabChangesFocus(true);
    m_stopWords->setFixedHeight(Theme::current().px(72));
    addField(Place::Below, tr("Stop words"), m_stopWords,
             tr("One a line. An answer ends in front of the first of them, which is not shown. \\n is a line "
                "break."));
    auto* defaults = new QPushButton(tr("Back to the defaults"), this);
    defaults->setFont(Theme::current().button);
    body()->addWidget(defaults, 0, Qt::AlignLeft);
    body()->addStretch(1);
    connect(defaults, &QPushButton::clicked, this, [this] {
        load({});
        Q_EMIT edited();
    });
    connect(m_stopWords, &QPlainTextEdit::textChanged, this, &SettingsPageWidget::edited);
}

void SamplingPage::takePreset(int preset) {
    if (preset >= samplingPresets().size())
        return;
    app::Settings settings;
    store(settings);
    const std::uint64_t seed = settings.sampling.seed;
    settings.sampling = samplingPresets().at(preset).options;
    settings.sampling.seed = seed;
    load(settings);
    Q_EMIT edited();
}

void SamplingPage::showPreset() {
    app::Settings shown;
    store(shown);
    shown.sampling.seed = 0;
    const QList<SamplingPreset> presets = samplingPresets();
    const auto same = std::find_if(presets.begin(), presets.end(), [&shown](const SamplingPreset& preset) {
        return preset.options == shown.sampling;
    });
    m_preset->setCurrentIndex(static_cast<int>(same - presets.begin())); // behind the last: my own
}

void SamplingPage::load(const app::Settings& settings) {
    const engine::SamplingOptions& sampling = settings.sampling;
    m_temperature->setValue(static_cast<double>(sampling.temperature));
    m_topK->setValue(sampling.topK);
    m_topP->setValue(static_cast<double>(sampling.topP));
    m_minP->setValue(static_cast<double>(sampling.minP));
    m_penalty->setValue(static_cast<double>(sampling.repetitionPenalty));
    m_penaltyWindow->setValue(sampling.repetitionWindow);
    m_seed->setValue(static_cast<double>(std::min<std::uint64_t>(sampling.seed, mostSeed)));
    m_longest->setValue(settings.longestAnswer);
    m_stopWords->setPlainText(asLines(settings.stopWords));
    showPreset();
}

void SamplingPage::store(app::Settings& settings) const {
    engine::SamplingOptions& sampling = settings.sampling;
    const auto keep = [](float& value, const NumberField* box) {
        // The box shows two decimals: what was not touched keeps its own.
        if (qAbs(static_cast<double>(value) - box->value()) > 0.005)
            value = static_cast<float>(box->value());
    };
    keep(sampling.temperature, m_temperature);
    keep(sampling.topP, m_topP);
    keep(sampling.minP, m_minP);
    keep(sampling.repetitionPenalty, m_penalty);
    sampling.topK = m_topK->whole();
    sampling.repetitionWindow = m_penaltyWindow->whole();
    if (sampling.seed <= mostSeed || m_seed->whole() != mostSeed)
        sampling.seed = static_cast<std::uint64_t>(m_seed->whole());
    settings.longestAnswer = m_longest->whole();
    settings.stopWords = fromLines(m_stopWords->toPlainText());
}

} // namespace ui
