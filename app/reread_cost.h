#pragma once

namespace app {

/// Tokens of the open chat that a change will cost. Plain data.
struct RereadCost {
    int tokens = 0;
    bool isAbout = false; // estimated from the length: it is still being counted, or cannot be

    bool operator==(const RereadCost&) const = default;
};

} // namespace app
