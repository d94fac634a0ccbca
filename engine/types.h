#pragma once
#include "kernels/kv_type.h"

#include <cstdint>
#include <string>
#include <vector>

// Value types of one conversation. Plain data: any thread may hold a copy.
namespace engine {

using TokenId = std::int32_t;
using StreamPosition =
    std::int64_t; // index of a token in the stream, from 0, never reset while the cache lives

constexpr TokenId NoToken = -1;

enum class Role : std::uint8_t { System, User, Assistant };

struct ChatMessage {
    std::int64_t id =
        0; // a label for events, of the caller's choice; 0: none. What is held is recognised by role and text
    Role role = Role::User;
    std::string text; // UTF-8
};

/// How the past is kept (Xiao et al., section 3.2).
///  Dense      every token stays; stops at the capacity.
///  Window     a ring without sinks (the paper's window attention, which collapses).
///  Streaming  sinks + ring: StreamingLLM.
///  Recompute  the last tokens are read again from scratch for every token: oracle and baseline, for comparisons only.
enum class CacheMode : std::uint8_t { Dense, Window, Streaming, Recompute };

struct CacheOptions {
    CacheMode mode = CacheMode::Streaming;
    int sinks = 4; // pinned at least; a chat pins its whole system block
    int window =
        0; // ring tokens without the sinks ("x+y" of the paper); 0 = min(trained length, 4096) - sinks
    kernels::KvType ringType = kernels::KvType::F16;

    bool operator==(const CacheOptions&) const = default;
};

/// Tokens of a cache whose size nobody chose, where the model was trained for as many: what the memory of most machines bears.
constexpr int UsualCacheTokens = 4096;

/// Ring tokens where nobody asked for a number: as far as the model was trained to see, within the usual.
constexpr int defaultWindow(int trainedLength, int sinks) {
    const int window = (trainedLength < UsualCacheTokens ? trainedLength : UsualCacheTokens) - sinks;
    return window > 1 ? window : 1;
}

struct SamplingOptions {
    float temperature = 0.7f;       // 0 = greedy
    int topK = 40;                  // 0 = off
    float topP = 0.95f;             // 1 = off
    float minP = 0.05f;             // 0 = off
    float repetitionPenalty = 1.1f; // 1 = off
    int repetitionWindow = 256;     // newest tokens it looks at
    std::uint64_t seed = 0;         // 0 = from the clock

    bool operator==(const SamplingOptions&) const = default;
};

enum class StopReason : std::uint8_t { EndOfTurn, Length, Cancelled, CacheFull };

/// The text of a token, as a place in a message.
struct TokenSource {
    std::int64_t messageId = 0; // the label it came with; 0: none, or not part of any message
    std::int32_t byteBegin = 0; // UTF-8 offsets into the message's text
    std::int32_t byteEnd = 0;
    Role role = Role::System;
    bool isText = false; // of a message; else the template's, or of the system block
};

/// The memory horizon: everything before this place is no longer seen by the model.
struct Horizon {
    std::int64_t messageId = 0; // 0: nothing is forgotten
    std::int32_t byteOffset = 0;
};

} // namespace engine
