#include "engine/gguf/mapped_file.h"
#include "engine/error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace engine {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
    throw Error(path.string() + " cannot be read: " + why + ".");
}

std::string systemReason() {
    return std::strerror(errno);
}

} // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
    // O_NONBLOCK: a pipe in place of the file must not hang us. Regular files ignore it.
    m_descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (m_descriptor < 0)
        fail(path, systemReason());
    try {
        struct stat status {};
        if (::fstat(m_descriptor, &status) != 0)
            fail(path, systemReason());
        if (!S_ISREG(status.st_mode))
            fail(path, "it is not a file");
        if (status.st_size == 0)
            fail(path, "it is empty");
        const auto size = static_cast<std::size_t>(status.st_size);
        void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, m_descriptor, 0);
        if (address == MAP_FAILED)
            fail(path, systemReason());
        m_bytes = {static_cast<const std::byte*>(address), size};
    } catch (...) {
        ::close(m_descriptor);
        throw;
    }
}

MappedFile::~MappedFile() {
    ::munmap(const_cast<std::byte*>(m_bytes.data()), m_bytes.size());
    ::close(m_descriptor);
}

std::uint64_t MappedFile::sizeOnDisk() const {
    struct stat status {};
    return ::fstat(m_descriptor, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void MappedFile::release(std::span<const std::byte> range) const {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(range.data());
    const std::uintptr_t first = (begin + page - 1) / page * page;
    const std::uintptr_t last = (begin + range.size()) / page * page;
    if (first < last)
        ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

} // namespace engine
