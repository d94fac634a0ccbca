#pragma once
#include <QElapsedTimer>
#include <QList>

namespace app::downloads {

/// Bytes a second over the last seconds. Main thread only.
class Rate {
public:
    void clear() { m_points.clear(); }
    /// `total` so far. A total that falls, or `kind` that changes, begins anew.
    void add(qint64 total, int kind = 0);
    double perSecond() const;           // 0: not known yet
    int secondsFor(qint64 bytes) const; // -1: not known

private:
    struct Point {
        qint64 ms, total;
    };
    QElapsedTimer m_clock;
    QList<Point> m_points;
    int m_kind = 0;
};

} // namespace app::downloads
