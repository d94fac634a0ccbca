#include "app/rescue.h"

#include "app/paths.h"
#include "app/safe_file.h"

#include <QDateTime>
#include <QDir>

#include <cstdio>

using namespace Qt::StringLiterals;

namespace app {
namespace {

const QString NameBegin = u"sumidero-unsaved-"_s;

QStringList folders() {
    QStringList all{dataFolder(), QDir::homePath(), stateFolder(), QDir::tempPath()};
    all.removeDuplicates();
    return all;
}

} // namespace

void Rescue::add(const QString& heading, const QString& text) {
    if (!text.trimmed().isEmpty())
        m_text += u"## %1\n\n%2\n\n"_s.arg(heading, text);
}

void Rescue::write() const {
    if (m_text.isEmpty())
        return;
    const QString name = NameBegin + QDateTime::currentDateTime().toString(u"yyyy-MM-dd-hhmmss"_s) + u".md"_s;
    for (const QString& folder : folders()) {
        const QString path = folder + u'/' + name;
        try {
            makePrivateFolder(folder);
            writeFile(path, m_text.toUtf8());
            std::fputs(qPrintable(u"sumidero: what could not be saved is kept in %1\n"_s.arg(path)), stderr);
            return;
        } catch (const StoreError&) {
            // The next one.
        }
    }
    std::fputs(qPrintable(u"sumidero: this could not be saved anywhere:\n%1"_s.arg(m_text)), stderr);
}

QStringList Rescue::files() {
    QStringList found;
    for (const QString& folder : folders())
        for (const QString& name : QDir(folder).entryList({NameBegin + u"*.md"_s}, QDir::Files, QDir::Name))
            found.append(folder + u'/' + name);
    return found;
}

} // namespace app
