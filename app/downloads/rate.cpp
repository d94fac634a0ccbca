#include "app/downloads/rate.h"

#include <cmath>

namespace app::downloads {

namespace {
constexpr qint64 SpanMs = 5000, LeastMs = 700; // looked at; enough to say something
}

void Rate::add(qint64 total, int kind) {
    if (!m_clock.isValid())
        m_clock.start();
    if (kind != m_kind || (!m_points.isEmpty() && total < m_points.last().total))
        m_points.clear();
    m_kind = kind;
    m_points.append({m_clock.elapsed(), total});
    while (m_points.size() > 2 && m_points.last().ms - m_points.at(1).ms >= SpanMs)
        m_points.removeFirst();
}

double Rate::perSecond() const {
    if (m_points.size() < 2)
        return 0;
    const qint64 ms = m_points.last().ms - m_points.first().ms;
    const qint64 bytes = m_points.last().total - m_points.first().total;
    return ms < LeastMs ? 0 : static_cast<double>(bytes) * 1000.0 / static_cast<double>(ms);
}

int Rate::secondsFor(qint64 bytes) const {
    const double rate = perSecond();
    constexpr double longest = 100 * 3600.0; // nobody believes more
    return rate <= 0 || static_cast<double>(bytes) / rate > longest
               ? -1
               : static_cast<int>(std::ceil(static_cast<double>(bytes) / rate));
}

} // namespace app::downloads
