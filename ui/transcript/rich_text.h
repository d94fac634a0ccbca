#pragma once
#include <QList>
#include <QString>
#include <QStringList>

// Text as it is shown, and where each piece of it came from. Plain data, used on the main thread.
namespace ui::transcript {

enum Style : quint8 { Strong = 1, Emphasis = 2, Strike = 4, Code = 8, Linked = 16 };

/// A stretch of shown text with one style. When both lengths are equal the characters map one to one;
/// otherwise (an entity, a generated word) the whole run stands for the whole stretch of source.
struct Run {
    int start = 0, length = 0;        // UTF-16 units of RichText::text
    int source = 0, sourceLength = 0; // UTF-16 units of the message's source
    quint8 styles = 0;
    int link = -1; // into RichText::links
    bool operator==(const Run&) const = default;
};

struct RichText {
    QString text;      // U+2028 separates lines
    QList<Run> runs;   // in order, without gaps
    QStringList links; // http, https and mailto only

    bool operator==(const RichText&) const = default;

    void append(const QString& more, int source, int sourceLength, quint8 styles, int link = -1);
    /// Drops everything from `position` on.
    void truncate(int position);
    /// The part [from, from + length) with its links.
    RichText mid(int from, int length) const;

    int sourceBegin() const { return runs.isEmpty() ? 0 : runs.first().source; }
    int sourceEnd() const { return runs.isEmpty() ? 0 : runs.last().source + runs.last().sourceLength; }
    /// Source offset of the character at `position`.
    int toSource(int position) const;
    /// Shown position of the first character that comes from `source` or later; text.size() when there is
    /// none.
    int toShown(int source) const;
    /// The link at a position, empty when there is none.
    QString linkAt(int position) const;
};

/// The nearest grapheme boundary at or before / at or after `position`.
int graphemeFloor(const QString& text, int position);
int graphemeCeil(const QString& text, int position);

} // namespace ui::transcript
