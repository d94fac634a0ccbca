#include "engine/gguf/input_file.h"
#include "engine/error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
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

InputFile::InputFile(const std::filesystem::path& path) {
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
        m_size = static_cast<std::uint64_t>(status.st_size);
    } catch (...) {
        ::close(m_descriptor);
        throw;
    }
}

InputFile::~InputFile() {
    ::close(m_descriptor);
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> into) const {
    while (!into.empty()) {
        const ssize_t count = ::pread(m_descriptor, into.data(), into.size(), static_cast<off_t>(offset));
        if (count == 0)
            throw Error("it has become shorter while it was in use");
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw Error("it cannot be read any more (" + systemReason() + ")");
        offset += static_cast<std::uint64_t>(count);
        into = into.subspan(static_cast<std::size_t>(count));
    }
}

} // namespace engine
