#pragma once
#include "kernels/types.h"

#include <cstdint>
#include <optional>
#include <string>

namespace engine {

/// The DType behind the type number of a GGUF tensor; nothing for the kinds that are not implemented.
std::optional<kernels::DType> dtypeOfGguf(std::uint32_t number);
/// The name of any type number, also of those that are not implemented ("IQ4_XS"); "type 99" for unknown
/// ones.
std::string nameOfGgufType(std::uint32_t number);
/// "Q4_K_M" and the like from general.file_type; nothing for unknown numbers.
std::optional<std::string> nameOfGgufFileType(std::uint64_t number);

} // namespace engine
