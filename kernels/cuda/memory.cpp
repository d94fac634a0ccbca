#include "kernels/cuda/memory.h"

namespace kernels::cuda {

PackedRows::PackedRows(Gpu& gpu, const HostMatrix& source, const std::stop_token& stop)
    : m_form(gpu::packedFormOf(source.type)),
      m_quants(gpu.device, static_cast<std::size_t>(source.rows * m_form.quantBytesOf(source.cols))),
      m_scales(gpu.device, static_cast<std::size_t>(source.rows * m_form.scaleBytesOf(source.cols))),
      m_view{m_quants.data(),
             m_scales.data(),
             source.rows,
             static_cast<std::int32_t>(source.cols),
             static_cast<std::int32_t>(gpu::PackedForm::chunksOf(source.cols)),
             static_cast<std::int32_t>(m_form.chunksOfScale),
             m_form.hasFloatScales,
             m_form.zeroPoint} {
    gpu::packRows(
        source, m_form, 0, source.rows,
        [&](std::int64_t row, std::span<const std::byte> quants, std::span<const std::byte> scales) {
            gpu.device.upload(m_quants.data() + row * m_form.quantBytesOf(source.cols), quants);
            gpu.device.upload(m_scales.data() + row * m_form.scaleBytesOf(source.cols), scales);
        },
        stop);
}

CudaKvCache::CudaKvCache(Gpu& gpu, const KvShape& shape) : RowCache(shape, true), m_gpu(gpu) {
    for (int layer = 0; layer < static_cast<int>(shape.layers.size()); ++layer) {
        const Layer& own = m_layers.emplace_back(Layer{Memory(gpu.device, sinkLayout(layer).bytes()),
                                                       Memory(gpu.device, ringLayout(layer).bytes())});
        for (const Memory* const part : {&own.sinks, &own.ring})
            gpu.device.zero(part->data(), part->size());
    }
}

std::size_t CudaKvCache::bytes() const {
    std::size_t bytes = 0;
    for (const Layer& layer : m_layers)
        bytes += layer.sinks.size() + layer.ring.size();
    return bytes;
}

void CudaKvCache::readPart(int layer, Part part, std::size_t offset, std::span<std::byte> bytes) const {
    m_gpu.device.download(dataOf(layer, part) + offset, bytes);
}

void CudaKvCache::writePart(int layer, Part part, std::size_t offset, std::span<const std::byte> bytes) {
    m_gpu.device.upload(dataOf(layer, part) + offset, bytes);
}

CachePart CudaKvCache::view(int layer, Part part) const {
    const gpu::RowLayout layout = part == Part::Sinks ? sinkLayout(layer) : ringLayout(layer);
    std::byte* const data = dataOf(layer, part);
    // An empty part has no memory, and nobody asks for a row of it.
    return {reinterpret_cast<std::uint32_t*>(data),
            data ? reinterpret_cast<std::uint16_t*>(data + layout.scalesAt(0)) : nullptr,
            layout.slots,
            static_cast<std::int32_t>(layout.type),
            layout.numberWords(),
            2 * layout.scaleWords()};
}

} // namespace kernels::cuda
