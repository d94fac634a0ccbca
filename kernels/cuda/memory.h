#pragma once
#include "kernels/backend.h"
#include "kernels/cuda/recorder.h"
#include "kernels/gpu/packed_form.h"
#include "kernels/gpu/row_cache.h"

#include <cassert>
#include <vector>

// What a CUDA backend's objects own on the card.
namespace kernels::cuda {

/// Everything that the operations of one backend share.
struct Gpu {
    Gpu(const DeviceApi& api, int card, CudaSteps steps) : device(api, card), recorder(device, steps) {}

    Device device;
    Recorder recorder;
};

class CudaBuffer final : public Buffer {
public:
    CudaBuffer(Gpu& gpu, std::int64_t rows, std::int64_t cols)
        : Buffer(rows, cols), m_memory(gpu.device, static_cast<std::size_t>(rows * cols) * sizeof(float)) {
        gpu.device.zero(m_memory.data(), m_memory.size());
    }
    float* data() const { return m_memory.as<float>(); }
    std::vector<float>& copyForReading() { return m_read; }

private:
    Memory m_memory;
    std::vector<float> m_read; // what read() gave last
};

inline float* addressOf(const Tensor& tensor) {
    assert(tensor.buffer != nullptr && tensor.offset >= 0 &&
           tensor.offset + tensor.rows * tensor.cols <= tensor.buffer->rows() * tensor.buffer->cols());
    return static_cast<const CudaBuffer*>(tensor.buffer)->data() + tensor.offset;
}

inline const float* addressOf(const Buffer* buffer) {
    return buffer ? static_cast<const CudaBuffer*>(buffer)->data() : nullptr;
}

/// Packed rows of a matrix, or of one matrix of each expert.
class PackedRows {
public:
    /// Unfinished when a stop was asked for.
    PackedRows(Gpu& gpu, const HostMatrix& source, const std::stop_token& stop);

    std::size_t bytes() const { return m_quants.size() + m_scales.size(); }
    const gpu::PackedForm& form() const { return m_form; }
    const WeightView& view() const { return m_view; }

private:
    gpu::PackedForm m_form;
    Memory m_quants, m_scales;
    WeightView m_view;
};

class CudaWeight final : public Weight {
public:
    CudaWeight(Gpu& gpu, const HostMatrix& source, const std::stop_token& stop)
        : m_type(source.type), m_rows(gpu, source, stop) {}
    std::int64_t rows() const override { return m_rows.view().rows; }
    std::int64_t cols() const override { return m_rows.view().cols; }
    DType type() const override { return m_type; }
    std::size_t bytes() const override { return m_rows.bytes(); }
    const PackedRows& packed() const { return m_rows; }

private:
    DType m_type;
    PackedRows m_rows;
};

class CudaExperts final : public Experts {
public:
    CudaExperts(Gpu& gpu, const HostMatrix& stacked, int count, const std::stop_token& stop)
        : m_count(count), m_rows(gpu, stacked, stop) {
        assert(count > 0 && stacked.rows % count == 0);
    }
    int count() const override { return m_count; }
    std::int64_t rows() const override { return m_rows.view().rows / m_count; }
    std::int64_t cols() const override { return m_rows.view().cols; }
    std::size_t bytes() const override { return m_rows.bytes(); }
    const PackedRows& packed() const { return m_rows; }

private:
    int m_count;
    PackedRows m_rows;
};

class CudaExpertChoice final : public ExpertChoice {
public:
    CudaExpertChoice(Gpu& gpu, std::int64_t mostTokens, int experts, int used)
        : ExpertChoice(experts, used), m_places(mostTokens * used),
          m_experts(gpu.device, static_cast<std::size_t>(m_places) * sizeof(std::int32_t)),
          m_weights(gpu.device, static_cast<std::size_t>(m_places) * sizeof(float)) {}
    std::int32_t* chosen() const { return m_experts.as<std::int32_t>(); }
    float* weights() const { return m_weights.as<float>(); }
    std::int64_t places() const { return m_places; }

private:
    std::int64_t m_places;
    Memory m_experts, m_weights;
};

class CudaKvCache final : public gpu::RowCache {
public:
    CudaKvCache(Gpu& gpu, const KvShape& shape);
    std::size_t bytes() const override;
    CachePart sinks(int layer) const { return view(layer, Part::Sinks); }
    CachePart ring(int layer) const { return view(layer, Part::Ring); }

private:
    struct Layer {
        Memory sinks, ring;
    };
    void readPart(int layer, Part part, std::size_t offset, std::span<std::byte> bytes) const override;
    void writePart(int layer, Part part, std::size_t offset, std::span<const std::byte> bytes) override;
    CachePart view(int layer, Part part) const;
    std::byte* dataOf(int layer, Part part) const {
        const Layer& own = m_layers[static_cast<std::size_t>(layer)];
        return (part == Part::Sinks ? own.sinks : own.ring).data();
    }

    Gpu& m_gpu;
    std::vector<Layer> m_layers;
};

} // namespace kernels::cuda
