#include "kernels/cuda/device.h"

#include <stdexcept>
#include <string>

namespace kernels::cuda {
namespace {

constexpr int outOfMemory = 2; // cudaErrorMemoryAllocation

// Faults of the hardware or of the driver after which a context is of no use: cudaErrorECCUncorrectable, cudaErrorIllegalAddress,
// cudaErrorLaunchTimeout, cudaErrorLaunchFailure, cudaErrorSystemNotReady, cudaErrorDevicesUnavailable.
bool isLost(int error) {
    for (const int lost : {214, 700, 702, 719, 802, 46})
        if (error == lost)
            return true;
    return false;
}

} // namespace

Device::Device(const DeviceApi& api, int card) : m_api(api) {
    check(m_api.describe(card, &m_info), "it was asked for its name");
    check(m_api.open(card, &m_handle), "it was opened");
}

Device::~Device() {
    m_api.close(m_handle);
}

void Device::check(int error, const char* doing) const {
    if (error == 0)
        return;
    if (error == outOfMemory)
        throw std::runtime_error(std::string("The graphics card had no memory left while ") + doing + ".");
    throw std::runtime_error(std::string("The graphics card ") +
                             (isLost(error) ? "stopped working" : "failed") + " while " + doing + " (code " +
                             std::to_string(error) + ": " + m_api.errorText(error) + ").");
}

std::uint64_t Device::freeMemory() const {
    std::uint64_t bytes = 0;
    check(m_api.freeMemory(m_handle, &bytes), "it was asked how much memory is free");
    return bytes;
}

void Device::upload(void* to, std::span<const std::byte> bytes) {
    if (!bytes.empty())
        check(m_api.upload(m_handle, to, bytes.data(), bytes.size()), "data went there");
}

void Device::download(const void* from, std::span<std::byte> bytes) {
    if (!bytes.empty())
        check(m_api.download(m_handle, bytes.data(), from, bytes.size()), "data came back");
}

void Device::zero(void* memory, std::size_t bytes) {
    if (bytes > 0)
        check(m_api.zero(m_handle, memory, bytes), "memory was cleared");
}

Memory::Memory(Device& device, std::size_t bytes, Where where)
    : m_device(&device), m_where(where), m_bytes(bytes) {
    if (bytes == 0)
        return;
    constexpr const char* doing = "memory was set aside";
    if (where == Where::Card && bytes > device.freeMemory())
        device.check(outOfMemory, doing); // some drivers would give the host's memory, and then all is slow
    const DeviceApi& api = device.api();
    device.check(where == Where::Card ? api.allocate(device.handle(), bytes, &m_data)
                                      : api.allocatePinned(device.handle(), bytes, &m_data),
                 doing);
}

void Memory::release() {
    if (!m_data)
        return;
    const DeviceApi& api = m_device->api();
    m_where == Where::Card ? api.release(m_device->handle(), m_data)
                           : api.releasePinned(m_device->handle(), m_data);
    m_data = nullptr;
}

} // namespace kernels::cuda
