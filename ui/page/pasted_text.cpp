#include "ui/page/pasted_text.h"

#include "ui/parts/words.h"

#include <QCoreApplication>
#include <QStringList>

namespace ui::pasted {

namespace {

constexpr QChar mark(0xfdd0); // no character: no text begins with it unless a program wrote it
constexpr qsizetype keptAtEachEnd = mostInField / 4;

/// The end of the paragraph that begins at `begin`, its line break included.
qsizetype paragraphEnd(QStringView text, qsizetype begin) {
    const qsizetype newline = text.indexOf(u'\n', begin);
    return newline < 0 ? text.size() : newline + 1;
}

void append(QList<Part>& parts, QStringView text, bool attached) {
    if (text.isEmpty())
        return;
    if (!parts.isEmpty() && parts.last().attached == attached)
        parts.last().text += text;
    else
        parts.append({text.toString(), attached});
}

/// Whole paragraphs from the beginning, at most `length`.
qsizetype headOf(QStringView text, qsizetype length) {
    return text.left(length).lastIndexOf(u'\n') + 1;
}

/// The same from the end: where it begins.
qsizetype tailOf(QStringView text, qsizetype length) {
    const qsizetype newline = text.indexOf(u'\n', text.size() - length);
    return newline < 0 ? text.size() : newline + 1;
}

/// What is too long altogether keeps its beginning and its end in the field.
QList<Part> shortened(const QList<Part>& parts) {
    qsizetype typed = 0;
    for (const Part& part : parts)
        typed += part.attached ? 0 : part.text.size();
    if (typed <= mostInField)
        return parts;
    const QString all = joined(parts);
    const qsizetype head = headOf(all, keptAtEachEnd);
    const qsizetype tail = std::max(head, tailOf(all, keptAtEachEnd));
    QList<Part> result;
    const QStringView view(all);
    const bool slowHead = isSlowToType(view.left(head)), slowTail = isSlowToType(view.mid(tail));
    append(result, view.left(head), slowHead);
    append(result, view.mid(head, tail - head), true);
    append(result, view.mid(tail), slowTail);
    return result;
}

} // namespace

bool isSlowToType(QStringView text) {
    qsizetype paragraph = 0, word = 0;
    for (const QChar character : text) {
        paragraph = character == u'\n' ? 0 : paragraph + 1;
        word = character.isSpace() ? 0 : word + 1;
        if (paragraph > mostInParagraph || word > mostInWord)
            return true;
    }
    return false;
}

QList<Part> folded(const QString& text) {
    QList<Part> parts;
    if (text.size() <= mostInWord) { // nearly always
        append(parts, text, false);
        return parts;
    }
    const QStringView view(text);
    for (qsizetype begin = 0; begin < text.size();) {
        const qsizetype end = paragraphEnd(text, begin);
        append(parts, view.mid(begin, end - begin), isSlowToType(view.mid(begin, end - begin)));
        begin = end;
    }
    // The break behind an attached text stays in the field, so that one can write on the next line.
    for (qsizetype i = 0; i < parts.size(); ++i) {
        if (!parts[i].attached || !parts[i].text.endsWith(u'\n'))
            continue;
        parts[i].text.chop(1);
        if (i + 1 < parts.size())
            parts[i + 1].text.prepend(u'\n');
        else
            parts.append({QStringLiteral("\n"), false});
    }
    return shortened(parts);
}

QString joined(const QList<Part>& parts) {
    QString text;
    for (const Part& part : parts)
        text += part.text;
    return text;
}

QString toDraft(const QList<Part>& parts) {
    const QString text = joined(parts);
    QStringList places;
    qsizetype begin = 0;
    for (const Part& part : parts) {
        if (part.attached)
            places += QStringLiteral("%1+%2").arg(begin).arg(part.text.size());
        begin += part.text.size();
    }
    if (places.isEmpty() && !text.startsWith(mark))
        return text;
    return mark + places.join(u' ') + u'\n' + text;
}

QList<Part> fromDraft(const QString& draft) {
    if (!draft.startsWith(mark))
        return folded(draft);
    const qsizetype end = draft.indexOf(u'\n');
    const QStringView text = QStringView(draft).mid(end + 1);
    QList<Part> parts;
    qsizetype done = 0;
    for (const QStringView place : QStringView(draft).mid(1, end - 1).split(u' ', Qt::SkipEmptyParts)) {
        const qsizetype plus = place.indexOf(u'+');
        bool good = plus > 0, goodLength = false;
        const qsizetype begin = good ? place.left(plus).toLongLong(&good) : -1;
        const qsizetype length = place.mid(plus + 1).toLongLong(&goodLength);
        if (!good || !goodLength || begin < done || length <= 0 || length > text.size() - begin)
            return folded(draft); // not ours
        append(parts, text.mid(done, begin - done), false);
        parts.append({text.mid(begin, length).toString(), true}); // two may stand side by side
        done = begin + length;
    }
    if (end < 0)
        return folded(draft);
    append(parts, text.mid(done), false);
    return parts;
}

// Without emoji: pictures in colour take a millisecond each, and the chip is drawn with every key.
QString firstWords(const QString& text, qsizetype length) {
    QString words;
    for (const QChar character : QStringView(text).left(4 * length))
        words += character.isPrint() && !character.isSurrogate() ? character : QChar(u' ');
    words = words.simplified();
    return words.size() <= length ? words : words.left(length) + QChar(0x2026);
}

QString label(const QString& text) {
    const QString first = firstWords(text, 40);
    if (first.isEmpty())
        return QCoreApplication::translate("ui::pasted", "Pasted text · %1", "size")
            .arg(words::textSize(text));
    return QCoreApplication::translate("ui::pasted", "Pasted text · %1 · %2", "size and first words")
        .arg(words::textSize(text), first);
}

} // namespace ui::pasted
