#pragma once
#include "kernels/vulkan/device.h"

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace kernels::vulkan {

enum class Shader {
    Embed,
    LinearVector,
    LinearMatrix,
    LinearLanes,
    LinearHalves,
    LinearCooperative,
    ExpertsChoose,
    ExpertsCombine,
    Norm,
    Rope,
    Elementwise,
    KvStore,
    Attend,
    AttendJoin,
    AttendCapture,
    AttendMass,
    TopLogits
};

/// SPIR-V made from shaders/*.comp when the program is built. `checked`: with every index checked.
std::span<const std::uint32_t> codeOf(Shader shader, bool checked);

constexpr std::uint32_t bindingCount = 12; // storage buffers of every shader's one set
constexpr std::uint32_t faultBinding = 11; // of the checked shaders
constexpr std::uint32_t pushBytes = 128;   // what every device has
constexpr std::uint32_t groupSize = 64;    // invocations of a workgroup: whole subgroups of up to 64 lanes

/// Of a program.
struct Workgroup {
    std::uint32_t invocations = groupSize;
    std::uint32_t subgroupSize = 0; // the only one that will do; 0: the device's usual one
};

/// Compute pipelines by shader and specialisation constants (1, 2, ..; 0 is the workgroup's size), each made when it is first used.
class Pipelines {
public:
    Pipelines(Device& device, bool checked);
    ~Pipelines();
    Pipelines(const Pipelines&) = delete;
    Pipelines& operator=(const Pipelines&) = delete;

    VkPipeline get(Shader shader, std::span<const std::uint32_t> constants, Workgroup workgroup = {});
    VkPipelineLayout layout() const { return m_layout; }
    VkDescriptorSetLayout setLayout() const { return m_setLayout; }
    bool areChecked() const { return m_checked; }

private:
    Device& m_device;
    bool m_checked;
    VkDescriptorSetLayout m_setLayout = VK_NULL_HANDLE;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    std::map<std::pair<Shader, std::vector<std::uint32_t>>, VkPipeline> m_pipelines;
};

} // namespace kernels::vulkan
