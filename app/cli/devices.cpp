#include "app/devices.h"
#include "app/cli/command.h"
#include "app/cli/output.h"

#include <memory>

namespace cli {
namespace {

std::string line(const kernels::Device& device) {
    constexpr double gigabyte = 1e9;
    std::string text = device.name + "  " + device.title + ", " + device.features;
    if (device.memoryBytes > 0) {
        char memory[32];
        std::snprintf(memory, sizeof memory, ", %.1f GB", static_cast<double>(device.memoryBytes) / gigabyte);
        text += memory;
    }
    if (device.isSoftware)
        text += ", software: runs on the CPU, for tests";
    if (!device.problem.empty())
        text += ", not usable: " + device.problem;
    return text;
}

void run(bool json) {
    const kernels::DeviceList list = kernels::listDevices();
    if (!json) {
        for (const kernels::Device& device : list.devices)
            std::printf("%s\n", engine::presentable(line(device), 400).c_str());
        if (!list.cudaProblem.empty())
            std::printf("CUDA: %s\n", list.cudaProblem.c_str());
        if (!list.vulkanProblem.empty())
            std::printf("Vulkan: %s\n", list.vulkanProblem.c_str());
        return;
    }
    printJson(app::devicesAsJson(list));
}

} // namespace

void addDevices(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    CLI::App* command = app.add_subcommand("devices", "Lists the devices that a model can run on");
    command->add_flag("--json", *json, "print one JSON object");
    command->callback([json] { run(*json); });
}

} // namespace cli
