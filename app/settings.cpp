#include "app/settings.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>
#include <utility>

using namespace Qt::StringLiterals;

// The stored form of the settings: one text per key. What is read back comes from a file that anybody may
// have edited or a newer program written: each value is checked by itself, and a bad one leaves the default.
namespace app {

namespace {

template <class Enum>
using Names = std::initializer_list<std::pair<Enum, QLatin1StringView>>;

// CacheMode::Recompute is for the command line alone: an answer would take minutes.
constexpr Names<engine::CacheMode> kModes{{engine::CacheMode::Dense, "dense"_L1},
                                          {engine::CacheMode::Window, "window"_L1},
                                          {engine::CacheMode::Streaming, "streaming"_L1}};
constexpr Names<kernels::KvType> kRings{
    {kernels::KvType::F32, "f32"_L1}, {kernels::KvType::F16, "f16"_L1}, {kernels::KvType::Q8_0, "q8_0"_L1}};
constexpr Names<Theme> kThemes{
    {Theme::System, "system"_L1}, {Theme::Light, "light"_L1}, {Theme::Dark, "dark"_L1}};
constexpr Names<bool> kSwitch{{false, "off"_L1}, {true, "on"_L1}};

/// Reads: a value changes only when the text is a good one for it.
class Reader {
public:
    explicit Reader(const QMap<QString, QString>& map) : m_map(map) {}

    void text(QLatin1StringView key, QString& value) const {
        if (m_map.contains(key))
            value = m_map.value(key);
    }
    template <class Number>
    void number(QLatin1StringView key, Number& value, Number least, Number most) const {
        bool good = false;
        const QString text = m_map.value(key);
        Number read{};
        if constexpr (std::is_floating_point_v<Number>)
            read = text.toFloat(&good);
        else if constexpr (std::is_unsigned_v<Number>)
            read = text.toULongLong(&good);
        else
            read = text.toInt(&good);
        if (good && read >= least && read <= most) // false for NaN
            value = read;
    }
    template <class Enum>
    void name(QLatin1StringView key, Enum& value, Names<Enum> names) const {
        for (const auto& [candidate, text] : names) {
            if (m_map.contains(key) && m_map.value(key) == text)
                value = candidate;
        }
    }
    void list(QLatin1StringView key, QStringList& value) const {
        const QJsonDocument json = QJsonDocument::fromJson(m_map.value(key).toUtf8());
        if (!json.isArray())
            return;
        value.clear();
        for (const QJsonValue& item : json.array()) {
            if (item.isString() && !item.toString().isEmpty())
                value.append(item.toString());
        }
    }

private:
    const QMap<QString, QString>& m_map;
};

/// Writes, under the same names.
class Writer {
public:
    void text(QLatin1StringView key, const QString& value) { map.insert(key, value); }
    template <class Number>
    void number(QLatin1StringView key, Number value, Number, Number) {
        if constexpr (std::is_floating_point_v<Number>)
            map.insert(key, QString::number(value, 'g', std::numeric_limits<Number>::max_digits10));
        else
            map.insert(key, QString::number(value));
    }
    template <class Enum>
    void name(QLatin1StringView key, Enum value, Names<Enum> names) {
        for (const auto& [candidate, text] : names) {
            if (candidate == value)
                map.insert(key, text);
        }
    }
    void list(QLatin1StringView key, const QStringList& value) {
        map.insert(key, QString::fromUtf8(
                            QJsonDocument(QJsonArray::fromStringList(value)).toJson(QJsonDocument::Compact)));
    }

    QMap<QString, QString> map;
};

/// The keys, and what is sensible: one list for both ways.
template <class Visitor, class AnySettings>
void visit(Visitor& visitor, AnySettings& settings) {
    constexpr int kMostTokens = 1 << 24;
    visitor.text("model.path"_L1, settings.modelPath);
    visitor.list("model.folders"_L1, settings.modelFolders);
    visitor.text("model.chat_format"_L1, settings.chatFormat);
    visitor.number("model.threads"_L1, settings.threads, 0, 1024);
    visitor.text("model.device"_L1, settings.device);
    visitor.name("cache.mode"_L1, settings.cache.mode, kModes);
    visitor.number("cache.sinks"_L1, settings.cache.sinks, 0, kMostTokens);
    visitor.number("cache.window"_L1, settings.cache.window, 0, kMostTokens);
    visitor.name("cache.ring"_L1, settings.cache.ringType, kRings);
    visitor.number("sampling.temperature"_L1, settings.sampling.temperature, 0.0f, 10.0f);
    visitor.number("sampling.top_k"_L1, settings.sampling.topK, 0, kMostTokens);
    visitor.number("sampling.top_p"_L1, settings.sampling.topP, 0.0f, 1.0f);
    visitor.number("sampling.min_p"_L1, settings.sampling.minP, 0.0f, 1.0f);
    visitor.number("sampling.repetition_penalty"_L1, settings.sampling.repetitionPenalty, 0.1f, 10.0f);
    visitor.number("sampling.repetition_window"_L1, settings.sampling.repetitionWindow, 0, kMostTokens);
    visitor.number("sampling.seed"_L1, settings.sampling.seed, std::uint64_t(0),
                   std::numeric_limits<std::uint64_t>::max());
    visitor.number("answer.longest"_L1, settings.longestAnswer, 0, kMostTokens);
    visitor.list("answer.stop_words"_L1, settings.stopWords);
    visitor.text("chat.system_prompt"_L1, settings.systemPrompt);
    visitor.name("look.theme"_L1, settings.theme, kThemes);
    visitor.number("look.text_size"_L1, settings.textSize, textSizes().first(), textSizes().last());
    visitor.text("look.language"_L1, settings.language);
    visitor.name("inspector.visible"_L1, settings.inspectorVisible, kSwitch);
    visitor.name("model.offer_answered"_L1, settings.offerAnswered, kSwitch);
    visitor.text("export.folder"_L1, settings.exportFolder);
}

} // namespace

Settings Settings::fromMap(const QMap<QString, QString>& map) {
    Settings settings;
    Reader reader(map);
    visit(reader, settings);
    return settings;
}

const QList<int>& textSizes() {
    static const QList<int> sizes{80, 90, 100, 110, 125, 140, 160};
    return sizes;
}

int nextTextSize(int size, int step) {
    const QList<int>& sizes = textSizes();
    const auto at = std::lower_bound(sizes.begin(), sizes.end(), size);
    const bool between = at == sizes.end() || *at != size; // from another version
    const qsizetype next = at - sizes.begin() + step + (between && step > 0 ? -1 : 0);
    return sizes.at(std::clamp<qsizetype>(next, 0, sizes.size() - 1));
}

int mostThreads() {
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

QMap<QString, QString> Settings::toMap() const {
    Writer writer;
    visit(writer, *this);
    return writer.map;
}

} // namespace app
