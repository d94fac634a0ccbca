#include "kernels/backend.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/probe.h"
#include "kernels/cuda/shim/shim_device.h"
#include "kernels/devices.h"
#include "tests/kernels/linear_support.h"
#include "tests/support/environment_variable.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/run_step.h"
#include "tests/support/shim_card.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <unistd.h>

// What is CUDA's alone: what is said where there is no card, the list of devices, cuBLAS, replayed steps, and faults.
namespace {

using namespace kernels;
using test::GuardedBuffer;

constexpr int insufficientDriver = 35, noDevice = 100, launchFailure = 719;

void expectSentence(const std::string& text, const std::string& part) {
    EXPECT_TRUE(!text.empty() && std::isupper(static_cast<unsigned char>(text.front())) && text.back() == '.')
        << text;
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

/// What a machine's driver says.
struct Machine {
    int error = 0, cards = 1, driver = 13000, major = 9, minor = 0, describeError = 0;
};
Machine machine;

cuda::DeviceApi apiOfMachine() {
    cuda::DeviceApi api = cuda::shim::deviceApi();
    api.count = [](int* cards, int* driver, int* runtime) {
        *cards = machine.cards;
        *driver = machine.driver;
        *runtime = 13000;
        return machine.error;
    };
    api.describe = [](int, cuda::CardInfo* info) {
        *info = {"Card of a test", 1u << 30, machine.major, machine.minor, 7};
        return machine.describeError;
    };
    return api;
}

std::string problemOf(const Machine& wanted) {
    machine = wanted;
    const CudaCards found = cuda::listCardsOf(apiOfMachine());
    EXPECT_EQ(found.problem.empty(), !found.cards.empty());
    return found.problem;
}

TEST(CudaList, SaysInOneSentenceWhyThereIsNoCard) {
    expectSentence(problemOf({.error = insufficientDriver, .cards = 0, .driver = 0}), "no NVIDIA driver");
    expectSentence(problemOf({.error = insufficientDriver, .cards = 0, .driver = 12020}),
                   "knows CUDA 12.2, and this program needs 13.0");
    expectSentence(problemOf({.error = noDevice, .cards = 0}), "no NVIDIA card");
    expectSentence(problemOf({.cards = 0}), "no NVIDIA card");
    expectSentence(problemOf({.error = 999, .cards = 0}), "code 999");
    expectSentence(cuda::loadApi("/nowhere/sumidero-cuda.so").problem, "without CUDA");
    expectSentence(cuda::loadApi("/proc/self/exe").problem, "cannot be loaded");
}

TEST(CudaList, SaysWhatIsWrongWithACard) {
    machine = {.cards = 2, .major = 7, .minor = 0};
    const CudaCards old = cuda::listCardsOf(apiOfMachine());
    ASSERT_EQ(old.cards.size(), 2u);
    expectSentence(old.cards[1].problem, "capability 7.0, and this program needs 7.5");
    machine = {.describeError = 802};
    expectSentence(cuda::listCardsOf(apiOfMachine()).cards[0].problem, "code 802");
    machine = {.major = 7, .minor = 5};
    const CudaCards good = cuda::listCardsOf(apiOfMachine());
    EXPECT_EQ(good.cards[0].problem, "");
    EXPECT_EQ(good.cards[0].features, "CUDA 13.0, compute capability 7.5, 7 multiprocessors");
}

class Cuda : public testing::Test {
protected:
    void SetUp() override {
        test::insertShimCard();
        if (!IsSkipped())
            m_backend = makeBackend({.device = "cuda"});
    }
    void TearDown() override {
        cuda::shim::fail(0);
        cuda::shim::setCanMultiply(false);
        m_backend.reset();
        test::removeShimCard();
    }
    std::unique_ptr<Backend> m_backend;
};

TEST_F(Cuda, CardsAreDevicesByName) {
    const DeviceList list = listDevices();
    const auto card = std::find_if(list.devices.begin(), list.devices.end(),
                                   [](const Device& device) { return device.name == "cuda:0"; });
    ASSERT_NE(card, list.devices.end());
    EXPECT_EQ(card->title, "Shim");
    EXPECT_EQ(list.cudaProblem, "");
    EXPECT_EQ(makeBackend({.device = "cuda:0"})->info().name, "Shim");
    for (const char* name : {"cuda:1", "cuda:x", "cuda:", "cuda:-1", "cudax"})
        EXPECT_THROW(makeBackend({.device = name}), std::runtime_error) << name;
}

// Prompts go through cuBLAS where it is there (plain loops, here), in half precision where a product bears it.
TEST_F(Cuda, ManyTokensAreMultipliedByTheLibrary) {
    cuda::shim::setCanMultiply(true);
    for (const DType type : {DType::F32, DType::BF16, DType::Q4_K, DType::Q8_0})
        for (const Rounding rounding : {Rounding::Careful, Rounding::Robust}) {
            constexpr std::int64_t rows = 37, cols = 512, tokens = 11;
            const test::StoredMatrix matrix(type, rows, cols, 1);
            const auto weight = m_backend->makeWeight(matrix.host);
            const auto x = test::randomValues(tokens * cols, 2),
                       before = test::randomValues(tokens * rows, 3), biases = test::randomValues(rows, 4);
            GuardedBuffer in(*m_backend, tokens, cols, x), plain(*m_backend, tokens, rows),
                added(*m_backend, tokens, rows, before);
            const auto bias = m_backend->makeBuffer(1, rows);
            m_backend->write(bias->tensor(), biases);
            const LinearJob jobs[] = {{weight.get(), plain.tensor()},
                                      {weight.get(), added.tensor(), Write::Add, bias.get()}};
            test::runStep(*m_backend, {}, [&] { m_backend->linear(in.tensor(), jobs, rounding); });
            const auto found = plain.get(), sums = added.get();
            for (std::size_t i = 0; i < found.size(); ++i) {
                const auto token = static_cast<std::int64_t>(i) / rows,
                           row = static_cast<std::int64_t>(i) % rows;
                const test::Product expected = test::referenceProduct(matrix, row, x.data() + token * cols);
                // Half precision keeps 11 bits of a weight and of an activation.
                const double bound = rounding == Rounding::Careful ? 5e-6 * expected.magnitude
                                                                   : 4e-3 * std::sqrt(expected.energy);
                ASSERT_NEAR(found[i], expected.value, bound) << name(type) << " " << i;
                ASSERT_NEAR(sums[i], found[i] + before[i] + biases[i % biases.size()], 2e-5) << name(type);
            }
            EXPECT_TRUE(plain.guardsIntact() && added.guardsIntact());
        }
}

TEST_F(Cuda, ALostCardIsOneSentenceAndTheNextStepStartsAfresh) {
    GuardedBuffer x(*m_backend, 2, 8, test::randomValues(16, 1));
    const auto before = x.get();
    cuda::shim::fail(launchFailure);
    try {
        test::runStep(*m_backend, {}, [&] { m_backend->scale(x.tensor(), 2.0f); });
        FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
        expectSentence(error.what(), "stopped working");
    }
    test::runStep(*m_backend, {}, [&] { m_backend->scale(x.tensor(), 3.0f); });
    const auto after = x.get();
    for (std::size_t i = 0; i < before.size(); ++i)
        EXPECT_EQ(after[i], 3.0f * before[i]);
}

// The same operations three times: run, recorded, replayed; and each time with other inputs.
TEST_F(Cuda, AReplayedStepTakesItsOwnInputs) {
    const auto table = test::randomValues(4 * 32, 1);
    const auto weight =
        m_backend->makeWeight({DType::F32, 4, 32, reinterpret_cast<const std::byte*>(table.data())});
    GuardedBuffer out(*m_backend, 1, 32);
    const int before = cuda::shim::replays();
    for (const std::int32_t token : {2, 0, 3, 1}) {
        const std::int32_t tokens[] = {token};
        test::runStep(*m_backend, {.tokens = tokens}, [&] { m_backend->embed(*weight, out.tensor()); });
        const auto found = out.get();
        EXPECT_TRUE(std::equal(found.begin(), found.end(), table.begin() + 32 * token)) << token;
    }
    EXPECT_EQ(cuda::shim::replays() - before, 3);
    // Another operation is not the recorded one.
    GuardedBuffer other(*m_backend, 1, 32);
    const std::int32_t tokens[] = {1};
    test::runStep(*m_backend, {.tokens = tokens}, [&] { m_backend->embed(*weight, other.tensor()); });
    EXPECT_EQ(other.get(), out.get());
    EXPECT_EQ(cuda::shim::replays() - before, 3);
}

TEST_F(Cuda, GraphsAndTheLibraryCanBeSwitchedOffForMeasurements) {
    cuda::shim::setCanMultiply(true);
    const test::StoredMatrix matrix(DType::Q8_0, 40, 64, 1);
    const auto x = test::randomValues(9 * 64, 2);
    const auto run = [&] { // replays and products of the library
        const auto backend = makeBackend({.device = "cuda"});
        const auto weight = backend->makeWeight(matrix.host);
        GuardedBuffer in(*backend, 9, 64, x), out(*backend, 9, 40);
        const LinearJob job[] = {{weight.get(), out.tensor()}};
        const int replays = cuda::shim::replays(), products = cuda::shim::multiplications();
        for (int i = 0; i < 3; ++i)
            test::runStep(*backend, {}, [&] { backend->linear(in.tensor(), job, Rounding::Careful); });
        return std::pair(cuda::shim::replays() - replays, cuda::shim::multiplications() - products);
    };
    EXPECT_EQ(run(), std::pair(2, 3));
    {
        const test::EnvironmentVariable off("SUMIDERO_CUDA_GRAPHS", "0");
        EXPECT_EQ(run(), std::pair(0, 3));
    }
    const test::EnvironmentVariable off("SUMIDERO_CUDA_CUBLAS", "0");
    EXPECT_EQ(run(), std::pair(2, 0));
}

} // namespace
