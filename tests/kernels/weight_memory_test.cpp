#include "kernels/cpu/weight_memory.h"

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <vector>

namespace {

using kernels::WeightMemory;

bool isMapped(const std::byte* address) {
    const auto page = reinterpret_cast<std::uintptr_t>(address) / 4096 * 4096;
    unsigned char resident = 0;
    return mincore(reinterpret_cast<void*>(page), 4096, &resident) == 0;
}

TEST(WeightMemoryTest, HandsOutZeroedAlignedPiecesOneAfterAnother) {
    const auto memory = WeightMemory::create();
    std::vector<WeightMemory::Piece> pieces;
    for (const std::size_t bytes :
         {std::size_t{1}, std::size_t{1000}, std::size_t{70} << 20, std::size_t{64}}) {
        pieces.push_back(memory->allocate(bytes));
        std::byte* const data = pieces.back().data();
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % 64, 0u);
        EXPECT_TRUE(std::all_of(data, data + bytes, [](std::byte value) { return value == std::byte{0}; }));
        std::fill_n(data, bytes, std::byte{0xff});
    }
    EXPECT_EQ(pieces[1].data() - pieces[0].data(), 64);
}

TEST(WeightMemoryTest, GivesEverythingBackWithTheLastPiece) {
    const auto memory = WeightMemory::create();
    WeightMemory::Piece first = memory->allocate(1 << 20);
    const std::byte* address = nullptr;
    {
        WeightMemory::Piece second = memory->allocate(1 << 20);
        address = second.data();
        second.data()[0] = std::byte{1};
        WeightMemory::Piece moved = std::move(second);
        EXPECT_EQ(moved.data(), address);
    }
    first.data()[0] = std::byte{1};
    EXPECT_TRUE(isMapped(address));
    first = WeightMemory::Piece();
    EXPECT_FALSE(isMapped(address));
    EXPECT_EQ(memory->allocate(100).data()[99], std::byte{0}); // usable again
}

TEST(WeightMemoryTest, PiecesOutliveTheOwnersPointer) {
    WeightMemory::Piece piece = WeightMemory::create()->allocate(4096);
    piece.data()[4095] = std::byte{7};
    EXPECT_EQ(piece.data()[4095], std::byte{7});
}

} // namespace
