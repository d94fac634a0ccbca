#pragma once
#include <QString>

namespace app {
struct DownloadState;
struct ModelFit;
struct ModelOffer;
} // namespace app

// What is said of a model that can be fetched. Pure functions of their arguments and the language; main thread only.
namespace ui::words {

/// "491 MB · Apache-2.0 · needs 548 MB of memory · about 49 tokens a second"
QString offerDetails(const app::ModelOffer& offer, const app::ModelFit& fit);
QString offerProblem(const app::ModelOffer& offer,
                     const app::ModelFit& fit); // why it does not fit; empty: it does
/// "120 of 491 MB · 4 MB a second · 2 minutes left"
QString downloadProgress(const app::DownloadState& state);
QString speed(double tokensPerSecond); // "about 49 tokens a second"
QString timeLeft(int seconds);         // "2 minutes left"

} // namespace ui::words
