#pragma once
#include <chrono>
#include <stop_token>

namespace engine {

/// Bytes of weights that this machine reads in a second while it decodes: one row of activations times Q4_K matrices, more of them than
/// a processor's caches hold, with the kernels that a model runs on. Decoding reads every weight once a token, so this over the bytes of
/// a model's weights is about its speed at the start of a chat. `threads` as in LoadOptions. Blocks the calling thread for about
/// `duration`, plus a moment to fill 96 MiB; any thread. 0: stopped, or there is no memory for it.
double measureReadSpeed(int threads, std::chrono::milliseconds duration, std::stop_token stop);

} // namespace engine
