#pragma once
#include "app/downloads_patience.h"
#include "app/model_offer.h"

#include <QObject>
#include <QStringList>
#include <QUrl>

#include <memory>

class QNetworkAccessManager;

namespace app {

/// A repository at Hugging Face that a search has found.
struct HubRepository {
    QString name; // "owner/name"
    qint64 downloads = 0;
    bool isGated = false;
};

/// Model files at Hugging Face, by the name of their repository or by search. HF_ENDPOINT names another server, as it does for the official
/// tools. Asks only when told to. Main thread only.
class HuggingFace : public QObject {
    Q_OBJECT
public:
    explicit HuggingFace(QNetworkAccessManager& network, QObject* parent = nullptr);
    ~HuggingFace() override;

    /// "owner/name", or an address of one in a browser: listed() follows. Anything else is searched for: found(). Or failed(). What was
    /// asked before is given up.
    void look(const QString& text);
    bool isLooking() const;
    void cancel();

    static QString repositoryIn(const QString& text); // empty: it is none, but words to search for
    static QUrl fileUrl(const HubSource& source);
    static QString host();

    DownloadPatience patience;

Q_SIGNALS:
    void started();
    void found(const QList<app::HubRepository>& repositories); // most fetched first
    void listed(const QString& repository, const QList<app::ModelOffer>& files);
    void failed(const QString& sentence);

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace app
