#define VOLK_IMPLEMENTATION
#include "kernels/vulkan/api.h"

#include <atomic>
#include <stdexcept>
#include <string>

namespace kernels::vulkan {
namespace {

std::atomic<int> submissionsLeft = -1;
std::atomic<VkResult> plannedResult = VK_SUCCESS;
std::atomic<std::uint64_t> mostBytes = UINT64_MAX;

} // namespace

void check(VkResult result, const char* doing) {
    switch (result) {
    case VK_SUCCESS:
        return;
    case VK_ERROR_DEVICE_LOST:
        throw std::runtime_error(std::string("The graphics device stopped working while ") + doing + ".");
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
        throw std::runtime_error(std::string("The graphics device had no memory left while ") + doing + ".");
    default:
        throw std::runtime_error(std::string("The graphics device failed while ") + doing + " (code " +
                                 std::to_string(result) + ").");
    }
}

void failSubmission(int submissions, VkResult result) {
    plannedResult = result;
    submissionsLeft = submissions;
}

VkResult injectedFault() {
    if (submissionsLeft < 0 || submissionsLeft-- > 0)
        return VK_SUCCESS;
    return plannedResult;
}

void limitMemory(std::uint64_t bytes) {
    mostBytes = bytes;
}
std::uint64_t memoryLimit() {
    return mostBytes;
}

} // namespace kernels::vulkan
