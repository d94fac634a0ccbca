#include "engine/gguf/tensor_types.h"

#include <utility>

namespace engine {

namespace {

// Numbers of the GGUF specification (ggml_type). What is missing here was removed from the format.
struct TypeEntry {
    std::uint32_t number;
    const char* name;
    std::optional<kernels::DType> type;
};

constexpr TypeEntry tensorTypes[] = {
    {0, "F32", kernels::DType::F32},
    {1, "F16", kernels::DType::F16},
    {2, "Q4_0", kernels::DType::Q4_0},
    {3, "Q4_1", kernels::DType::Q4_1},
    {6, "Q5_0", kernels::DType::Q5_0},
    {7, "Q5_1", kernels::DType::Q5_1},
    {8, "Q8_0", kernels::DType::Q8_0},
    {9, "Q8_1", {}},
    {10, "Q2_K", kernels::DType::Q2_K},
    {11, "Q3_K", kernels::DType::Q3_K},
    {12, "Q4_K", kernels::DType::Q4_K},
    {13, "Q5_K", kernels::DType::Q5_K},
    {14, "Q6_K", kernels::DType::Q6_K},
    {15, "Q8_K", {}},
    {16, "IQ2_XXS", {}},
    {17, "IQ2_XS", {}},
    {18, "IQ3_XXS", {}},
    {19, "IQ1_S", {}},
    {20, "IQ4_NL", kernels::DType::IQ4_NL},
    {21, "IQ3_S", {}},
    {22, "IQ2_S", {}},
    {23, "IQ4_XS", kernels::DType::IQ4_XS},
    {24, "I8", {}},
    {25, "I16", {}},
    {26, "I32", {}},
    {27, "I64", {}},
    {28, "F64", {}},
    {29, "IQ1_M", {}},
    {30, "BF16", kernels::DType::BF16},
    {34, "TQ1_0", {}},
    {35, "TQ2_0", {}},
    {39, "MXFP4", kernels::DType::MXFP4},
    {40, "NVFP4", {}},
    {41, "Q1_0", {}},
    {42, "Q2_0", {}},
};

// general.file_type: how the file as a whole was made.
constexpr std::pair<std::uint32_t, const char*> fileTypes[] = {
    {0, "F32"},     {1, "F16"},     {2, "Q4_0"},    {3, "Q4_1"},    {7, "Q8_0"},    {8, "Q5_0"},
    {9, "Q5_1"},    {10, "Q2_K"},   {11, "Q3_K_S"}, {12, "Q3_K_M"}, {13, "Q3_K_L"}, {14, "Q4_K_S"},
    {15, "Q4_K_M"}, {16, "Q5_K_S"}, {17, "Q5_K_M"}, {18, "Q6_K"},   {21, "Q2_K_S"}, {25, "IQ4_NL"},
    {30, "IQ4_XS"}, {32, "BF16"},   {38, "MXFP4"},
};

} // namespace

std::optional<kernels::DType> dtypeOfGguf(std::uint32_t number) {
    for (const TypeEntry& entry : tensorTypes)
        if (entry.number == number)
            return entry.type;
    return {};
}

std::string nameOfGgufType(std::uint32_t number) {
    for (const TypeEntry& entry : tensorTypes)
        if (entry.number == number)
            return entry.name;
    return "type " + std::to_string(number);
}

std::optional<std::string> nameOfGgufFileType(std::uint64_t number) {
    for (const auto& [known, name] : fileTypes)
        if (known == number)
            return name;
    return {};
}

} // namespace engine
