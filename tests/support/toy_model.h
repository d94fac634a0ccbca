#pragma once
#include "kernels/types.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

// Small models for the tests: a GGUF writer of our own and llama-shaped models with random weights.
namespace test {

struct ToyShape {
    std::string architecture = "llama"; // or one of toyFamilies()
    int layers = 2;
    int dim = 64;
    int ffnDim = 128;
    int heads = 4;
    int kvHeads = 2;
    int headDim = 16;
    int ropeDim = 0;      // 0: all of the head
    int vocabulary = 320; // byte-level BPE: 256 bytes, specials, a few merges
    int trainedLength = 512;
    double ropeBase = 10000;
    bool neox = false;
    bool tied = true;
    bool ropeFactors = false; // Llama 3 frequency factors
    bool sentencePiece = false;
    std::string chatTemplate = "{{ '<|im_start|>' }}"; // "" = none
    std::vector<std::string> controls = {};            // tokens that byte-level BPE has besides its own three
    kernels::DType type =
        kernels::DType::F32; // of the matrices; rows that do not fit the block length stay F32
    int parts = 1;           // files, at most 9: NAME-00001-of-00003.gguf
    std::uint32_t seed = 1;
};

/// Families whose blocks the toy models have, with everything their files may hold.
std::vector<std::string> toyFamilies();

/// Writes the model and returns the path of its first file (inside a temporary folder that is removed when the program ends).
std::filesystem::path writeToyModel(const ToyShape& shape);

/// Quantises `values` (rows * cols) to any DType, round to nearest, the plain way.
std::vector<std::byte> quantise(kernels::DType type, const float* values, std::int64_t rows,
                                std::int64_t cols);
/// The plain double-precision meaning of stored weights: the oracle of every kernel test.
std::vector<double> dequantise(const kernels::HostMatrix& matrix);

} // namespace test
