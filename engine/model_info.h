#pragma once
#include "kernels/devices.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace engine {

class Tokenizer;

struct LoadOptions {
    kernels::DeviceOptions device; // "auto" as its name: a card that holds the model, else the CPU
    int deviceLayers =
        0; // at most so many of the last layers on it, the others on the CPU; 0 = as many as fit
    bool mayBeSplit = true; // where not all of these fit; else the whole model is on the CPU then
    int cacheTokens = 0;    // of the largest chat for which the device keeps room; 0 = as many as usual
    std::string chatFormat; // "" = detected
};

/// What is told about a loaded model.
struct ModelInfo {
    std::filesystem::path path;
    std::string name;         // "SmolLM2 135M Instruct"
    std::string quantisation; // "Q4_1"
    std::string device;     // "CPU, 2 threads"; with the share of the layers that it has, if that is not all
    std::string deviceName; // as LoadOptions takes it: "cpu", "vulkan:0"
    std::string deviceProblem; // a sentence: why it is not the device that was asked for; "" = it is
    std::string chatFormat;    // "ChatML"
    std::string defaultSystem;
    int trainedLength = 0;
    int layers = 0, heads = 0;
    int deviceLayers = 0; // that run on the device
    std::uint64_t fileBytes = 0;
    std::uint64_t weightBytes = 0;              // in memory
    std::shared_ptr<const Tokenizer> tokenizer; // immutable: any thread may ask it for a token's text
};

} // namespace engine
