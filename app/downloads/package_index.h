#pragma once
#include <QByteArray>
#include <QString>
#include <QUrl>

#include <optional>

namespace app::downloads {

/// A wheel on a package index.
struct Wheel {
    QUrl url;
    QString sha256;    // empty: the index does not say
    qint64 bytes = -1; // -1: it does not say
};

/// The page of a package: PIP_INDEX_URL where that is set, as pip does, else PyPI.
QUrl packagePage(const QString& package);
/// What to ask the index for: its JSON form (PEP 691) or, where it has none, the web page (PEP 503).
QByteArray packagePageTypes();
/// The wheel of that version on the page at `base`; null: there is none.
std::optional<Wheel> findWheel(const QByteArray& page, const QUrl& base, const QString& package,
                               const QString& version);

} // namespace app::downloads
