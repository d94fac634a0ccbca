#pragma once
#include "engine/model/weights.h"

#include <string>
#include <variant>
#include <vector>

namespace engine {

/// A tensor of the file, or some rows of it, and where it goes. The one list of what a model consists of: it checks and it loads.
struct TensorEntry {
    using Matrix = std::unique_ptr<kernels::Weight>*;
    using Vector = std::unique_ptr<kernels::Buffer>*;
    using Mixture = std::unique_ptr<kernels::Experts>*;
    struct Nowhere {}; // read elsewhere

    std::string name;
    std::vector<std::int64_t> shape; // of the whole tensor, GGUF's order: columns first
    std::int64_t firstRow =
        0; // of a matrix; of each expert's; of a vector, or of each of several: first element
    std::int64_t rows = 0;
    std::variant<Nowhere, Matrix, Vector, Mixture> to;
    std::int64_t zeroRows = 0; // of a matrix, behind those of the file
    int layer = OfNoLayer;

    static constexpr int OfNoLayer = -1;
};

/// In the order of the graph. The entries point into `weights`, whose layers are made here.
std::vector<TensorEntry> tensorTable(const ModelConfig& config, Weights& weights);

} // namespace engine
