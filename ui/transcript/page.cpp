#include "ui/transcript/page.h"

#include <algorithm>
#include <cmath>

namespace ui::transcript {

namespace {
constexpr int above = 20, below = 4; // margins of the page; every message brings its gap
constexpr std::size_t keptLayouts = 48;
} // namespace

void Page::setModel(const app::TranscriptModel* model) {
    m_model = model;
    reset();
}

void Page::setTheme(const Theme& theme) {
    m_look = Look(theme);
    m_layouts.clear();
    estimateAll();
}

void Page::setViewport(QSize size, int width) {
    const int before = columnWidth();
    m_viewport = size;
    m_width = width;
    if (columnWidth() == before)
        return;
    m_layouts.clear();
    estimateAll();
}

int Page::columnWidth() const {
    return std::max(160,
                    std::min(m_look.theme.px(metrics::textColumn), m_width - 2 * metrics::transcriptMargin));
}

int Page::columnLeft() const {
    return std::max(0, (m_width - columnWidth()) / 2);
}

bool Page::isHidden(int row) const {
    return m_model->at(row).role == app::Role::System;
}

int Page::estimate(int row) const {
    if (isHidden(row))
        return 0;
    const app::Message& message = m_model->at(row);
    const bool user = message.role == app::Role::User;
    const double width = user ? columnWidth() * 0.78 - 2 * m_look.bubbleX : columnWidth();
    const double perLine = std::max(8.0, width / (m_look.line * 0.33));
    const int lines =
        std::max(1, static_cast<int>(std::ceil(static_cast<double>(message.text.size()) / perLine)));
    const int frame = user ? 2 * m_look.bubbleY : m_look.labelLine + m_look.nameGap;
    return frame + lines * m_look.line + metrics::messageGap;
}

void Page::estimateAll() {
    std::vector<int> heights(m_model ? static_cast<std::size_t>(m_model->count()) : 0);
    for (std::size_t row = 0; row < heights.size(); ++row)
        heights[row] = estimate(static_cast<int>(row));
    m_heights.assign(heights);
}

void Page::reset() {
    m_layouts.clear();
    m_anchor = {};
    m_sticks = true;
    m_top = 0;
    m_horizonRow = m_model ? m_model->horizonRow() : -1;
    estimateAll();
}

/// Nothing that is seen moves: its rows have other numbers, that is all.
void Page::prepend(int added) {
    std::vector<int> heights(static_cast<std::size_t>(m_model->count()));
    for (int row = 0; row < m_model->count(); ++row)
        heights[static_cast<std::size_t>(row)] = row < added ? estimate(row) : m_heights.height(row - added);
    m_heights.assign(heights);
    std::unordered_map<int, Cached> moved;
    for (auto& [row, cached] : m_layouts)
        moved.emplace(row + added, std::move(cached));
    m_layouts = std::move(moved);
    m_anchor.row += added;
    m_horizonRow = m_model->horizonRow();
}

void Page::append() {
    staleRows({count() - 1}); // no longer the last answer
    m_heights.append(estimate(count()));
}

int Page::rowChanged(int row) {
    const QRect seen = rowRect(row);
    const auto cached = m_layouts.find(row);
    if (cached == m_layouts.end()) {
        m_heights.set(row, estimate(row));
        return -1;
    }
    if (!seen.intersects(QRect(QPoint(), m_viewport))) {
        cached->second.stale = true;
        return -1;
    }
    const qreal from = cached->second.layout->update(m_model->at(row), stateOf(row));
    m_heights.set(row, cached->second.layout->height() + metrics::messageGap);
    return static_cast<int>(origin(row).y() + from);
}

void Page::truncate(int newCount) {
    m_heights.truncate(newCount);
    std::erase_if(m_layouts, [&](const auto& entry) { return entry.first >= newCount; });
    if (m_anchor.row >= newCount)
        m_sticks = true;
    if (newCount > 0)
        staleRows({lastAnswer()});
}

void Page::horizonMoved() {
    const int now = m_model->horizonRow();
    staleRows({m_horizonRow, now});
    m_horizonRow = now;
}

void Page::staleRows(const std::vector<int>& rows) {
    for (int row : rows) {
        const auto cached = m_layouts.find(row);
        if (cached != m_layouts.end())
            cached->second.stale = true;
    }
}

void Page::setAnswering(bool answering) {
    m_answering = answering;
    for (auto& [row, cached] : m_layouts)
        cached.stale = true;
}

void Page::setCanContinue(bool canContinue) {
    m_canContinue = canContinue;
    if (m_model && count() > 0)
        staleRows({lastAnswer()});
}

int Page::lastAnswer() const {
    const int last = m_model->count() - 1;
    return last >= 0 && m_model->at(last).role == app::Role::Assistant ? last : -1;
}

RowState Page::stateOf(int row) const {
    return {m_answering, m_canContinue && !m_answering && row == lastAnswer()};
}

MessageLayout& Page::layout(int row) {
    Cached& cached = m_layouts[row];
    cached.used = ++m_clock;
    if (!cached.layout)
        cached.layout =
            std::make_unique<MessageLayout>(m_model->at(row), m_look, columnWidth(), stateOf(row));
    else if (cached.stale)
        cached.layout->update(m_model->at(row), stateOf(row));
    cached.stale = false;
    cached.layout->setHorizon(row == m_model->horizonRow() ? m_model->horizonOffset() : -1);
    return *cached.layout;
}

bool Page::measure(int row) {
    const qreal top = m_top - contentTop(row) - overhang;
    return measure(row, top, top + m_viewport.height() + 2 * overhang);
}

/// `top` and `bottom` are lengths from the top of the message. True when something moved, if only inside of it.
bool Page::measure(int row, qreal top, qreal bottom) {
    const int before = m_heights.height(row);
    const bool moved = !isHidden(row) && layout(row).measure(top, bottom);
    const int now = isHidden(row) ? 0 : layout(row).height() + metrics::messageGap;
    if (now != before)
        m_heights.set(row, now);
    return moved || now != before;
}

bool Page::measureFrom(int row, int bottom) {
    bool changed = false;
    for (; row < count() && contentTop(row) < bottom; ++row)
        changed = measure(row) || changed;
    return changed;
}

bool Page::measureEnd() {
    bool changed = false;
    int missing = m_viewport.height() + overhang;
    for (int row = count() - 1; row >= 0 && missing > 0; --row) {
        // Until the last part of it stays where it is: what is laid out may be lower than it was thought to be.
        while (measure(row, layoutHeight(row) - missing, layoutHeight(row)))
            changed = true;
        missing -= m_heights.height(row);
    }
    return changed;
}

void Page::forgetOldLayouts() {
    if (m_layouts.size() <= keptLayouts)
        return;
    std::vector<std::uint64_t> ages;
    for (const auto& [row, cached] : m_layouts)
        ages.push_back(cached.used);
    const auto [first, last] = visible();
    const std::size_t surplus = ages.size() - keptLayouts;
    std::nth_element(ages.begin(), ages.begin() + static_cast<std::ptrdiff_t>(surplus), ages.end());
    std::erase_if(m_layouts, [&, from = first, to = last](const auto& entry) {
        return entry.second.used < ages[surplus] && (entry.first < from || entry.first > to);
    });
}

int Page::contentHeight() const {
    return static_cast<int>(std::min<qint64>(above + m_heights.total() + below, 2'000'000'000));
}

int Page::maximum() const {
    return std::max(0, contentHeight() - m_viewport.height());
}

int Page::contentTop(int row) const {
    return static_cast<int>(above + m_heights.top(row));
}

QPoint Page::origin(int row) const {
    const int slack =
        std::max(0, m_viewport.height() - contentHeight()); // a short chat stands at the composer
    return {columnLeft(), contentTop(row) - m_top + slack};
}

QRect Page::rowRect(int row) const {
    return {0, origin(row).y(), m_viewport.width(), m_heights.height(row)};
}

int Page::rowAt(int viewportY) const {
    const int slack = std::max(0, m_viewport.height() - contentHeight());
    int row = m_heights.rowAt(std::max(0, viewportY - slack + m_top - above));
    while (row > 0 && isHidden(row) && row + 1 == count())
        --row;
    return row;
}

std::pair<int, int> Page::visible() const {
    if (count() == 0)
        return {0, -1};
    return {rowAt(0), rowAt(m_viewport.height())};
}

void Page::capture() {
    const int row = m_heights.rowAt(std::max(0, m_top - above));
    if (row < 0)
        return;
    if (isHidden(row)) {
        m_anchor = {row, 0, static_cast<qreal>(m_top - contentTop(row))};
        return;
    }
    const MessageLayout& seen = layout(row);
    const qreal y = m_top - contentTop(row);
    const int position = seen.firstPositionBelow(y);
    m_anchor = {row, position, y - seen.lineTop(position)};
}

qint64 Page::anchorTop() {
    const int row = std::clamp(m_anchor.row, 0, count() - 1);
    if (isHidden(row))
        return contentTop(row) + qRound(m_anchor.pixels);
    const MessageLayout& seen = layout(row);
    return qRound(contentTop(row) + seen.lineTop(std::min(m_anchor.position, seen.length())) +
                  m_anchor.pixels);
}

int Page::layoutHeight(int row) {
    return isHidden(row) ? 0 : layout(row).height();
}

/// What is between the window and a place above it; the window stays on what it shows.
void Page::measureAbove(int from) {
    const int distance = m_top - from;
    for (bool moved = true; moved;) {
        const int row = m_heights.rowAt(std::max(0, m_top - above));
        moved = false;
        for (int each = m_heights.rowAt(std::max(0, m_top - distance - above)); each <= row; ++each) {
            const int was = m_heights.height(each);
            const qreal top = m_top - distance - contentTop(each);
            const qreal bottom = std::min<qreal>(m_top - contentTop(each) - 1, top + distance);
            moved = measure(each, top, bottom) || moved;
            m_top += m_heights.height(each) - was;
        }
    }
}

void Page::measureBelow(int to) {
    for (bool moved = true; moved;) {
        moved = false;
        for (int row = m_heights.rowAt(std::max(0, m_top - above)); row < count() && contentTop(row) < to;
             ++row)
            moved = measure(row, m_top - contentTop(row), to - contentTop(row)) || moved;
    }
}

// Every round measures messages that were not, so the rounds come to an end.
void Page::settle() {
    if (!m_model || count() == 0) {
        m_top = 0;
        return;
    }
    for (bool changed = true; changed;) {
        changed = measureEnd();
        if (!m_sticks)
            changed = measure(std::clamp(m_anchor.row, 0, count() - 1)) || changed;
        m_top = m_sticks ? maximum() : static_cast<int>(std::clamp<qint64>(anchorTop(), 0, maximum()));
        if (!m_sticks)
            changed = measureFrom(rowAt(-overhang), m_top + m_viewport.height() + overhang) || changed;
    }
    forgetOldLayouts();
}

void Page::scrollTo(int value) {
    if (count() == 0)
        return;
    const int distance = value - m_top;
    const bool toTheEnd = value >= maximum();
    if (std::abs(distance) > 3 * m_viewport.height()) {
        m_top = value;
    } else if (distance < 0) {
        // What comes into sight above gets its true height first, so that the text moves by exactly what was
        // asked.
        for (int row = m_heights.rowAt(std::max(0, m_top - above));
             row > 0 && contentTop(row) > m_top + distance;) {
            --row;
            const int before = m_heights.height(row);
            measure(row);
            m_top += m_heights.height(row) - before;
        }
        measureAbove(m_top + distance);
        m_top += distance;
    } else {
        measureBelow(m_top + distance + m_viewport.height());
        for (int row = m_heights.rowAt(std::max(0, m_top - above));
             row < count() && contentTop(row) < m_top + distance; ++row)
            measure(row);
        m_top += distance;
    }
    m_top = std::clamp(m_top, 0, maximum());
    m_sticks = false;
    capture();
    settle();
    m_sticks = m_top >= maximum() || (toTheEnd && distance > 0);
    if (m_sticks)
        settle();
}

void Page::scrollToEnd() {
    m_sticks = true;
    settle();
}

void Page::scrollToRow(int row) {
    if (row < 0 || row >= count())
        return;
    m_sticks = false;
    m_anchor = {row, 0, 0};
    if (!isHidden(row))
        m_anchor.pixels = -layout(row).lineTop(0) - above / 2.0;
    settle();
    m_sticks = m_top >= maximum();
    capture();
}

void Page::scrollToPosition(int row, int position) {
    if (row < 0 || row >= count() || isHidden(row))
        return;
    layout(row).reveal(position);
    const qreal margin = m_look.line * 2;
    const QRectF line = layout(row).caret(position).translated(origin(row));
    const auto [first, last] = visible(); // only these have true heights
    const bool up = row < first || (row <= last && line.top() < margin);
    if (!up && row <= last && line.bottom() <= m_viewport.height() - margin)
        return;
    m_sticks = false;
    m_anchor = {row, position, up ? -margin : line.height() + margin - m_viewport.height()};
    settle();
    m_sticks = m_top >= maximum();
    capture();
}

} // namespace ui::transcript
