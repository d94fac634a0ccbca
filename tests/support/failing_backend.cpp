#include "tests/support/failing_backend.h"

#include "kernels/cpu_backend.h"
#include "kernels/test_device.h"

#include <stdexcept>

namespace test {
namespace {

using namespace kernels;

void count(int& left, const char* sentence) {
    if (left == 0)
        throw std::runtime_error(sentence);
    if (left > 0)
        --left;
}

/// The CPU's backend behind faults. Operations are passed on as they are.
class FailingBackend : public Backend {
public:
    explicit FailingBackend(std::shared_ptr<DeviceFaults> faults)
        : m_faults(std::move(faults)), m_cpu(makeCpuBackend({.threads = 1})) {
        ++m_faults->backends;
    }
    ~FailingBackend() override { --m_faults->backends; }

    DeviceInfo info() const override { return {.name = "Test device", .instructionSet = {}}; }
    std::unique_ptr<Weight> makeWeight(const HostMatrix& source, const std::stop_token& stop) override {
        count(m_faults->weights, DeviceFaults::NoRoomForWeights);
        if (m_faults->models >= 0 && m_faults->backends > m_faults->models &&
            m_weights >= m_faults->weightsBeside)
            throw std::runtime_error(DeviceFaults::NoRoomForWeights);
        ++m_weights;
        return m_cpu->makeWeight(source, stop);
    }
    std::unique_ptr<Experts> makeExperts(const HostMatrix& stacked, int experts,
                                         const std::stop_token& stop) override {
        return m_cpu->makeExperts(stacked, experts, stop);
    }
    std::unique_ptr<ExpertChoice> makeExpertChoice(std::int64_t mostTokens, int experts, int used) override {
        return m_cpu->makeExpertChoice(mostTokens, experts, used);
    }
    std::unique_ptr<Buffer> makeBuffer(std::int64_t rows, std::int64_t cols) override {
        return m_cpu->makeBuffer(rows, cols);
    }
    std::unique_ptr<KvCache> makeKvCache(const KvShape& shape) override {
        count(m_faults->caches, DeviceFaults::NoRoomForCache);
        return m_cpu->makeKvCache(shape);
    }
    void write(Tensor destination, std::span<const float> values) override {
        m_cpu->write(destination, values);
    }
    std::span<const float> read(Tensor source) override { return m_cpu->read(source); }
    void begin(const StepInputs& inputs) override {
        m_cpu->begin(inputs);
        if (m_faults->begun)
            m_faults->begun();
    }
    void submit() override {
        count(m_faults->steps, DeviceFaults::Lost);
        m_cpu->submit();
    }
    void wait() override { m_cpu->wait(); }

    void embed(const Weight& table, Tensor out) override { m_cpu->embed(table, out); }
    void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor out) override {
        m_cpu->rmsNorm(x, gain, epsilon, out);
    }
    void layerNorm(Tensor x, Tensor gain, const Buffer* bias, float epsilon, Tensor out) override {
        m_cpu->layerNorm(x, gain, bias, epsilon, out);
    }
    void linear(Tensor x, std::span<const LinearJob> jobs, Rounding rounding) override {
        m_cpu->linear(x, jobs, rounding);
    }
    void chooseExperts(Tensor logits, ExpertWeights weights, ExpertChoice& choice) override {
        m_cpu->chooseExperts(logits, weights, choice);
    }
    void linearExperts(Tensor x, std::span<const ExpertJob> jobs, const ExpertChoice& choice,
                       Rounding rounding) override {
        m_cpu->linearExperts(x, jobs, choice, rounding);
    }
    void combineExperts(Tensor parts, const ExpertChoice& choice, const Buffer* scales, Write write,
                        Tensor out) override {
        m_cpu->combineExperts(parts, choice, scales, write, out);
    }
    void rope(Tensor x, int headDim, int ropeDim, RopePairing pairing, int table, Tensor out) override {
        m_cpu->rope(x, headDim, ropeDim, pairing, table, out);
    }
    void storeKv(KvCache& cache, int layer, Tensor k, Tensor v) override {
        m_cpu->storeKv(cache, layer, k, v);
    }
    void attend(const AttendArgs& args) override { m_cpu->attend(args); }
    void gatedActivation(Activation activation, Tensor gate, Tensor up, Tensor out) override {
        m_cpu->gatedActivation(activation, gate, up, out);
    }
    void activation(Activation activation, Tensor inOut) override { m_cpu->activation(activation, inOut); }
    void clamp(Tensor inOut, float limit) override { m_cpu->clamp(inOut, limit); }
    void softcap(Tensor inOut, float cap) override { m_cpu->softcap(inOut, cap); }
    void add(Tensor x, Tensor inOut) override { m_cpu->add(x, inOut); }
    void scale(Tensor inOut, float factor) override { m_cpu->scale(inOut, factor); }
    void topLogits(Tensor logits, TopLogits& top) override { m_cpu->topLogits(logits, top); }
    std::uint64_t takeBytesRead() override { return m_cpu->takeBytesRead(); }

private:
    std::shared_ptr<DeviceFaults> m_faults;
    std::unique_ptr<Backend> m_cpu;
    int m_weights = 0; // made
};

} // namespace

FailingDevice::FailingDevice() {
    setTestDevice([faults = faults] { return std::make_unique<FailingBackend>(faults); });
}
FailingDevice::~FailingDevice() {
    setTestDevice({});
}

} // namespace test
