#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace kernels {

/// The instruction sets that kernels are written for. AvxVnni is Avx2 with 256-bit integer dot products
/// (processors without AVX-512); Avx512 needs F, BW, DQ and VL; Avx512Bf16 has VNNI and products of bfloat16. Levels other than Portable imply FMA and
/// F16C.
enum class Isa : std::uint8_t { Portable, Avx2, AvxVnni, Avx512, Avx512Vnni, Avx512Bf16 };

/// The level to run: `name`, or if that is empty the environment variable SUMIDERO_ISA, or else the best of
/// this processor. Throws std::runtime_error if the name is unknown or this processor lacks the level.
Isa chooseIsa(const std::string& name);

/// What this processor can run, best first; never empty.
std::vector<Isa> availableIsas();

const char* isaName(Isa isa);  // "avx512vnni": as in cpuIsaNames() and SUMIDERO_ISA
const char* isaTitle(Isa isa); // "AVX-512 VNNI": for people

} // namespace kernels
