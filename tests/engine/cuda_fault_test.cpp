#include "tests/engine/interrupted_answer.h"
#include "tests/support/shim_card.h"

#include <gtest/gtest.h>

// An NVIDIA card (the shim) that is lost, or whose memory is full, in the middle of an answer.
namespace {

namespace shim = kernels::cuda::shim;

struct Fault {
    int error; // as CUDA numbers them
    const char* sentence;
};
constexpr Fault illegalAddress{700, "stopped working"}, outOfMemory{2, "no memory left"};

class CudaFault : public testing::Test {
protected:
    void SetUp() override { test::insertShimCard(); }
    void TearDown() override { test::removeShimCard(); }

    static void expectTheAnswerToGoOn(const Fault& fault, int tokensBefore) {
        shim::fail(0);
        test::expectTheAnswerToGoOn(
            "cuda", [&fault] { shim::fail(fault.error); }, fault.sentence, tokensBefore);
    }
};

TEST_F(CudaFault, ALostCardInTheMiddleOfAnAnswer) {
    for (const int tokens : {0, 1, 15, 29})
        expectTheAnswerToGoOn(illegalAddress, tokens);
}

TEST_F(CudaFault, FullMemoryInTheMiddleOfAnAnswer) {
    for (const int tokens : {0, 15})
        expectTheAnswerToGoOn(outOfMemory, tokens);
}

} // namespace
