#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kernels {

class Backend;

/// Of the inputs of matrix products: Int8 (one or two terms of 8 bits) is fast, Float32 is the reference path.
enum class ActivationPrecision : std::uint8_t { Int8, Float32 };

struct CpuOptions {
    int threads = 0; // 0: one per physical core
    ActivationPrecision activations = ActivationPrecision::Int8;
    std::string isa =
        {}; // "" = best; else one of cpuIsaNames(); the environment variable SUMIDERO_ISA overrides ""
};

/// The embedded default. Plain x86-64 (or any other) binary; the instruction set is chosen at run time.
/// Throws std::runtime_error if the named instruction set is unknown or this processor lacks it.
std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options);

/// Levels this processor can run, best first: "avx512bf16", "avx512vnni", "avx512", "avxvnni", "avx2", "portable".
std::vector<std::string> cpuIsaNames();
int physicalCores();

} // namespace kernels
