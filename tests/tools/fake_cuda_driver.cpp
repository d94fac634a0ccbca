#include <cstdlib>
#include <cstring>

// A "libcuda.so.1" that has no card, for what is said where NVIDIA's driver is of no use: FAKE_CUDA_VERSION is the version it tells (12020),
// FAKE_CUDA_INIT what starting it gives (100: no card). CUDA's runtime asks it for everything else by name, and finds nothing.
namespace {

int numberFrom(const char* variable) {
    const char* const text = std::getenv(variable);
    return text ? std::atoi(text) : 0;
}

constexpr int notFound = 500; // CUDA_ERROR_NOT_FOUND

} // namespace

extern "C" {

int cuInit(unsigned) {
    return numberFrom("FAKE_CUDA_INIT");
}

int cuDriverGetVersion(int* version) {
    *version = numberFrom("FAKE_CUDA_VERSION");
    return 0;
}

int cuDeviceGetCount(int* count) {
    *count = 0;
    return 0;
}

int cuGetProcAddress_v2(const char* name, void** function, int, unsigned long long, int* status) {
    if (status)
        *status = 0;
    *function = std::strcmp(name, "cuInit") == 0               ? reinterpret_cast<void*>(cuInit)
                : std::strcmp(name, "cuGetProcAddress") == 0   ? reinterpret_cast<void*>(cuGetProcAddress_v2)
                : std::strcmp(name, "cuDriverGetVersion") == 0 ? reinterpret_cast<void*>(cuDriverGetVersion)
                : std::strcmp(name, "cuDeviceGetCount") == 0   ? reinterpret_cast<void*>(cuDeviceGetCount)
                                                               : nullptr;
    return *function ? 0 : notFound;
}

int cuGetProcAddress(const char* name, void** function, int version, unsigned long long flags) {
    return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}

int cuGetExportTable(const void** table, const void*) {
    *table = nullptr;
    return notFound;
}
}
