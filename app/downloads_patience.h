#pragma once

namespace app {

/// How long a server may keep us waiting, and how often it is asked again.
struct DownloadPatience {
    int stallMs = 30000; // without a byte
    int retryMs = 1000;  // before the second try; twice as long before each further one
    int tries = 4;       // in a row that bring nothing
};

} // namespace app
