#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kernels {

class Backend;

/// A card that NVIDIA's driver names, usable or not.
struct CudaCard {
    std::string name;
    std::uint64_t memoryBytes = 0;
    std::string features; // "CUDA 13.0, compute capability 9.0, 132 multiprocessors"
    std::string problem;  // why it cannot be used; "" = it can
    static constexpr bool isSoftware = false, isDiscrete = true;
};

struct CudaCards {
    std::vector<CudaCard> cards; // their place here is their number
    std::string problem;         // why there are none: no library, no driver, too old a driver, no card
};

/// Any thread. Never throws for want of a card.
CudaCards listCudaCards();

/// What activations become where they meet quantised weights: words of 16 bits, or nothing else.
enum class CudaActivations : std::uint8_t { Words, Float32 };

/// What multiplies a prompt's tokens: cuBLAS where it is installed, or this program's kernels in any case.
enum class CudaPrefill : std::uint8_t { Cublas, Own };

/// What becomes of a step that comes again: a graph, or the same commands once more.
enum class CudaSteps : std::uint8_t { Graphs, Commands };

struct CudaOptions {
    int card = 0; // of listCudaCards()
    CudaActivations activations = CudaActivations::Words;
    CudaPrefill prefill = CudaPrefill::Cublas;
    CudaSteps steps = CudaSteps::Graphs;
};

/// Throws std::runtime_error with a sentence: no such card, or why it cannot be used. For measurements the environment may take away what
/// the options allow: SUMIDERO_CUDA_CUBLAS=0 gives CudaPrefill::Own, SUMIDERO_CUDA_GRAPHS=0 gives CudaSteps::Commands.
std::unique_ptr<Backend> makeCudaBackend(const CudaOptions& options);

} // namespace kernels
