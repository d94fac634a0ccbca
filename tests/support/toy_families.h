#pragma once
#include <string>
#include <utility>
#include <vector>

namespace test {

/// What a family's files hold that llama's do not.
struct ToyFamily {
    const char* architecture;
    bool layerNorm = false, normBias = false;
    bool fusedGateUp = false, longRope = false;
    bool fusedQkv = false, qkvBias = false, outputBias = false, feedForwardBias = false;
    bool gated = true, normBefore = true, normAfter = false, secondNorm = true;
    enum { None, EachHead, OwnForEachHead, WholeRow } queryKeyNorm = None;
    const char* feedForwardNorm = "ffn_norm";
    std::vector<std::pair<const char*, float>> floats = {};
    std::vector<std::pair<const char*, int>> numbers = {};
    bool yarn = false;
    int experts = 0; // three are used
    bool sharedExpert = false, sharedGate = false, expertBias = false, learnedSinks = false;
    bool twoWidths =
        false; // Gemma 4: every third layer sees everything, with heads twice as wide and keys for values
};

/// Throws std::runtime_error where there is none.
const ToyFamily& toyFamily(const std::string& architecture);

} // namespace test
