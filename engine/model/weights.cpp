#include "engine/model/weights.h"

#include "engine/gguf_file.h"
#include "engine/model/tensor_table.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace engine {
namespace {

/// Hands the table's tensors to the backend one by one and counts their bytes for the progress.
class Loader {
public:
    Loader(const GgufFile& file, kernels::Backend& backend) : m_file(file), m_backend(backend) {
        for (const auto& tensor : file.tensors())
            m_total += tensor.bytes;
    }

    void load(const TensorEntry& entry) {
        const GgufFile::TensorInfo& tensor = m_file.getTensor(entry.name);
        if (const auto* matrix = std::get_if<TensorEntry::Matrix>(&entry.to))
            **matrix = rowsOf(tensor, entry);
        else if (const auto* vector = std::get_if<TensorEntry::Vector>(&entry.to))
            **vector = elementsOf(tensor, entry);
        else if (const auto* mixture = std::get_if<TensorEntry::Mixture>(&entry.to))
            **mixture = expertsOf(tensor, entry);
    }
    float progress() const {
        return m_total > 0 ? static_cast<float>(m_read) / static_cast<float>(m_total) : 1.0f;
    }
    std::uint64_t bytes() const { return m_bytes; }

private:
    std::unique_ptr<kernels::Weight> rowsOf(const GgufFile::TensorInfo& tensor, const TensorEntry& entry) {
        kernels::HostMatrix matrix = tensor.matrix();
        matrix.rows = entry.rows;
        const std::size_t inFile = matrix.bytes();
        matrix.rows += entry.zeroRows;
        const std::span<std::byte> bytes = room(matrix.bytes());
        m_file.read(tensor, bytes.first(inFile),
                    static_cast<std::size_t>(entry.firstRow) * matrix.rowBytes());
        std::ranges::fill(bytes.subspan(inFile), std::byte(0)); // 0 in every type
        matrix.data = bytes.data();
        auto weight = m_backend.makeWeight(matrix, m_file.stopToken());
        m_file.checkStop();
        m_read += inFile;
        m_bytes += weight->bytes();
        return weight;
    }
    std::unique_ptr<kernels::Experts> expertsOf(const GgufFile::TensorInfo& tensor,
                                                const TensorEntry& entry) {
        kernels::HostMatrix one = tensor.matrix();
        const auto count = static_cast<std::size_t>(entry.shape[2]); // the tensor's own may lack a last 1
        const std::size_t whole = one.bytes() / count;
        one.rows = entry.rows;
        const std::size_t bytes = one.bytes(),
                          skipped = static_cast<std::size_t>(entry.firstRow) * one.rowBytes();
        const std::span<std::byte> stacked = room(bytes * count);
        for (std::size_t expert = 0; expert < count; ++expert)
            m_file.read(tensor, stacked.subspan(expert * bytes, bytes), expert * whole + skipped);
        one.rows *= static_cast<std::int64_t>(count);
        one.data = stacked.data();
        auto experts = m_backend.makeExperts(one, static_cast<int>(count), m_file.stopToken());
        m_file.checkStop();
        m_read += stacked.size();
        m_bytes += experts->bytes();
        return experts;
    }
    /// A vector, or several of them as rows.
    std::unique_ptr<kernels::Buffer> elementsOf(const GgufFile::TensorInfo& tensor,
                                                const TensorEntry& entry) {
        const std::int64_t rows = entry.shape.size() > 1 ? entry.shape[1] : 1;
        const auto length = static_cast<std::size_t>(entry.rows);
        std::vector<float> values(static_cast<std::size_t>(rows) * length);
        for (std::int64_t row = 0; row < rows; ++row) {
            const std::int64_t first = row * entry.shape[0] + entry.firstRow;
            const auto place = std::span(values).subspan(static_cast<std::size_t>(row) * length, length);
            m_file.read(tensor, std::as_writable_bytes(place),
                        static_cast<std::size_t>(first) * sizeof(float));
        }
        auto buffer = m_backend.makeBuffer(rows, entry.rows);
        m_backend.write(buffer->tensor(), values);
        m_read += values.size() * sizeof(float);
        m_bytes += values.size() * sizeof(float);
        return buffer;
    }

    /// For what of the file is at hand; not zeroed, because that takes long.
    std::span<std::byte> room(std::size_t bytes) {
        if (bytes > m_roomBytes) {
            m_room.reset(); // first, so that there is never both
            m_room = std::make_unique_for_overwrite<std::byte[]>(bytes);
            m_roomBytes = bytes;
        }
        return {m_room.get(), bytes};
    }

    const GgufFile& m_file;
    kernels::Backend& m_backend;
    std::unique_ptr<std::byte[]> m_room;
    std::size_t m_roomBytes = 0;
    std::uint64_t m_total = 0, m_read = 0, m_bytes = 0;
};

} // namespace

void Weights::load(const GgufFile& file, const ModelConfig& config, kernels::Backend& backend,
                   const std::function<void(float)>& progress) {
    Loader loader(file, backend);
    for (const TensorEntry& entry : tensorTable(config, *this)) {
        file.checkStop();
        loader.load(entry);
        if (progress)
            progress(loader.progress());
    }
    for (std::size_t i = 0; config.block.valueNorm && i < layers.size(); ++i) {
        const std::vector<float> ones(static_cast<std::size_t>(config.layerConfigs[i].headDim), 1.0f);
        layers[i].valueNorm.gain = backend.makeBuffer(1, config.layerConfigs[i].headDim);
        backend.write(layers[i].valueNorm.gain->tensor(), ones);
    }
    if (config.experts.sharedGate) {
        const auto factors = [&](float ofGate, float ofZero) {
            auto buffer = backend.makeBuffer(1, 2);
            backend.write(buffer->tensor(), std::array{ofGate, ofZero});
            return buffer;
        };
        gateShares = factors(1, -1);
        gateRests = factors(0, 1);
    }
    if (config.attention.maxAlibiBias > 0) {
        alibiSlopes = backend.makeBuffer(1, config.heads);
        backend.write(alibiSlopes->tensor(),
                      engine::alibiSlopes(config.heads, config.attention.maxAlibiBias));
    }
    bytes = loader.bytes();
}

std::vector<float> alibiSlopes(int heads, float maxBias) {
    int power = 1;
    while (power * 2 <= heads)
        power *= 2;
    std::vector<float> slopes;
    for (int head = 0; head < heads; ++head) {
        const double exponent =
            head < power ? (head + 1.0) * static_cast<double>(maxBias) / power
                         : (2.0 * (head - power) + 1.0) * static_cast<double>(maxBias) / (2.0 * power);
        slopes.push_back(static_cast<float>(std::exp2(-exponent)));
    }
    return slopes;
}

} // namespace engine
