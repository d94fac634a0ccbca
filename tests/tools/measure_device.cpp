#include "kernels/devices.h"
#include "tests/support/run_step.h"
#include "tests/support/toy_model.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <random>
#include <string>
#include <vector>

// measure_device NAME [small]: what a device's memory and products do, one JSON object. Each figure is the median of some runs, after one
// that is not counted. "small" is for software devices.
namespace {

using namespace kernels;

struct Sizes {
    std::int64_t bufferRows, matrix, copies, tokens;
    int runs;
};
constexpr Sizes usual{1 << 16, 4096, 16, 512, 9}, small{1 << 10, 512, 2, 16, 3};
constexpr std::int64_t bufferCols = 1024;
constexpr std::array types{DType::Q4_0, DType::Q4_1, DType::Q4_K, DType::Q6_K,
                           DType::Q8_0, DType::F16,  DType::BF16, DType::F32};

double medianSeconds(int runs, const std::function<void()>& work) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> times;
    for (int i = 0; i <= runs; ++i) {
        const auto begin = Clock::now();
        work();
        if (i > 0)
            times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

/// Some rows, repeated: quantising plainly is slow, and the values do not matter.
std::vector<std::byte> storedMatrix(DType type, std::int64_t size) {
    constexpr std::int64_t distinctRows = 8;
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<std::size_t>(distinctRows * size));
    std::generate(values.begin(), values.end(), [&] { return normal(random); });
    const auto some = test::quantise(type, values.data(), distinctRows, size);
    std::vector<std::byte> stored(HostMatrix{type, size, size, nullptr}.bytes());
    for (std::size_t at = 0; at < stored.size(); at += some.size())
        std::memcpy(stored.data() + at, some.data(), std::min(some.size(), stored.size() - at));
    return stored;
}

void measureMemory(Backend& backend, const Sizes& sizes) {
    const auto a = backend.makeBuffer(sizes.bufferRows, bufferCols),
               b = backend.makeBuffer(sizes.bufferRows, bufferCols);
    const std::vector<float> values(static_cast<std::size_t>(sizes.bufferRows * bufferCols), 1.0f);
    const double gigabytes = 1e-9 * static_cast<double>(values.size() * sizeof(float));
    const double in = medianSeconds(sizes.runs, [&] { backend.write(a->tensor(), values); });
    const double out = medianSeconds(sizes.runs, [&] { backend.read(a->tensor()); });
    constexpr int times = 4; // in one step, so that its start costs little
    const double added = medianSeconds(sizes.runs, [&] {
        test::runStep(backend, {}, [&] {
            for (int i = 0; i < times; ++i)
                backend.add(a->tensor(), b->tensor());
        });
    });
    std::printf("\"to_device_gb_s\": %.3f, \"from_device_gb_s\": %.3f, \"add_gb_s\": %.3f", gigabytes / in,
                gigabytes / out, 3 * times * gigabytes / added); // two read, one written
}

/// One token against as many matrices as no cache holds, then many tokens against one.
void measureProducts(Backend& backend, const Sizes& sizes, DType type) {
    const auto stored = storedMatrix(type, sizes.matrix);
    std::vector<std::unique_ptr<Weight>> weights;
    for (std::int64_t i = 0; i < sizes.copies; ++i)
        weights.push_back(backend.makeWeight({type, sizes.matrix, sizes.matrix, stored.data()}));
    const auto x = backend.makeBuffer(sizes.tokens, sizes.matrix),
               out = backend.makeBuffer(sizes.tokens, sizes.matrix);
    const auto product = [&](const Weight& weight, std::int64_t tokens) {
        const LinearJob job{&weight, out->tensor().rowRange(0, tokens)};
        backend.linear(x->tensor().rowRange(0, tokens), {&job, 1}, Rounding::Careful);
    };
    backend.takeBytesRead();
    const double one = medianSeconds(sizes.runs, [&] {
        test::runStep(backend, {}, [&] {
            for (const auto& weight : weights)
                product(*weight, 1);
        });
    });
    const double bytes = static_cast<double>(backend.takeBytesRead()) / (sizes.runs + 1);
    const double many = medianSeconds(
        sizes.runs, [&] { test::runStep(backend, {}, [&] { product(*weights.front(), sizes.tokens); }); });
    const double operations = 2.0 * static_cast<double>(sizes.matrix * sizes.matrix * sizes.tokens);
    std::printf("%s{\"type\": \"%s\", \"matvec_gb_s\": %.3f, \"matmat_gop_s\": %.1f}",
                type == types.front() ? "" : ", ", name(type), 1e-9 * bytes / one, 1e-9 * operations / many);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: measure_device NAME [small]\n", stderr);
        return 2;
    }
    const Sizes& sizes = argc > 2 && std::strcmp(argv[2], "small") == 0 ? small : usual;
    try {
        const auto backend = makeBackend({.device = argv[1]});
        std::printf("{");
        measureMemory(*backend, sizes);
        std::printf(", \"matrix\": %d, \"tokens\": %d, \"products\": [", static_cast<int>(sizes.matrix),
                    static_cast<int>(sizes.tokens));
        for (const DType type : types)
            measureProducts(*backend, sizes, type);
        std::printf("]}\n");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
