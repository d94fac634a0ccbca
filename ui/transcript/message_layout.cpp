#include "ui/transcript/message_layout.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <QFontMetricsF>

namespace ui::transcript {

namespace {

/// Where the thought that an answer begins with is over, in UTF-16 units; 0: there is none.
int thoughtEnd(QStringView text) {
    constexpr QStringView begin = u"<think>", end = u"</think>";
    if (!text.startsWith(begin))
        return 0;
    const qsizetype at = text.indexOf(end);
    return static_cast<int>(at < 0 ? text.size() : at + end.size());
}

constexpr std::size_t maxBoxes = 3000; // a message with more blocks than that shows the rest as plain text
constexpr double bubbleShare = 0.78;
constexpr qsizetype manySpecs =
    24; // more than can be seen at once: a message with more of them is laid out as it is seen
} // namespace

MessageLayout::MessageLayout(const app::Message& message, const Look& look, int width, RowState state)
    : m_look(look), m_width(width) {
    update(message, state);
}

int MessageLayout::bubbleMax() const {
    return std::max(120, std::min(static_cast<int>(m_width * bubbleShare), m_width - m_look.button * 6));
}

int MessageLayout::boxWidth(const BoxSpec& spec) const {
    return (isUser() ? bubbleMax() - 2 * m_look.bubbleX : m_width) - spec.indent;
}

// The boxes of one piece; past the limit, of everything from there on as plain text.
QList<BoxSpec> MessageLayout::specsOf(const app::Message& message, int piece) {
    if (message.role != app::Role::Assistant) {
        m_restPiece = piece;
        const QList<BoxSpec> typed = ownSpecs(message.text, m_look);
        return static_cast<std::size_t>(typed.size()) <= maxBoxes ? typed : plainSpecs(message.text, 0, true);
    }
    const MarkdownDocument::Piece& source = m_document.pieces()[piece];
    QList<Block> blocks = source.blocks;
    if (source.begin < m_thoughtEnd) { // a thought stands as a quotation does
        blocks = {Block()};
        blocks.first().kind = Block::Kind::Quote;
        blocks.first().children = source.blocks;
    }
    QList<BoxSpec> specs = boxSpecs(blocks, m_look, m_boxes.empty());
    if (m_boxes.size() + static_cast<std::size_t>(specs.size()) <= maxBoxes)
        return specs;
    m_restPiece = piece;
    return plainSpecs(QStringView(message.text).mid(source.begin), source.begin, m_boxes.empty());
}

qreal MessageLayout::update(const app::Message& message, RowState state) {
    const bool grows = message.id == m_message.id && message.version == m_message.version &&
                       message.role == m_message.role && message.text.size() >= m_textSize &&
                       m_message.state == app::MessageState::Streaming;
    const bool sameText = grows && message.text.size() == m_textSize && message.state == m_message.state;
    if (sameText && !m_boxes.empty()) {
        m_state = state;
        m_message = message;
        m_message.text.clear();
        place();
        return 0;
    }
    if (!grows)
        m_document.reset();
    const bool streaming = message.state == app::MessageState::Streaming;
    int firstPiece = 0;
    if (message.role == app::Role::Assistant)
        firstPiece = std::min(m_document.update(message.text, streaming), m_restPiece);
    m_message = message;
    m_message.text.clear();
    m_state = state;
    m_textSize = static_cast<int>(message.text.size());
    m_thoughtEnd = thoughtEnd(message.text);

    // Keep the boxes of closed pieces, and those of the open one that did not change.
    std::vector<Placed> old;
    const auto keep = grows ? std::find_if(m_boxes.begin(), m_boxes.end(),
                                           [&](const Placed& p) { return p.piece >= firstPiece; })
                            : m_boxes.begin();
    std::move(keep, m_boxes.end(), std::back_inserter(old));
    m_boxes.erase(keep, m_boxes.end());
    const std::size_t closed = m_boxes.size();
    std::size_t same = 0;
    bool stillSame = true;
    m_restPiece = std::numeric_limits<int>::max();
    const int pieces = std::max(1, static_cast<int>(m_document.pieces().size()));
    for (int piece = firstPiece; piece < std::min(pieces, m_restPiece); ++piece) {
        QList<BoxSpec> specs = specsOf(message, piece);
        const bool canWait = isUser() && specs.size() > manySpecs;
        for (BoxSpec& spec : specs) {
            stillSame = stillSame && same < old.size() && old[same].box->spec() == spec;
            if (stillSame) {
                m_boxes.push_back(std::move(old[same++]));
            } else {
                const int width = boxWidth(spec);
                const Box::When when = canWait ? Box::When::WhenSeen : Box::When::Now;
                m_boxes.push_back(
                    {std::make_unique<Box>(std::move(spec), m_look, width, when), {}, 0, piece});
                const std::size_t place = m_boxes.size() - 1 - closed;
                if (place < old.size())
                    m_boxes.back().box->setSideways(old[place].box->sideways());
            }
            m_boxes.back().piece = piece;
        }
    }
    const bool untouched = grows && closed + same > 0;
    const qreal changedFrom = untouched ? m_boxes[closed + same - 1].at.y() : 0;
    place();
    return untouched ? changedFrom : 0;
}

void MessageLayout::placeRule(qreal& y, std::size_t index) {
    if (m_horizon < 0 || m_ruleY >= 0)
        return;
    Placed& placed = m_boxes[index];
    const bool holds = index + 1 == m_boxes.size() || m_boxes[index + 1].box->sourceBegin() > m_horizon;
    if (!holds || placed.box->spec().kind == BoxSpec::Kind::CodeHead)
        return;
    const qreal inside = placed.box->openGap(placed.box->toPosition(m_horizon), m_look.ruleSpace);
    if (inside >= 0) {
        m_ruleY = y + inside;
        return;
    }
    std::size_t head = index; // code and tables are not torn: the line stands above the frame
    while (head > 0 &&
           (m_boxes[head].box->spec().kind == BoxSpec::Kind::Code || m_boxes[head].box->spec().firstRow > 0))
        --head;
    m_ruleY = m_boxes[head].at.y() - m_look.blockGap / 2.0;
    if (head == 0)
        m_ruleY = 0;
    for (std::size_t i = head; i <= index; ++i)
        m_boxes[i].at.ry() += m_look.ruleSpace;
    y += m_look.ruleSpace;
}

void MessageLayout::place() {
    m_ruleY = -1;
    qreal y = 0;
    const bool ruleAtTop = m_horizon >= 0 && (isUser() || m_boxes.empty() ||
                                              m_horizon <= std::max(0, m_boxes[0].box->sourceBegin()));
    if (ruleAtTop) {
        m_ruleY = 0;
        y = m_look.ruleSpace;
    }
    m_bodyTop = y;
    qreal left = 0;
    if (isUser()) {
        qreal natural = 0;
        for (const Placed& placed : m_boxes)
            natural = std::max(natural, placed.box->spec().indent + placed.box->naturalWidth());
        m_bubbleWidth = std::min<qreal>(bubbleMax(), std::ceil(natural) + 2 * m_look.bubbleX);
        for (const Placed& placed : m_boxes)
            placed.box->narrow(m_bubbleWidth - 2 * m_look.bubbleX - placed.box->spec().indent);
        left = m_width - m_bubbleWidth + m_look.bubbleX;
        y += m_look.bubbleY;
    } else {
        y += m_look.labelLine + m_look.nameGap;
    }
    int position = 0;
    for (std::size_t i = 0; i < m_boxes.size(); ++i) {
        Placed& placed = m_boxes[i];
        const BoxSpec& spec = placed.box->spec();
        placed.box->closeGap();
        y += spec.gap;
        if (spec.kind == BoxSpec::Kind::Code && m_boxes[i - 1].box->spec().kind == BoxSpec::Kind::CodeHead)
            y += m_look.codeY;
        placed.at = {left + (placed.box->isRightToLeft() ? 0 : spec.indent), y};
        position += static_cast<int>(spec.before.size());
        placed.start = position;
        position += placed.box->length();
        if (!ruleAtTop)
            placeRule(y, i);
        y += placed.box->height();
        if (spec.codeEnd)
            y += m_look.codeY;
    }
    if (m_boxes.empty() ||
        (m_boxes.size() == 1 && m_boxes[0].box->length() == 0 && !isUser() && m_boxes[0].box->height() == 0))
        y += m_look.line;
    m_length = position;
    m_textKnown = false;
    m_bodyBottom = y + (isUser() ? m_look.bubbleY : 0);
    placeTargets();
    const bool marked =
        m_message.state != app::MessageState::Done && m_message.state != app::MessageState::Streaming;
    const bool footer = !isUser() && (marked || m_state.canContinue);
    m_height = static_cast<int>(std::ceil(m_bodyBottom + (footer ? m_look.button + m_look.nameGap * 2 : 0)));
}

bool MessageLayout::measure(qreal top, qreal bottom) {
    const int before = m_height;
    for (bool changed = true; changed && !m_boxes.empty();) {
        changed = false;
        for (std::size_t i = boxAtY(top); i < m_boxes.size() && m_boxes[i].at.y() <= bottom; ++i)
            changed = m_boxes[i].box->takeHeight() || changed;
        if (changed) {
            const bool textKnown = m_textKnown; // it stays the same
            place();
            m_textKnown = textKnown;
        }
    }
    return m_height != before;
}

void MessageLayout::setHorizon(int source) {
    if (source == m_horizon)
        return;
    m_horizon = source;
    place();
}

QList<Target> MessageLayout::links() const {
    QList<Target> out;
    for (const Placed& placed : m_boxes) {
        for (const BoxLink& link : placed.box->links()) {
            const QList<LineRect> lines = placed.box->rects(link.begin, link.end);
            if (!lines.isEmpty())
                out.append(
                    {Target::Kind::Link, lines.first().rect.translated(placed.at), -1, link.url, true});
        }
    }
    return out;
}

QRectF MessageLayout::ruleRect() const {
    return m_ruleY < 0 ? QRectF() : QRectF(0, m_ruleY, m_width, m_look.ruleSpace);
}

const QString& MessageLayout::text() const {
    if (!m_textKnown) {
        m_text.clear();
        for (const Placed& placed : m_boxes)
            m_text += placed.box->spec().before + ownText(placed.box->spec());
        m_textKnown = true;
    }
    return m_text;
}

std::size_t MessageLayout::boxAtPosition(int position) const {
    const auto after = std::upper_bound(m_boxes.begin(), m_boxes.end(), position,
                                        [](int value, const Placed& placed) { return value < placed.start; });
    auto found = after == m_boxes.begin() ? m_boxes.begin() : std::prev(after);
    const bool bare = found != m_boxes.end() && found->box->spec().kind == BoxSpec::Kind::CodeHead;
    if (bare && std::next(found) != m_boxes.end())
        ++found;
    return static_cast<std::size_t>(found - m_boxes.begin());
}

std::size_t MessageLayout::boxAtY(qreal y) const {
    const auto after =
        std::upper_bound(m_boxes.begin(), m_boxes.end(), y,
                         [](qreal value, const Placed& placed) { return value < placed.at.y(); });
    return static_cast<std::size_t>(after == m_boxes.begin() ? 0 : std::prev(after) - m_boxes.begin());
}

int MessageLayout::hit(QPointF point) const {
    if (m_boxes.empty() || point.y() < m_boxes.front().at.y())
        return 0;
    const Placed& placed = m_boxes[boxAtY(point.y())];
    if (point.y() >= m_bodyBottom)
        return m_length;
    return placed.start + placed.box->hit(point - placed.at);
}

bool MessageLayout::onText(QPointF point) const {
    if (m_boxes.empty() || point.y() < m_boxes.front().at.y())
        return false;
    const Placed& placed = m_boxes[boxAtY(point.y())];
    return placed.box->onText(point - placed.at);
}

QString MessageLayout::linkAt(QPointF point) const {
    if (m_boxes.empty() || isUser() || point.y() < m_boxes.front().at.y())
        return {};
    const Placed& placed = m_boxes[boxAtY(point.y())];
    return placed.box->linkAt(point - placed.at);
}

QList<QRectF> MessageLayout::rects(int begin, int end, const QRectF& clip) const {
    QList<QRectF> out;
    for (std::size_t i = m_boxes.empty() ? 0 : boxAtPosition(begin);
         i < m_boxes.size() && m_boxes[i].start < end; ++i) {
        const qreal top = m_boxes[i].at.y(), bottom = top + m_boxes[i].box->height();
        if (!clip.isNull() && (bottom < clip.top() || top > clip.bottom()))
            continue;
        for (const LineRect& line : m_boxes[i].box->rects(begin - m_boxes[i].start, end - m_boxes[i].start))
            out.append(line.rect.translated(m_boxes[i].at));
    }
    return out;
}

QRectF MessageLayout::caret(int position) const {
    if (m_boxes.empty())
        return {0, m_bodyTop + m_look.labelLine + m_look.nameGap, 1, static_cast<qreal>(m_look.line)};
    const Placed& placed = m_boxes[boxAtPosition(position)];
    return placed.box->caret(position - placed.start).translated(placed.at);
}

std::pair<int, int> MessageLayout::blockAt(int position) const {
    if (m_boxes.empty())
        return {0, 0};
    const Placed& placed = m_boxes[boxAtPosition(position)];
    return {placed.start, placed.start + placed.box->length()};
}

int MessageLayout::firstPositionBelow(qreal y) const {
    if (m_boxes.empty() || y < m_boxes.front().at.y())
        return 0;
    const std::size_t index = boxAtY(y);
    const Placed& placed = m_boxes[index];
    if (y >= placed.at.y() + placed.box->height() && index + 1 < m_boxes.size())
        return m_boxes[index + 1].start;
    const int at = placed.start + placed.box->hit({0, y - placed.at.y()});
    return at;
}

int MessageLayout::toSource(int position) const {
    if (m_boxes.empty())
        return 0;
    const Placed& placed = m_boxes[boxAtPosition(position)];
    return placed.box->toSource(position - placed.start);
}

int MessageLayout::toPosition(int source) const {
    const Placed* found = nullptr;
    for (const Placed& placed : m_boxes) {
        const int begin = placed.box->sourceBegin();
        if (begin > source)
            break;
        if (begin >= 0)
            found = &placed;
    }
    if (!found)
        return m_boxes.empty() ? 0 : m_boxes.front().start;
    return found->start + found->box->toPosition(source);
}

std::pair<int, int> MessageLayout::range(int sourceBegin, int sourceEnd) const {
    if (m_boxes.empty() || sourceEnd <= sourceBegin)
        return {0, 0};
    int begin = toPosition(sourceBegin), end = toPosition(sourceEnd);
    // An offset inside a grapheme, or behind the end of a run, belongs to what it touches.
    const Placed& first = m_boxes[boxAtPosition(begin)];
    begin = first.start + first.box->snapped(begin - first.start, false);
    const Placed& last = m_boxes[boxAtPosition(end)];
    end = last.start + last.box->snapped(end - last.start, true);
    return {begin, std::max(begin, end)};
}

bool MessageLayout::isRightToLeft(int position) const {
    if (m_boxes.empty())
        return false;
    const Placed& placed = m_boxes[boxAtPosition(position)];
    return placed.box->isRightToLeft(position - placed.start);
}

QString MessageLayout::code(int headBox) const {
    QString code;
    for (std::size_t i = static_cast<std::size_t>(headBox) + 1; i < m_boxes.size(); ++i) {
        const BoxSpec& spec = m_boxes[i].box->spec();
        if (spec.kind != BoxSpec::Kind::Code)
            break;
        code += spec.before + ownText(spec);
        if (spec.codeEnd)
            break;
    }
    return code;
}

} // namespace ui::transcript
