#include "ui/transcript/rich_text.h"

#include <algorithm>
#include <QTextBoundaryFinder>

namespace ui::transcript {

namespace {

constexpr int neighbourhood = 64;

// The run that holds `position`, or the last one before it.
template <class Key>
const Run* runBefore(const QList<Run>& runs, int position, Key key) {
    auto after = std::upper_bound(runs.begin(), runs.end(), position,
                                  [&](int value, const Run& run) { return value < key(run); });
    return after == runs.begin() ? nullptr : &*std::prev(after);
}

} // namespace

void RichText::append(const QString& more, int source, int sourceLength, quint8 styles, int link) {
    if (more.isEmpty())
        return;
    const int start = static_cast<int>(text.size());
    const int length = static_cast<int>(more.size());
    text += more;
    if (!runs.isEmpty()) {
        Run& last = runs.last();
        const bool bothExact = last.length == last.sourceLength && length == sourceLength;
        if (bothExact && last.source + last.sourceLength == source && last.styles == styles &&
            last.link == link) {
            last.length += length;
            last.sourceLength += length;
            return;
        }
    }
    runs.append({start, length, source, sourceLength, styles, link});
}

void RichText::truncate(int position) {
    if (position >= text.size())
        return;
    *this = mid(0, position);
}

RichText RichText::mid(int from, int length) const {
    RichText part;
    part.text = text.mid(from, length);
    part.links = links;
    const int end = from + static_cast<int>(part.text.size());
    auto next = std::upper_bound(runs.begin(), runs.end(), from,
                                 [](int value, const Run& run) { return value < run.start + run.length; });
    for (; next != runs.end() && next->start < end; ++next) {
        Run run = *next;
        const int first = std::max(run.start, from), last = std::min(run.start + run.length, end);
        if (run.length == run.sourceLength) {
            run.source += first - run.start;
            run.sourceLength = last - first;
        }
        run.start = first - from;
        run.length = last - first;
        part.runs.append(run);
    }
    return part;
}

int RichText::toSource(int position) const {
    const Run* run = runBefore(runs, position, [](const Run& r) { return r.start; });
    if (!run)
        return sourceBegin();
    const int inside = position - run->start;
    if (inside >= run->length)
        return run->source + run->sourceLength;
    return run->length == run->sourceLength ? run->source + inside : run->source;
}

int RichText::toShown(int source) const {
    const Run* run = runBefore(runs, source, [](const Run& r) { return r.source; });
    if (!run)
        return 0;
    const int inside = source - run->source;
    if (inside >= run->sourceLength)
        return inside == 0 && run->sourceLength == 0 ? run->start : run->start + run->length;
    return run->length == run->sourceLength ? run->start + inside : run->start;
}

QString RichText::linkAt(int position) const {
    const Run* run = runBefore(runs, position, [](const Run& r) { return r.start; });
    if (!run || run->link < 0 || position >= run->start + run->length)
        return {};
    return links.value(run->link);
}

// Looks only at the neighbourhood: a grapheme longer than that is no grapheme anybody reads.
int graphemeFloor(const QString& text, int position) {
    if (position <= 0 || position >= text.size())
        return std::clamp(position, 0, static_cast<int>(text.size()));
    const int from = std::max(0, position - neighbourhood);
    const QString near = text.mid(from, 2 * neighbourhood);
    QTextBoundaryFinder finder(QTextBoundaryFinder::Grapheme, near);
    finder.setPosition(position - from);
    const qsizetype floor = finder.isAtBoundary() ? position - from : finder.toPreviousBoundary();
    return floor > 0 || from == 0 ? from + static_cast<int>(floor) : position;
}

int graphemeCeil(const QString& text, int position) {
    if (position <= 0 || position >= text.size())
        return std::clamp(position, 0, static_cast<int>(text.size()));
    const int from = std::max(0, position - neighbourhood);
    const QString near = text.mid(from, 2 * neighbourhood);
    QTextBoundaryFinder finder(QTextBoundaryFinder::Grapheme, near);
    finder.setPosition(position - from);
    const qsizetype ceil = finder.isAtBoundary() ? position - from : finder.toNextBoundary();
    return ceil > 0 && (ceil < near.size() || from + near.size() == text.size())
               ? from + static_cast<int>(ceil)
               : position;
}

} // namespace ui::transcript
