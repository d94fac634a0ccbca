#include "kernels/cpu/isa.h"

#include "kernels/cpu_backend.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

namespace kernels {
namespace {

constexpr std::array BEST_FIRST{Isa::Avx512Bf16, Isa::Avx512Vnni, Isa::Avx512,
                                Isa::AvxVnni,    Isa::Avx2,       Isa::Portable};

#if defined(__x86_64__)
bool hasAvxVnni() {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & (1U << 4)) != 0;
}

bool hasF16c() {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & (1U << 29)) != 0;
}

// __builtin_cpu_supports also asks whether the operating system saves the wide registers.
bool available(Isa isa) {
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && hasF16c();
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    switch (isa) {
    case Isa::Portable:
        return true;
    case Isa::Avx2:
        return avx2;
    case Isa::AvxVnni:
        return avx2 && hasAvxVnni();
    case Isa::Avx512:
        return avx512;
    case Isa::Avx512Vnni:
        return avx512 && __builtin_cpu_supports("avx512vnni");
    case Isa::Avx512Bf16:
        return avx512 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
    }
    return false;
}
#else
bool available(Isa isa) {
    return isa == Isa::Portable;
}
#endif

#if defined(__linux__)
int readTopology(int cpu, const char* what) {
    char path[96];
    std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, what);
    std::FILE* file = std::fopen(path, "r");
    if (!file)
        return -1;
    int value = -1;
    if (std::fscanf(file, "%d", &value) != 1)
        value = -1;
    std::fclose(file);
    return value;
}

// Counts only processors this process may run on, so that taskset and containers are honoured; 0 when the
// system does not say.
int countCores() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return 0;
    std::set<std::pair<int, int>> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        const int core = readTopology(cpu, "core_id");
        cores.insert(core < 0 ? std::pair{-1, cpu}
                              : std::pair{readTopology(cpu, "physical_package_id"), core});
    }
    return static_cast<int>(cores.size());
}
#else
int countCores() {
    return 0;
}
#endif

} // namespace

const char* isaName(Isa isa) {
    switch (isa) {
    case Isa::Portable:
        return "portable";
    case Isa::Avx2:
        return "avx2";
    case Isa::AvxVnni:
        return "avxvnni";
    case Isa::Avx512:
        return "avx512";
    case Isa::Avx512Vnni:
        return "avx512vnni";
    case Isa::Avx512Bf16:
        return "avx512bf16";
    }
    return "?";
}

const char* isaTitle(Isa isa) {
    switch (isa) {
    case Isa::Portable:
        return "portable";
    case Isa::Avx2:
        return "AVX2";
    case Isa::AvxVnni:
        return "AVX-VNNI";
    case Isa::Avx512:
        return "AVX-512";
    case Isa::Avx512Vnni:
        return "AVX-512 VNNI";
    case Isa::Avx512Bf16:
        return "AVX-512 VNNI and BF16";
    }
    return "?";
}

std::vector<Isa> availableIsas() {
    std::vector<Isa> found;
    for (Isa isa : BEST_FIRST)
        if (available(isa))
            found.push_back(isa);
    return found;
}

Isa chooseIsa(const std::string& name) {
    std::string wanted = name;
    if (const char* variable = std::getenv("SUMIDERO_ISA"); wanted.empty() && variable)
        wanted = variable;
    if (wanted.empty())
        return availableIsas().front();
    for (Isa isa : BEST_FIRST) {
        if (wanted != isaName(isa))
            continue;
        if (!available(isa))
            throw std::runtime_error("This processor lacks the instruction set \"" + wanted + "\".");
        return isa;
    }
    throw std::runtime_error("Unknown instruction set \"" + wanted + "\".");
}

std::vector<std::string> cpuIsaNames() {
    std::vector<std::string> names;
    for (Isa isa : availableIsas())
        names.emplace_back(isaName(isa));
    return names;
}

int physicalCores() {
    if (const int cores = countCores(); cores > 0)
        return cores;
    const unsigned logical = std::thread::hardware_concurrency();
    return logical > 0 ? static_cast<int>(logical) : 1;
}

} // namespace kernels
