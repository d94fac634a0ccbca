#pragma once
#include "app/transcript_model.h"
#include "engine/types.h"

// From the engine's memory horizon (message id and UTF-8 offset) to a place in the transcript (row and UTF-16
// offset). Pure; any thread.
namespace app {

/// UTF-16 units that the first `bytes` bytes of the text's UTF-8 make up. An offset inside a character goes
/// to its end: a character of which a part is forgotten is forgotten.
int utf16Offset(const QString& text, int bytes);

struct HorizonPlace {
    int row = -1; // -1: everything is seen
    int offset = 0;
};

/// `firstRead`: the oldest message that the engine was given; what is older than that was never read. 0: all
/// were given.
HorizonPlace horizonPlace(const TranscriptModel& transcript, const engine::Horizon& horizon,
                          MessageId firstRead);

} // namespace app
