#pragma once
#include <cstdint>
#include <vector>

namespace ui::transcript {

/// Heights of rows with their running sums (a Fenwick tree): a change, a sum and the search for a row cost
/// O(log n).
class HeightIndex {
public:
    void assign(const std::vector<int>& heights); // O(n)
    void append(int height);
    void truncate(int count);
    void set(int row, int height);

    int count() const { return static_cast<int>(m_heights.size()); }
    int height(int row) const { return m_heights[static_cast<std::size_t>(row)]; }
    std::int64_t top(int row) const; // sum of the heights before `row`; row may be count()
    std::int64_t total() const { return top(count()); }
    int rowAt(std::int64_t y) const; // the row that covers y, clamped to the ends; -1 when empty

private:
    std::vector<int> m_heights;
    std::vector<std::int64_t> m_tree; // m_tree[i] sums the (i & -i) rows that end at i, 1-based
};

} // namespace ui::transcript
