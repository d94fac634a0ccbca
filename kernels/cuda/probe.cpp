#include "kernels/cuda/probe.h"

#include "kernels/cuda/cuda_backend.h"
#include "kernels/environment.h"

#include <dlfcn.h>

#include <atomic>
#include <climits>
#include <stdexcept>
#include <unistd.h>

namespace kernels::cuda {
namespace {

// Of cudaGetDeviceCount.
constexpr int insufficientDriver = 35, noDevice = 100;
// The oldest cards that CUDA 13 makes code for.
constexpr int oldestMajor = 7, oldestMinor = 5;
constexpr const char* libraryName = "sumidero-cuda.so";

/// 13000 -> "13.0"
std::string versionText(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

int runtimeVersionOf(const DeviceApi& api) {
    int cards = 0, driver = 0, runtime = 0;
    (void)api.count(&cards, &driver, &runtime);
    return runtime;
}

/// Beside the executable, by its whole path: never what happens to lie in the current folder.
std::string libraryPath() {
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    const std::string executable(path, length > 0 ? static_cast<std::size_t>(length) : 0);
    const std::size_t slash = executable.rfind('/');
    return slash == std::string::npos ? "" : executable.substr(0, slash + 1) + libraryName;
}

CudaOptions withSwitches(CudaOptions options) {
    if (isSetTo("SUMIDERO_CUDA_CUBLAS", "0"))
        options.prefill = CudaPrefill::Own;
    if (isSetTo("SUMIDERO_CUDA_GRAPHS", "0"))
        options.steps = CudaSteps::Commands;
    return options;
}

std::atomic<const DeviceApi*> replacement = nullptr;

LoadedApi installedApi() {
    if (const DeviceApi* const other = replacement)
        return {other, ""};
    static const LoadedApi loaded = loadApi(libraryPath());
    return loaded;
}

} // namespace

std::string featuresOf(const DeviceApi& api, const CardInfo& info) {
    return "CUDA " + versionText(runtimeVersionOf(api)) + ", compute capability " +
           std::to_string(info.major) + "." + std::to_string(info.minor) + ", " +
           std::to_string(info.multiprocessors) + " multiprocessors";
}

CudaCards listCardsOf(const DeviceApi& api) {
    CudaCards found;
    int count = 0, driver = 0, runtime = 0;
    const int error = api.count(&count, &driver, &runtime);
    if (error == insufficientDriver)
        found.problem = driver == 0 ? "There is no NVIDIA driver on this machine."
                                    : "The NVIDIA driver is too old: it knows CUDA " + versionText(driver) +
                                          ", and this program needs " + versionText(runtime) + ".";
    else if (error == noDevice || (error == 0 && count == 0))
        found.problem = "There is no NVIDIA card on this machine.";
    else if (error != 0)
        found.problem = "The NVIDIA driver does not answer (code " + std::to_string(error) + ": " +
                        api.errorText(error) + ").";
    for (int card = 0; error == 0 && card < count; ++card) {
        CardInfo info{};
        CudaCard& own = found.cards.emplace_back();
        if (const int code = api.describe(card, &info); code != 0) {
            own.name = "NVIDIA card";
            own.problem =
                "The card does not answer (code " + std::to_string(code) + ": " + api.errorText(code) + ").";
            continue;
        }
        own.name = info.name;
        own.memoryBytes = info.memoryBytes;
        own.features = featuresOf(api, info);
        if (info.major < oldestMajor || (info.major == oldestMajor && info.minor < oldestMinor))
            own.problem = "The card is too old: it has compute capability " + std::to_string(info.major) +
                          "." + std::to_string(info.minor) + ", and this program needs " +
                          std::to_string(oldestMajor) + "." + std::to_string(oldestMinor) + ".";
    }
    return found;
}

LoadedApi loadApi(const std::string& path) {
    if (path.empty() || access(path.c_str(), F_OK) != 0)
        return {nullptr, "This program was built without CUDA."};
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return {nullptr,
                std::string("The program's part for NVIDIA cards cannot be loaded: ") + dlerror() + "."};
    using Entry = const DeviceApi* (*)();
    const auto entry = reinterpret_cast<Entry>(dlsym(library, apiEntry));
    if (!entry)
        return {nullptr, path + " is not this program's part for NVIDIA cards."};
    const DeviceApi* const api = entry();
    if (api->version != apiVersion)
        return {nullptr, "The program's part for NVIDIA cards is of another version: " +
                             std::to_string(api->version) + " and not " + std::to_string(apiVersion) + "."};
    return {api, ""};
}

void replaceInstalledApi(const DeviceApi* api) {
    replacement = api;
}

} // namespace kernels::cuda

namespace kernels {

CudaCards listCudaCards() {
    const cuda::LoadedApi loaded = cuda::installedApi();
    return loaded.api ? cuda::listCardsOf(*loaded.api) : CudaCards{{}, loaded.problem};
}

std::unique_ptr<Backend> makeCudaBackend(const CudaOptions& wanted) {
    const CudaOptions options = cuda::withSwitches(wanted);
    const CudaCards found = listCudaCards();
    if (!found.problem.empty())
        throw std::runtime_error(found.problem);
    const auto number = static_cast<std::size_t>(options.card);
    if (options.card < 0 || number >= found.cards.size())
        throw std::runtime_error("There is no NVIDIA card number " + std::to_string(options.card) + " here.");
    if (!found.cards[number].problem.empty())
        throw std::runtime_error(found.cards[number].problem);
    return cuda::makeBackendOn(*cuda::installedApi().api, options);
}

} // namespace kernels
