#include "ui/inspector/inspector_export.h"

#include "app/safe_file.h"
#include "ui/inspector/painted_view.h"
#include "ui/theme.h"

#include <QBuffer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSvgGenerator>
#include <QWidget>

namespace ui {

namespace {

QString csvQuoted(QString text) {
    text.replace(QLatin1Char('\n'), QStringLiteral("\\n"));
    text.replace(QLatin1Char('"'), QStringLiteral("\"\""));
    return QLatin1Char('"') + text + QLatin1Char('"');
}

QString shortest(float value) {
    return QString::number(static_cast<double>(value), 'g', 9);
}

constexpr int CaptionHeight = 40;

void paintWithCaption(QPainter& painter, QWidget& view, const QString& caption) {
    const Theme& theme = Theme::current();
    painter.fillRect(QRect(0, 0, view.width(), view.height() + CaptionHeight), theme.background);
    view.render(&painter, QPoint(), QRegion(), QWidget::DrawChildren);
    painter.setFont(theme.label);
    painter.setPen(theme.text2);
    painter.drawText(QRect(16, view.height(), view.width() - 32, CaptionHeight),
                     Qt::AlignVCenter | Qt::TextWordWrap, caption);
}

} // namespace

QString exportCaption(const InspectorState& state, const ExportContext& context) {
    const auto& shot = state.shot();
    return QStringLiteral(
               "%1 %2 · token %3 · %4 sinks + %5 · seed %6 · %7 · share of attention after softmax")
        .arg(QString::fromStdString(context.model.name), QString::fromStdString(context.model.quantisation),
             number(shot.position))
        .arg(shot.sinkCount)
        .arg(shot.window)
        .arg(context.settings.sampling.seed)
        .arg(context.scope);
}

QByteArray inspectorCsv(const InspectorState& state) {
    const auto& shot = state.shot();
    QByteArray csv = "t,layer,head,slot,stream_pos,token,weight\n";
    const auto slots = static_cast<std::size_t>(shot.sinkSlots + shot.ringSlots);
    const auto row = [&](const QString& layer, const QString& head, engine::StreamPosition position,
                         float weight) {
        const int slot = shot.slotOf(position);
        const QString word = state.feed().tokenText(shot.slots[static_cast<std::size_t>(slot)].token);
        csv += QStringLiteral("%1,%2,%3,%4,%5,%6,%7\n")
                   .arg(shot.position)
                   .arg(layer, head)
                   .arg(slot)
                   .arg(position)
                   .arg(csvQuoted(word), shortest(weight))
                   .toUtf8();
    };
    const auto rows = [&](const QString& layer, const QString& head, const float* weights) {
        for (engine::StreamPosition sink = 0; sink < shot.sinkCount; ++sink)
            row(layer, head, sink, weights[sink]);
        for (engine::StreamPosition position = shot.oldest; position <= shot.position; ++position)
            row(layer, head, position, weights[shot.slotOf(position)]);
    };
    if (shot.slotMass.size() >= slots && slots > 0)
        rows(QStringLiteral("mean"), QStringLiteral("mean"), shot.slotMass.data());
    if (shot.rowLayer >= 0 && shot.rows.size() >= slots * static_cast<std::size_t>(shot.heads)) {
        for (int head = 0; head < shot.heads; ++head)
            rows(QString::number(shot.rowLayer), QString::number(head),
                 shot.rows.data() + static_cast<std::size_t>(head) * slots);
    }
    return csv;
}

QByteArray inspectorJson(const InspectorState& state, const ExportContext& context) {
    const auto& shot = state.shot();
    QJsonArray tokens;
    const auto add = [&](engine::StreamPosition position) {
        const auto slot = static_cast<std::size_t>(shot.slotOf(position));
        QJsonObject entry{{QStringLiteral("slot"), static_cast<qint64>(slot)},
                          {QStringLiteral("stream_pos"), static_cast<qint64>(position)},
                          {QStringLiteral("token"), shot.slots[slot].token},
                          {QStringLiteral("text"), state.feed().tokenText(shot.slots[slot].token)}};
        if (slot < shot.slotMass.size())
            entry.insert(QStringLiteral("weight"), static_cast<double>(shot.slotMass[slot]));
        tokens.append(entry);
    };
    for (engine::StreamPosition sink = 0; sink < shot.sinkCount; ++sink)
        add(sink);
    for (engine::StreamPosition position = shot.oldest; shot.hasLayout && position <= shot.position;
         ++position)
        add(position);
    QJsonArray heads;
    for (int layer = 0; layer < shot.layers; ++layer) {
        for (int head = 0; head < shot.heads; ++head) {
            const auto& stats = shot.headStats[static_cast<std::size_t>(layer * shot.heads + head)];
            heads.append(
                QJsonObject{{QStringLiteral("layer"), layer},
                            {QStringLiteral("head"), head},
                            {QStringLiteral("slot0"), static_cast<double>(stats.slot0)},
                            {QStringLiteral("sinks"), static_cast<double>(stats.sinks)},
                            {QStringLiteral("recent64"), static_cast<double>(stats.recent)},
                            {QStringLiteral("effective_keys"), static_cast<double>(stats.effectiveKeys)}});
        }
    }
    const QJsonObject root{
        {QStringLiteral("schema"), 1},
        {QStringLiteral("model"), QString::fromStdString(context.model.name)},
        {QStringLiteral("quantisation"), QString::fromStdString(context.model.quantisation)},
        {QStringLiteral("seed"), QString::number(context.settings.sampling.seed)},
        {QStringLiteral("position"), static_cast<qint64>(shot.position)},
        {QStringLiteral("position_told"), static_cast<qint64>(shot.sinkPosition)},
        {QStringLiteral("sinks"), shot.sinkCount},
        {QStringLiteral("window"), shot.window},
        {QStringLiteral("units"),
         QStringLiteral("share of attention after softmax, mean over layers and heads")},
        {QStringLiteral("quantised"),
         shot.quantised ? QJsonValue(QStringLiteral("u8log")) : QJsonValue(false)},
        {QStringLiteral("tokens"), tokens},
        {QStringLiteral("heads"), heads}};
    return QJsonDocument(root).toJson();
}

namespace {

QByteArray vectorPicture(QWidget& view, const QString& caption) {
    QBuffer bytes;
    QSvgGenerator generator;
    generator.setOutputDevice(&bytes);
    generator.setViewBox(QRect(0, 0, view.width(), view.height() + CaptionHeight));
    generator.setTitle(QStringLiteral("Sumidero"));
    generator.setDescription(caption);
    QPainter painter(&generator);
    paintWithCaption(painter, view, caption);
    painter.end();
    return bytes.data();
}

QByteArray pixelPicture(QWidget& view, const QString& caption) {
    QImage image(QSize(view.width(), view.height() + CaptionHeight) * 2, QImage::Format_RGB32);
    image.setDevicePixelRatio(2);
    QPainter painter(&image);
    paintWithCaption(painter, view, caption);
    painter.end();
    image.setText(QStringLiteral("Description"), caption);
    QBuffer bytes;
    image.save(&bytes, "PNG");
    return bytes.data();
}

QByteArray contentFor(const QString& path, QWidget& view, const InspectorState& state,
                      const ExportContext& context) {
    if (path.endsWith(QStringLiteral(".csv"), Qt::CaseInsensitive))
        return inspectorCsv(state);
    if (path.endsWith(QStringLiteral(".json"), Qt::CaseInsensitive))
        return inspectorJson(state, context);
    const QString caption = exportCaption(state, context);
    return path.endsWith(QStringLiteral(".svg"), Qt::CaseInsensitive) ? vectorPicture(view, caption)
                                                                      : pixelPicture(view, caption);
}

} // namespace

QString exportInspector(const QString& path, QWidget& view, const InspectorState& state,
                        const ExportContext& context) {
    try {
        app::writeFile(path, contentFor(path, view, state, context));
    } catch (const app::StoreError& error) {
        return QString::fromUtf8(error.what());
    }
    return {};
}

} // namespace ui
