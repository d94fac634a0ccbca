#include "engine/model/weights.h"

#include "engine/error.h"
#include "engine/executor.h"
#include "engine/gguf_file.h"
#include "engine/model/tensor_table.h"
#include "engine/reading_chunk.h"

#include <algorithm>
#include <cmath>

namespace engine {
namespace {

/// Hands the table's tensors to a backend one by one and counts their bytes for the progress.
class Loader {
public:
    Loader(Weights& weights, const GgufFile& file, const ModelConfig& config,
           const std::function<void(float)>& progress)
        : m_weights(weights), m_file(file), m_config(config), m_progress(progress),
          m_entries(tensorTable(config, weights)) {
        for (const auto& tensor : file.tensors())
            m_total += tensor.bytes;
    }

    void loadEmbedding(kernels::Backend& backend) { load(m_entries.front(), backend); }
    void loadLayer(int layer, kernels::Backend& backend) {
        m_readBefore = m_read;
        m_bytesBefore = m_bytes;
        loadAll(layer, backend);
        compute(layer, backend);
    }
    /// The one that was begun last.
    void dropLayer(int layer) {
        m_weights.layers[static_cast<std::size_t>(layer)] = {};
        m_read = m_readBefore;
        m_bytes = m_bytesBefore;
    }
    /// What comes behind the layers; the embedding, too, where it makes the logits.
    void loadOutput(kernels::Backend& backend) {
        if (m_config.tiedOutput)
            loadEmbedding(backend);
        loadAll(TensorEntry::OfNoLayer, backend);
    }
    std::uint64_t bytes() const { return m_bytes; }

private:
    void loadAll(int layer, kernels::Backend& backend) {
        for (const TensorEntry& entry : std::span(m_entries).subspan(1))
            if (entry.layer == layer)
                load(entry, backend);
    }
    void load(const TensorEntry& entry, kernels::Backend& backend) {
        m_file.checkStop();
        const GgufFile::TensorInfo& tensor = m_file.getTensor(entry.name);
        if (const auto* matrix = std::get_if<TensorEntry::Matrix>(&entry.to))
            **matrix = rowsOf(tensor, entry, backend);
        else if (const auto* vector = std::get_if<TensorEntry::Vector>(&entry.to))
            **vector = elementsOf(tensor, entry, backend);
        else if (const auto* mixture = std::get_if<TensorEntry::Mixture>(&entry.to))
            **mixture = expertsOf(tensor, entry, backend);
        if (m_progress) // what is on two backends is read twice
            m_progress(m_read < m_total ? static_cast<float>(m_read) / static_cast<float>(m_total) : 1.0f);
    }
    /// What the file lacks because it follows from the configuration.
    void compute(int layer, kernels::Backend& backend) {
        LayerWeights& own = m_weights.layers[static_cast<std::size_t>(layer)];
        const auto make = [&](const std::vector<float>& values) {
            auto buffer = backend.makeBuffer(1, static_cast<std::int64_t>(values.size()));
            backend.write(buffer->tensor(), values);
            return buffer;
        };
        if (m_config.block.valueNorm)
            own.valueNorm.gain =
                make(std::vector<float>(static_cast<std::size_t>(m_config.layer(layer).headDim), 1.0f));
        if (const float bias = m_config.attention.maxAlibiBias; bias > 0)
            own.alibiSlopes = make(alibiSlopes(m_config.heads, bias));
        if (m_config.experts.sharedGate) {
            own.gateShares = make({1, -1});
            own.gateRests = make({0, 1});
        }
    }

    std::unique_ptr<kernels::Weight> rowsOf(const GgufFile::TensorInfo& tensor, const TensorEntry& entry,
                                            kernels::Backend& backend) {
        kernels::HostMatrix matrix = tensor.matrix();
        matrix.rows = entry.rows;
        const std::size_t inFile = matrix.bytes();
        matrix.rows += entry.zeroRows;
        const std::span<std::byte> bytes = room(matrix.bytes());
        m_file.read(tensor, bytes.first(inFile),
                    static_cast<std::size_t>(entry.firstRow) * matrix.rowBytes());
        std::ranges::fill(bytes.subspan(inFile), std::byte(0)); // 0 in every type
        matrix.data = bytes.data();
        auto weight = backend.makeWeight(matrix, m_file.stopToken());
        m_file.checkStop();
        m_read += inFile;
        m_bytes += weight->bytes();
        return weight;
    }
    std::unique_ptr<kernels::Experts> expertsOf(const GgufFile::TensorInfo& tensor, const TensorEntry& entry,
                                                kernels::Backend& backend) {
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
        auto experts = backend.makeExperts(one, static_cast<int>(count), m_file.stopToken());
        m_file.checkStop();
        m_read += stacked.size();
        m_bytes += experts->bytes();
        return experts;
    }
    /// A vector, or several of them as rows.
    std::unique_ptr<kernels::Buffer> elementsOf(const GgufFile::TensorInfo& tensor, const TensorEntry& entry,
                                                kernels::Backend& backend) {
        const std::int64_t rows = entry.shape.size() > 1 ? entry.shape[1] : 1;
        const auto length = static_cast<std::size_t>(entry.rows);
        std::vector<float> values(static_cast<std::size_t>(rows) * length);
        for (std::int64_t row = 0; row < rows; ++row) {
            const std::int64_t first = row * entry.shape[0] + entry.firstRow;
            const auto place = std::span(values).subspan(static_cast<std::size_t>(row) * length, length);
            m_file.read(tensor, std::as_writable_bytes(place),
                        static_cast<std::size_t>(first) * sizeof(float));
        }
        auto buffer = backend.makeBuffer(rows, entry.rows);
        backend.write(buffer->tensor(), values);
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

    Weights& m_weights;
    const GgufFile& m_file;
    const ModelConfig& m_config;
    const std::function<void(float)>& m_progress;
    const std::vector<TensorEntry> m_entries; // the embedding first
    std::unique_ptr<std::byte[]> m_room;
    std::size_t m_roomBytes = 0;
    std::uint64_t m_total = 0, m_read = 0, m_bytes = 0;
    std::uint64_t m_readBefore = 0, m_bytesBefore = 0; // the layer that was begun last
};

/// Holds what a chat needs of a device's memory while weights fill it.
class KeptRoom {
public:
    KeptRoom(const ModelConfig& config, int cacheTokens, kernels::Backend& device)
        : m_slots(cacheTokens + largestChunk(config)), m_device(device) {
        // Scratch memory of a step, and as much again for what the device needs by itself.
        m_scratch = device.makeBuffer(readingChunk(config, device.info()), 2 * Executor::scratchCols(config));
    }
    void keepForLayer(const LayerConfig& layer) {
        m_caches.push_back(m_device.makeKvCache(
            {.layers = {{layer.kvHeads, layer.headDim}}, .sinkSlots = 0, .ringSlots = m_slots}));
    }

private:
    int m_slots;
    kernels::Backend& m_device;
    std::unique_ptr<kernels::Buffer> m_scratch;
    std::vector<std::unique_ptr<kernels::KvCache>> m_caches;
};

} // namespace

void Weights::load(const GgufFile& file, const ModelConfig& config, kernels::Backend& backend,
                   const std::function<void(float)>& progress) {
    Loader loader(*this, file, config, progress);
    if (!config.tiedOutput)
        loader.loadEmbedding(backend);
    for (int layer = 0; layer < config.layers; ++layer)
        loader.loadLayer(layer, backend);
    loader.loadOutput(backend);
    bytes = loader.bytes();
}

void Weights::loadFromTheEnd(const GgufFile& file, const ModelConfig& config, kernels::Backend& device,
                             const Share& share, const std::function<void(float)>& progress) {
    Loader loader(*this, file, config, progress);
    int& first = firstLayerOfDevice = config.layers;
    const int least = share.mostLayers > 0 ? std::max(0, config.layers - share.mostLayers) : 0;
    try {
        KeptRoom room(config, share.cacheTokens, device);
        loader.loadOutput(device);
        while (first > least) {
            loader.loadLayer(first - 1, device);
            room.keepForLayer(config.layer(first - 1));
            --first;
        }
        if (first == 0 && !config.tiedOutput)
            loader.loadEmbedding(device);
    } catch (const Error&) { // of the file
        throw;
    } catch (const std::runtime_error&) { // the device has no more room
        if (first == config.layers || !share.mayBeLess)
            throw;
        first = std::max(first, 1); // the embedding goes with a layer
        loader.dropLayer(first - 1);
    }
    if (first > 0) {
        kernels::Backend& other = share.other();
        if (config.tiedOutput)
            output.weight = std::move(embedding);
        loader.loadEmbedding(other);
        for (int layer = 0; layer < first; ++layer)
            loader.loadLayer(layer, other);
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
