#include "tests/app/disk_watch.h"

#include <cstring>
#include <sqlite3.h>

// A virtual file system of SQLite that hands everything to the usual one.
namespace test {

namespace {

using Call = DiskWatch::Call;

DiskWatch* g_watch = nullptr;
sqlite3_vfs* g_disk = nullptr;

struct File {
    sqlite3_file base;
    sqlite3_io_methods methods;
    QString* path;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* asFile(sqlite3_file* file) {
    return reinterpret_cast<File*>(file);
}

int ask(Call call, const QString& path) {
    return g_watch && g_watch->before ? g_watch->before(call, path) : SQLITE_OK;
}

sqlite3_file* real(sqlite3_file* file) {
    return asFile(file)->real();
}

int closeFile(sqlite3_file* file) {
    const int result = real(file)->pMethods->xClose(real(file));
    delete asFile(file)->path;
    return result;
}

int readFile(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    if (const int refused = ask(Call::Read, *asFile(file)->path))
        return refused;
    return real(file)->pMethods->xRead(real(file), to, size, at);
}

int writeFile(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    if (const int refused = ask(Call::Write, *asFile(file)->path))
        return refused;
    return real(file)->pMethods->xWrite(real(file), from, size, at);
}

int truncateFile(sqlite3_file* file, sqlite3_int64 size) {
    if (const int refused = ask(Call::Truncate, *asFile(file)->path))
        return refused;
    return real(file)->pMethods->xTruncate(real(file), size);
}

int syncFile(sqlite3_file* file, int flags) {
    if (const int refused = ask(Call::Sync, *asFile(file)->path))
        return refused;
    const int result = real(file)->pMethods->xSync(real(file), flags);
    if (result == SQLITE_OK && g_watch && g_watch->synced)
        g_watch->synced(*asFile(file)->path);
    return result;
}

int mapShared(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
    if (const int refused = ask(Call::SharedMemory, *asFile(file)->path))
        return refused;
    return real(file)->pMethods->xShmMap(real(file), region, size, extend, memory);
}

void fillMethods(sqlite3_io_methods& methods) {
    methods.iVersion = 2; // no memory mapping
    methods.xClose = closeFile;
    methods.xRead = readFile;
    methods.xWrite = writeFile;
    methods.xTruncate = truncateFile;
    methods.xSync = syncFile;
    methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
        return real(f)->pMethods->xFileSize(real(f), size);
    };
    methods.xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); };
    methods.xUnlock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); };
    methods.xCheckReservedLock = [](sqlite3_file* f, int* out) {
        return real(f)->pMethods->xCheckReservedLock(real(f), out);
    };
    methods.xFileControl = [](sqlite3_file* f, int op, void* arg) {
        return real(f)->pMethods->xFileControl(real(f), op, arg);
    };
    methods.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
    methods.xDeviceCharacteristics = [](sqlite3_file* f) {
        return real(f)->pMethods->xDeviceCharacteristics(real(f));
    };
    methods.xShmMap = mapShared;
    methods.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
        return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
    };
    methods.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
    methods.xShmUnmap = [](sqlite3_file* f, int remove) {
        return real(f)->pMethods->xShmUnmap(real(f), remove);
    };
}

int openFile(sqlite3_vfs*, const char* name, sqlite3_file* target, int flags, int* outFlags) {
    File* file = asFile(target);
    file->base.pMethods = nullptr;
    const QString path = QString::fromUtf8(name);
    if (const int refused = ask(Call::Open, path))
        return refused;
    const int result = g_disk->xOpen(g_disk, name, file->real(), flags, outFlags);
    if (!file->real()->pMethods)
        return result;
    std::memset(&file->methods, 0, sizeof file->methods);
    fillMethods(file->methods);
    file->path = new QString(path);
    file->base.pMethods = &file->methods;
    return result;
}

int deleteFile(sqlite3_vfs*, const char* name, int syncFolder) {
    if (const int refused = ask(Call::Delete, QString::fromUtf8(name)))
        return refused;
    return g_disk->xDelete(g_disk, name, syncFolder);
}

sqlite3_vfs& watching() {
    static sqlite3_vfs vfs;
    vfs = *g_disk;
    vfs.zName = "watching";
    vfs.szOsFile = static_cast<int>(sizeof(File)) + g_disk->szOsFile;
    vfs.xOpen = openFile;
    vfs.xDelete = deleteFile;
    return vfs;
}

} // namespace

DiskWatch::DiskWatch() {
    g_disk = sqlite3_vfs_find("unix");
    g_watch = this;
    sqlite3_vfs_register(&watching(), 1);
}

DiskWatch::~DiskWatch() {
    sqlite3_vfs_unregister(sqlite3_vfs_find("watching"));
    sqlite3_vfs_register(g_disk, 1);
    g_watch = nullptr;
}

} // namespace test
