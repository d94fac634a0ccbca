#pragma once
#include <compare>

namespace ui::transcript {

/// A place between two characters of the shown text.
struct Place {
    int row = -1, position = 0;
    auto operator<=>(const Place&) const = default;
    bool isValid() const { return row >= 0; }
};

enum class Unit { Character, Word, Block };

/// A selection across messages. What was first clicked (a character, word or block) stays in it while the
/// other end moves.
struct Selection {
    Place first, last; // the unit that was clicked
    Place begin, end;  // begin <= end

    bool isEmpty() const { return !begin.isValid() || begin == end; }
    void clear() { *this = {}; }
    /// All rows are `rows` further down now.
    void move(int rows) {
        for (Place* place : {&first, &last, &begin, &end}) {
            if (place->isValid())
                place->row += rows;
        }
    }
    void start(Place from, Place to) {
        first = begin = from;
        last = end = to;
    }
    void extend(Place from, Place to) {
        begin = from < first ? from : first;
        end = last < to ? to : last;
    }
    /// The part of a message of `length` positions that is selected, as [from, to).
    void part(int row, int length, int& from, int& to) const {
        from = row > begin.row ? 0 : begin.position;
        to = row < end.row ? length : end.position;
        if (isEmpty() || row < begin.row || row > end.row)
            from = to = 0;
    }
};

} // namespace ui::transcript
