#include "engine/gguf/input_file.h"
#include "engine/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <future>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace engine {

namespace {

constexpr std::size_t partBytes = 2 << 20;  // much longer to read than a thread takes to start
constexpr std::size_t pieceBytes = 2 << 20; // some milliseconds of a disk: a stop waits for no more

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
    throw Error(path.string() + " cannot be read: " + why + ".");
}

std::string systemReason() {
    return std::strerror(errno);
}

} // namespace

InputFile::InputFile(const std::filesystem::path& path, std::stop_token stop) : m_stop(std::move(stop)) {
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
    const std::size_t most = std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
    const std::size_t parts = std::clamp<std::size_t>(into.size() / partBytes, 1, most);
    const std::size_t length = into.size() / parts;
    std::vector<std::future<void>> others; // each ends before this function does, whatever is thrown
    for (std::size_t part = 1; part < parts; ++part)
        others.push_back(
            std::async(std::launch::async, &InputFile::readPart, this, offset + part * length,
                       into.subspan(part * length, part + 1 < parts ? length : std::dynamic_extent)));
    readPart(offset, parts > 1 ? into.first(length) : into);
    for (std::future<void>& other : others)
        other.get();
}

void InputFile::checkStop() const {
    if (m_stop.stop_requested())
        throw Stopped();
}

void InputFile::readPart(std::uint64_t offset, std::span<std::byte> into) const {
    while (!into.empty()) {
        checkStop();
        const ssize_t count =
            ::pread(m_descriptor, into.data(), std::min(into.size(), pieceBytes), static_cast<off_t>(offset));
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
