#include "app/controller/horizon.h"

namespace app {

int utf16Offset(const QString& text, int bytes) {
    int units = 0;
    const int size = static_cast<int>(text.size());
    while (bytes > 0 && units < size) {
        const char16_t unit = text[units].unicode();
        const bool pair =
            QChar::isHighSurrogate(unit) && units + 1 < size && text[units + 1].isLowSurrogate();
        if (pair)
            bytes -= 4;
        else if (unit < 0x80 || QChar::isSurrogate(unit)) // Qt writes a lone surrogate as "?"
            bytes -= 1;
        else
            bytes -= unit < 0x800 ? 2 : 3;
        units += pair ? 2 : 1;
    }
    return units;
}

HorizonPlace horizonPlace(const TranscriptModel& transcript, const engine::Horizon& horizon,
                          MessageId firstRead) {
    HorizonPlace place;
    const int unread = firstRead == 0 ? 0 : transcript.rowOf(firstRead);
    if (unread > 0)
        place.row = unread;
    const int row = horizon.messageId == 0 ? -1 : transcript.rowOf(horizon.messageId);
    if (row < 0 || row < unread)
        return place;
    place.offset = utf16Offset(transcript.at(row).text, horizon.byteOffset);
    // The first character of the first message: nothing is above the line.
    place.row = row == 0 && place.offset == 0 ? -1 : row;
    return place;
}

} // namespace app
