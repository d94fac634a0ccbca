#include "ui/transcript/height_index.h"

#include <algorithm>
#include <bit>

namespace ui::transcript {

void HeightIndex::assign(const std::vector<int>& heights) {
    m_heights = heights;
    m_tree.assign(heights.size() + 1, 0);
    for (std::size_t i = 1; i < m_tree.size(); ++i) {
        m_tree[i] += heights[i - 1];
        const std::size_t parent = i + (i & (~i + 1));
        if (parent < m_tree.size())
            m_tree[parent] += m_tree[i];
    }
}

void HeightIndex::append(int height) {
    if (m_tree.empty())
        m_tree.push_back(0);
    m_heights.push_back(height);
    const std::size_t i = m_heights.size();
    std::int64_t sum = height; // the rows just before that this node covers
    for (std::size_t child = i - 1, first = i - (i & (~i + 1)); child > first; child -= child & (~child + 1))
        sum += m_tree[child];
    m_tree.push_back(sum);
}

void HeightIndex::truncate(int count) {
    m_heights.resize(static_cast<std::size_t>(count));
    m_tree.resize(static_cast<std::size_t>(count) + 1);
}

void HeightIndex::set(int row, int height) {
    const int change = height - m_heights[static_cast<std::size_t>(row)];
    m_heights[static_cast<std::size_t>(row)] = height;
    for (std::size_t i = static_cast<std::size_t>(row) + 1; i < m_tree.size(); i += i & (~i + 1))
        m_tree[i] += change;
}

std::int64_t HeightIndex::top(int row) const {
    std::int64_t sum = 0;
    for (auto i = static_cast<std::size_t>(row); i > 0; i -= i & (~i + 1))
        sum += m_tree[i];
    return sum;
}

int HeightIndex::rowAt(std::int64_t y) const {
    if (m_heights.empty())
        return -1;
    std::size_t row = 0;
    for (std::size_t step = std::bit_floor(m_heights.size()); step > 0; step /= 2) {
        if (row + step < m_tree.size() && m_tree[row + step] <= y) {
            row += step;
            y -= m_tree[row];
        }
    }
    return static_cast<int>(std::min(row, m_heights.size() - 1));
}

} // namespace ui::transcript
