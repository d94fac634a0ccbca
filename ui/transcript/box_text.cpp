#include "ui/transcript/box.h"

#include <algorithm>

// Where the text of a box comes from. Nothing here needs it to be laid out.
namespace ui::transcript {

std::vector<Box::Piece> Box::texts() const {
    std::vector<Piece> all;
    if (m_spec.kind == BoxSpec::Kind::Text || m_spec.kind == BoxSpec::Kind::Code)
        all.push_back({&m_spec.text, 0});
    int offset = 0;
    for (const RichText& cell : m_spec.cells) {
        all.push_back({&cell, offset});
        offset += static_cast<int>(cell.text.size()) + 1;
    }
    return all;
}

Box::Piece Box::textAt(int position) const {
    Piece found;
    for (const Piece& piece : texts()) {
        if (!found.text || piece.offset <= position)
            found = piece;
    }
    return found;
}

QList<BoxLink> Box::links() const {
    QList<BoxLink> out;
    for (const Piece& piece : texts()) {
        int previous = -1;
        for (const Run& run : piece.text->runs) {
            const int begin = piece.offset + run.start, end = begin + run.length;
            if (run.link >= 0 && run.link == previous)
                out.last().end = end;
            else if (run.link >= 0)
                out.append({begin, end, piece.text->links.value(run.link)});
            previous = run.link;
        }
    }
    return out;
}

int Box::toSource(int position) const {
    const Piece piece = textAt(position);
    return piece.text ? piece.text->toSource(
                            std::clamp(position - piece.offset, 0, static_cast<int>(piece.text->text.size())))
                      : 0;
}

int Box::toPosition(int source) const {
    Piece found;
    for (const Piece& piece : texts()) {
        if (!found.text || (!piece.text->runs.isEmpty() && piece.text->sourceBegin() <= source))
            found = piece;
    }
    return found.text ? found.offset + found.text->toShown(source) : 0;
}

int Box::sourceBegin() const {
    if (!m_spec.text.runs.isEmpty())
        return m_spec.text.sourceBegin();
    for (const RichText& cell : m_spec.cells) {
        if (!cell.runs.isEmpty())
            return cell.sourceBegin();
    }
    return -1;
}

int Box::sourceEnd() const {
    if (!m_spec.text.runs.isEmpty())
        return m_spec.text.sourceEnd();
    for (auto cell = m_spec.cells.rbegin(); cell != m_spec.cells.rend(); ++cell) {
        if (!cell->runs.isEmpty())
            return cell->sourceEnd();
    }
    return -1;
}

int Box::snapped(int position, bool up) const {
    const Piece piece = textAt(position);
    if (!piece.text)
        return position;
    const int inside = position - piece.offset;
    return piece.offset +
           (up ? graphemeCeil(piece.text->text, inside) : graphemeFloor(piece.text->text, inside));
}

} // namespace ui::transcript
