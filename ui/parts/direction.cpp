#include "ui/parts/direction.h"

#include <algorithm>
#include <QChar>

namespace ui {

namespace {

constexpr char16_t firstRightToLeft = 0x0590; // Hebrew; everything before it runs from left to right

char32_t pointAt(QStringView text, qsizetype& at) {
    const QChar high = text[at++];
    if (!high.isHighSurrogate() || at >= text.size() || !text[at].isLowSurrogate())
        return high.unicode();
    return QChar::surrogateToUcs4(high, text[at++]);
}

} // namespace

Qt::LayoutDirection directionOf(QStringView text, Qt::LayoutDirection otherwise) {
    for (qsizetype at = 0; at < text.size();) {
        switch (QChar::direction(pointAt(text, at))) {
        case QChar::DirL:
            return Qt::LeftToRight;
        case QChar::DirR:
        case QChar::DirAL:
            return Qt::RightToLeft;
        default:
            break;
        }
    }
    return otherwise;
}

bool hasRightToLeft(QStringView text) {
    if (std::none_of(text.begin(), text.end(), [](QChar c) { return c.unicode() >= firstRightToLeft; }))
        return false;
    for (qsizetype at = 0; at < text.size();) {
        switch (QChar::direction(pointAt(text, at))) {
        case QChar::DirR:
        case QChar::DirAL:
        case QChar::DirAN:
        case QChar::DirRLE:
        case QChar::DirRLO:
        case QChar::DirRLI:
            return true;
        default:
            break;
        }
    }
    return false;
}

} // namespace ui
