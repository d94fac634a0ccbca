#pragma once
#include <chrono>
#include <cstddef>
#include <stop_token>
#include <vector>

namespace engine {

/// Bytes of weights that this machine reads in a second while it decodes: one row of activations times Q4_K matrices, more of them than
/// a processor's caches hold, with the kernels that a model runs on. Decoding reads every weight once a token, so this over the bytes of
/// a model's weights is about its speed at the start of a chat. `threads` as in LoadOptions. Blocks the calling thread for about
/// `duration`, plus a moment to fill 96 MiB; any thread. 0: stopped, or there is no memory for it.
double measureReadSpeed(int threads, std::chrono::milliseconds duration, std::stop_token stop);

/// Bytes a second, from passes over `bytes` that took so many seconds each. Other programs make passes longer, never shorter, so
/// what counts is what the quickest quarter of them reach: the same figure on a machine whose processors are half busy. 0: no passes.
double readSpeedOf(std::size_t bytes, std::vector<double> seconds);

} // namespace engine
