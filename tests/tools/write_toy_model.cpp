#include "tests/support/toy_model.h"

#include <cstdio>
#include <filesystem>

// write_toy_model FILE: a small llama of random weights, for scripts that need some model.
int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: write_toy_model FILE\n", stderr);
        return 2;
    }
    const auto made = test::writeToyModel(
        {.layers = 3, .dim = 256, .ffnDim = 512, .headDim = 64, .type = kernels::DType::Q8_0, .seed = 3});
    std::filesystem::copy_file(made, argv[1], std::filesystem::copy_options::overwrite_existing);
    return 0;
}
