#pragma once
#include "engine/types.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace engine {

struct AttentionFrame;
class Context;

/// What is recorded; stands in the file's header.
struct RecordingSource {
    std::string model, quantisation;
    std::uint64_t seed = 0; // 0: from the clock
};

struct RecordingStatus {
    bool active = false;       // from start() until the file is complete
    std::uint64_t tokens = 0;  // written
    std::uint64_t dropped = 0; // decoded while the disk was behind; missing in the file
    std::uint64_t bytes = 0;   // of the file
    std::string problem;       // why it ended without being asked to: a sentence; empty: it did not
};

/// What take() does when the disk is behind: count the token as dropped, or nothing, for a caller who asks again.
enum class WhenBehind : std::uint8_t { Drop, AskAgain };

/// Capture level C4: writes every attention row of every decoded token to a file (README.md has the format). The decode loop fills
/// frames that were made beforehand and hands them to a thread that packs and writes them; it never allocates, locks or waits for
/// that. Where the thread is behind, tokens are dropped and counted. A disk that is full or fails ends the recording with a sentence and
/// nothing else. The file is the person's own (0600) and holds whole records whatever happens.
class Recorder {
public:
    Recorder();
    ~Recorder(); // stops

    // Main thread:
    void start(const std::filesystem::path& file); // does nothing while one is active
    void stop();                                   // the rest is written soon after
    void finish();                                 // stop() and wait
    RecordingStatus status() const;                // any thread but the decode loop

    // Engine thread, before an answer:
    void describe(RecordingSource source);
    // Engine thread, between tokens; no allocation, no lock, no waiting:
    bool isOn() const;
    /// A frame of level Record to be filled for the next token; null when nothing is recorded now.
    AttentionFrame* take(const Context& context, WhenBehind behind = WhenBehind::Drop);
    bool holds() const;      // such a frame is out
    void put(TokenId token); // it was filled, for this token
    void giveBack();         // it was not; nothing happens without one

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace engine
