"""Values of tensors that any program can make again, to the bit.

A tensor's values come from its name in the GGUF file, the seed, a mean and a half-width, by integers and one rounding: splitmix64, started
at FNV-1a of the name plus the seed, gives 24 bits k for each value; the value is mean + width * (k - 2^23) / 2^23 in double precision,
rounded to float32. The product is exact (24 by 24 bits), so that it does not matter whether a processor fuses it with the sum.
`tests/support/family_file.cpp` is the other half.
"""

import math

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # splitmix64 (Steele, Lea, Flood 2014)


def fnv1a(text):
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return state


def mix(state):
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def values(name, seed, shape, mean, width):
    """float32, in the order of the file."""
    first = np.uint64((fnv1a(name) + seed) % 2**64)
    count = np.arange(1, math.prod(shape) + 1, dtype=np.uint64)
    k = (mix(first + count * GOLDEN) >> np.uint64(40)).astype(np.float64)
    return (float(mean) + float(width) * (k - 2**23) / 2**23).astype(np.float32).reshape(shape)


def spread(name, shape, experts_by_input, embedding_deviation, zero_centred_norms, query_key_gain):
    """Mean and standard deviation of a parameter by its name in the torch model, chosen so that mistakes show: norms' gains and biases are
    not 1 and 0, and attention is not flat."""
    last = name.rsplit(".", 1)[-1]
    if last == "layer_scalar":
        return 0.9, 0.06
    if last == "sinks":
        return 1.0, 1.0
    if "norm" in name or ".ln_" in name or name.endswith("ln_f.weight"):
        gain = query_key_gain if ".q_norm." in name or ".k_norm." in name else 1.0
        return 0.0 if last == "bias" or zero_centred_norms else gain, 0.2 * gain
    if "bias" in last:
        return 0.0, 0.3
    if any(part in name for part in ("embed_tokens", "wte", "word_embeddings", "embed_in")):
        return 0.0, embedding_deviation
    if len(shape) == 3:  # experts (gpt-oss: (experts, in, out), others (experts, out, in)), convolutions (out, 1, width)
        return 0.0, 1 / math.sqrt(shape[1 if experts_by_input else 2])
    if len(shape) == 2:
        gain = 3.0 if "router" in name or name.endswith("mlp.gate.weight") else 1.0
        return 0.0, gain / math.sqrt(shape[1])
    return 1.0, 0.2
