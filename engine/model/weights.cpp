#include "engine/model/weights.h"

#include "engine/gguf_file.h"
#include "engine/model/tensor_table.h"

#include <cmath>
#include <cstring>

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
    }
    float progress() const {
        return m_total > 0 ? static_cast<float>(m_read) / static_cast<float>(m_total) : 1.0f;
    }
    std::uint64_t bytes() const { return m_bytes; }

private:
    std::unique_ptr<kernels::Weight> rowsOf(const GgufFile::TensorInfo& tensor, const TensorEntry& entry) {
        kernels::HostMatrix matrix = tensor.matrix();
        matrix.rows = entry.rows;
        m_file.read(tensor, m_buffer, static_cast<std::size_t>(entry.firstRow) * matrix.rowBytes(),
                    matrix.bytes());
        matrix.data = m_buffer.data();
        auto weight = m_backend.makeWeight(matrix);
        m_read += matrix.bytes();
        m_bytes += weight->bytes();
        return weight;
    }
    std::unique_ptr<kernels::Buffer> elementsOf(const GgufFile::TensorInfo& tensor,
                                                const TensorEntry& entry) {
        std::vector<float> values(static_cast<std::size_t>(entry.rows));
        const std::size_t bytes = values.size() * sizeof(float);
        m_file.read(tensor, m_buffer, static_cast<std::size_t>(entry.firstRow) * sizeof(float), bytes);
        std::memcpy(values.data(), m_buffer.data(), bytes);
        auto buffer = m_backend.makeBuffer(1, entry.rows);
        m_backend.write(buffer->tensor(), values);
        m_read += bytes;
        m_bytes += bytes;
        return buffer;
    }

    const GgufFile& m_file;
    kernels::Backend& m_backend;
    std::vector<std::byte> m_buffer; // what of the file is at hand
    std::uint64_t m_total = 0, m_read = 0, m_bytes = 0;
};

} // namespace

bool Weights::load(const GgufFile& file, const ModelConfig& config, kernels::Backend& backend,
                   const std::function<void(float)>& progress, const std::stop_token& stop) {
    Loader loader(file, backend);
    for (const TensorEntry& entry : tensorTable(config, *this)) {
        if (stop.stop_requested())
            return false;
        loader.load(entry);
        if (progress)
            progress(loader.progress());
    }
    if (config.attention.maxAlibiBias > 0) {
        alibiSlopes = backend.makeBuffer(1, config.heads);
        backend.write(alibiSlopes->tensor(),
                      engine::alibiSlopes(config.heads, config.attention.maxAlibiBias));
    }
    bytes = loader.bytes();
    return true;
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
