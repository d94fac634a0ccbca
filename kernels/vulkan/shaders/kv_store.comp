#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "kv_rows.glsl"

// Writes keys and values of the step's tokens into their slots: an invocation a piece of 64 numbers, which is two blocks of Q8_0.
const uint PIECE = 64;

layout(set = 0, binding = 0) readonly buffer Keys { float keys[]; };
layout(set = 0, binding = 1) readonly buffer Values { float values[]; };
layout(set = 0, binding = 2) readonly buffer Inputs { int inputs[]; };
layout(set = 0, binding = 3) buffer Sinks { uint sinks[]; };
layout(set = 0, binding = 4) buffer Ring { uint ring[]; };
layout(push_constant) uniform Push {
    uint tokens, kvHeads, headDim, keysAt, valuesAt, slotsAt, sinkSlots, ringSlots, sinkType, ringType, sinkRowWords, ringRowWords;
};

// To nearest, ties to even, and saturated: not left to the driver.
uint halfBits(float value) {
    const uint bits = floatBitsToUint(clamp(value, -65504.0, 65504.0));
    const uint sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude < 0x38800000u) {
        if (magnitude < 0x33000000u) // less than half of the smallest
            return sign;
        const uint exponent = magnitude >> 23, mantissa = (magnitude & 0x7fffffu) | 0x800000u;
        const uint shift = 126u - exponent; // of the mantissa to units of 2^-24
        const uint kept = mantissa >> shift, rest = mantissa & ((1u << shift) - 1u), middle = 1u << (shift - 1u);
        return sign | (kept + uint(rest > middle || rest == middle && (kept & 1u) == 1u));
    }
    return sign | ((magnitude + 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u) >> 13);
}

float fromHalf(uint bits) {
    const uint exponent = bits >> 10 & 31u, mantissa = bits & 1023u;
    return exponent == 0 ? float(mantissa) * 5.9604644775390625e-8 : uintBitsToFloat(exponent + 112u << 23 | mantissa << 13);
}

float source(bool isKey, uint at) {
    return isKey ? AT(keys, keysAt + at) : AT(values, valuesAt + at);
}
void put(bool isSink, uint at, uint word) {
    if (isSink)
        AT(sinks, at) = word;
    else
        AT(ring, at) = word;
}

// Returns the bits of the scale.
uint writeBlock(bool isSink, bool isKey, uint to, uint from, uint count) {
    float largest = 0.0;
    for (uint i = 0; i < count; ++i)
        largest = max(largest, abs(source(isKey, from + i)));
    const uint scale = halfBits(largest / 127.0);
    const float step = fromHalf(scale), perStep = step > 0.0 ? 1.0 / step : 0.0;
    for (uint i = 0; i < count; i += 4) {
        uint word = 0;
        for (uint j = i; j < min(i + 4, count); ++j)
            word |= (uint(int(clamp(roundEven(source(isKey, from + j) * perStep), -127.0, 127.0))) & 255u) << 8 * (j - i);
        put(isSink, to + i / 4, word);
    }
    return scale;
}

void main() {
    const uint pieces = (headDim + PIECE - 1) / PIECE, items = 2 * tokens * kvHeads * pieces;
    for (uint item = gl_GlobalInvocationID.x; item < items; item += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
        const uint piece = item % pieces, head = item / pieces % kvHeads, token = item / pieces / kvHeads % tokens;
        const bool isKey = item / pieces / kvHeads / tokens == 0;
        const uint slot = uint(AT(inputs, slotsAt + token));
        const bool isSink = slot < sinkSlots;
        const uint slots = isSink ? sinkSlots : ringSlots, type = isSink ? sinkType : ringType;
        const uint rowWords = isSink ? sinkRowWords : ringRowWords;
        const uint row = ((isKey ? 0 : kvHeads) + head) * slots + (isSink ? slot : slot - sinkSlots);
        const uint first = piece * PIECE, count = min(PIECE, headDim - first);
        const uint from = (token * kvHeads + head) * headDim + first, to = row * rowWords;
        if (type == KV_F32) {
            for (uint i = 0; i < count; ++i)
                put(isSink, to + first + i, floatBitsToUint(source(isKey, from + i)));
        } else if (type == KV_F16) {
            for (uint i = 0; i < count; i += 2)
                put(isSink, to + (first + i) / 2, halfBits(source(isKey, from + i)) | halfBits(source(isKey, from + i + 1)) << 16);
        } else {
            uint word = writeBlock(isSink, isKey, to + first / 4, from, min(32u, count));
            if (count > 32)
                word |= writeBlock(isSink, isKey, to + first / 4 + 8, from + 32, count - 32) << 16;
            put(isSink, to + numberWords(type, headDim) + piece, word);
        }
    }
}
