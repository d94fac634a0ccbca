#pragma once
#define VK_NO_PROTOTYPES
#include <volk.h>

#include <cstdint>

namespace kernels::vulkan {

/// Throws std::runtime_error with a sentence unless it went well. `doing` completes "while ...".
void check(VkResult result, const char* doing);

/// For tests: the submission after `submissions` more ends with `result`, as if the device had failed. Negative: none.
void failSubmission(int submissions, VkResult result);
/// What the next submission is to report; VK_SUCCESS unless a test wants it otherwise.
VkResult injectedFault();

/// For tests: more of a device's own memory than so many bytes cannot be had, as on a full card; with 0 none that the host shares, either.
void limitMemory(std::uint64_t bytes);
std::uint64_t memoryLimit();

} // namespace kernels::vulkan
