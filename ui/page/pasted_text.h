#pragma once
#include <QList>
#include <QString>

// A message that is being written: typed text with attached texts in it. What would make typing slow is attached
// and stands in the field as one character; see GrowingTextEdit. Pure functions; lengths are UTF-16 units.
namespace ui::pasted {

/// A field is laid out again by paragraphs: what a key costs grows with the longest one, and faster where a word
/// has no place to break.
inline constexpr qsizetype mostInParagraph = 8'192, mostInWord = 2'048;
inline constexpr qsizetype mostInPaste = 16'384;  // more than that is attached, whatever it is made of
inline constexpr qsizetype mostInField = 262'144; // an attached text may be put into the field up to this

struct Part {
    QString text;
    bool attached = false;
    bool operator==(const Part&) const = default;
};

/// Typing in this text would be slow: a paragraph or a word of it is too long.
bool isSlowToType(QStringView text);
/// Any text as parts that are quick to type in: runs of paragraphs that are not are attached, and so is the middle
/// of a text that is too long altogether. The parts joined are the text.
QList<Part> folded(const QString& text);
/// What is sent: the parts one behind the other.
QString joined(const QList<Part>& parts);
/// What is kept as a draft: the joined text, with a first line that says where its attached parts are if it has
/// any. fromDraft() gives the same parts back, and folds texts that came without that line.
QString toDraft(const QList<Part>& parts);
QList<Part> fromDraft(const QString& draft);

/// "Pasted text · 1.2 MB · first words of it".
QString label(const QString& text);
/// The beginning as one line of at most `length`.
QString firstWords(const QString& text, qsizetype length);

} // namespace ui::pasted
