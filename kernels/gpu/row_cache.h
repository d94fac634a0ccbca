#pragma once
#include "kernels/kv_cache.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kernels::gpu {

/// How the rows of one part (sinks or ring) of a layer lie: rows[key, value][head][slot], each a whole number of 32-bit words.
///   F32: numbers; F16: pairs of halves; Q8_0: int8 in fours, then the half-precision scales of blocks of 32 in pairs
/// The scales stand behind their row, or all together behind all rows.
struct RowLayout {
    KvType type = KvType::F16;
    int slots = 0;
    int kvHeads = 0;
    int headDim = 0;
    bool areScalesApart = false;

    int numberWords() const;
    int scaleWords() const;
    int rowWords() const { return numberWords() + scaleWords(); }
    std::size_t bytes() const;
    /// Where a row, counted through all of the part, begins.
    std::size_t numbersAt(std::size_t row) const;
    std::size_t scalesAt(std::size_t row) const;
    /// Bytes of a row in a saved state.
    std::size_t storedBytes() const;

private:
    std::size_t rows() const {
        return 2 * static_cast<std::size_t>(kvHeads) * static_cast<std::size_t>(slots);
    }
};

/// Everything of a cache but its memory, which two functions reach.
class RowCache : public KvCache {
public:
    RowCache(const KvShape& shape, bool areScalesApart);

    const KvShape& shape() const override { return m_shape; }
    void readKey(int layer, int kvHead, int slot, std::span<float> out) const override;
    void readValue(int layer, int kvHead, int slot, std::span<float> out) const override;
    std::uint64_t slotHash(int layer, int slot) const override;
    std::vector<std::byte> save() const override;
    void restore(std::span<const std::byte> state) override;

    RowLayout sinkLayout(int layer) const { return layoutOf(layer, Part::Sinks); }
    RowLayout ringLayout(int layer) const { return layoutOf(layer, Part::Ring); }

protected:
    enum class Part { Sinks, Ring };
    virtual void readPart(int layer, Part part, std::size_t offset, std::span<std::byte> bytes) const = 0;
    virtual void writePart(int layer, Part part, std::size_t offset, std::span<const std::byte> bytes) = 0;

private:
    enum class Row { Key, Value };
    RowLayout layoutOf(int layer, Part part) const;
    /// The row in the order of a saved state: each block's scale, if it has one, and then its numbers.
    std::vector<std::byte> stored(int layer, Row row, int kvHead, int slot) const;
    void readRow(int layer, Row row, int kvHead, int slot, std::span<float> out) const;
    template <class Visit>
    void visitRows(int layer, const Visit& visit) const;

    KvShape m_shape;
    bool m_areScalesApart;
};

} // namespace kernels::gpu
