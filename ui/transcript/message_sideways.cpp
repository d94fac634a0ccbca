#include "ui/transcript/message_layout.h"

#include <algorithm>

// Tables that are wider than the column.
namespace ui::transcript {

void MessageLayout::setSideways(std::size_t box, qreal pixels) {
    while (box > 0 && m_boxes[box].box->spec().firstRow > 0)
        --box;
    do
        m_boxes[box].box->setSideways(pixels);
    while (++box < m_boxes.size() && m_boxes[box].box->spec().firstRow > 0);
}

bool MessageLayout::scrollSideways(QPointF point, qreal pixels) {
    if (m_boxes.empty() || point.y() < m_boxes.front().at.y())
        return false;
    const std::size_t index = boxAtY(point.y());
    const Box& box = *m_boxes[index].box;
    if (box.overflow() == 0 || point.y() >= m_boxes[index].at.y() + box.height())
        return false;
    setSideways(index, box.sideways() + pixels);
    return true;
}

bool MessageLayout::reveal(int position) {
    if (m_boxes.empty())
        return false;
    const std::size_t index = boxAtPosition(position);
    const Box& box = *m_boxes[index].box;
    const qreal x = box.caret(position - m_boxes[index].start).left(), margin = 2.0 * m_look.line;
    const qreal beyond = x < margin ? x - margin : std::max<qreal>(0, x - (box.width() - margin));
    if (box.overflow() == 0 || beyond == 0)
        return false;
    const qreal before = box.sideways();
    setSideways(index, before + beyond);
    return box.sideways() != before;
}

int MessageLayout::barAt(QPointF point) const {
    if (m_boxes.empty() || point.y() < m_boxes.front().at.y())
        return -1;
    const std::size_t index = boxAtY(point.y());
    const QRectF bar = m_boxes[index].box->sidewaysBar().translated(m_boxes[index].at);
    return !bar.isNull() && bar.adjusted(0, -4, 0, 4).contains(point) ? static_cast<int>(index) : -1;
}

qreal MessageLayout::sideways(int box) const {
    return box >= 0 && box < static_cast<int>(m_boxes.size())
               ? m_boxes[static_cast<std::size_t>(box)].box->sideways()
               : 0;
}

void MessageLayout::dragBar(int box, qreal from, qreal pixels) {
    if (box < 0 || box >= static_cast<int>(m_boxes.size()))
        return;
    const Box& table = *m_boxes[static_cast<std::size_t>(box)].box;
    const qreal way = table.width() - table.sidewaysBar().width();
    if (way > 0)
        setSideways(static_cast<std::size_t>(box), from + pixels * table.overflow() / way);
}

} // namespace ui::transcript
