#pragma once
#include "engine/model/keys.h"
#include "engine/model_config.h"

namespace engine {

/// A family of models: what its files do not say. One entry of the table in families.cpp.
struct Family {
    const char* architecture; // general.architecture
    kernels::RopePairing ropePairing = kernels::RopePairing::Neox;
    BlockConfig block =
        {}; // the biases say which ones a file may have; whether it has them is read from the file
    bool outputBias = false;                           // as those
    bool mixture = false;                              // its files may hold experts
    void (*read)(const Keys&, ModelConfig&) = nullptr; // what else its keys say; called last
    void (*refuse)(const Keys&) = nullptr; // called first: members of the family that cannot be run
};

/// Throws engine::Error for families that cannot be run, with the reason.
const Family& familyOf(const GgufFile& file);

} // namespace engine
