// Weights in the form of gpu/packed_form.h, in chunks of 16 columns.
layout(constant_id = 1) const uint FORM = 0;         // 0 F32, 1 F16, 2 BF16, 3 four bits, 4 eight bits
layout(constant_id = 2) const uint CHUNKS_SCALE = 2; // chunks that share a scale
layout(constant_id = 3) const bool FLOAT_SCALES = false;
layout(constant_id = 4) const int ZERO_POINT = 0;
layout(constant_id = 5) const bool AFFINE = false;

const uint CHUNK = 16;
const uint PAIRS_CHUNK = FORM == 0 ? 8 : FORM <= 2 ? 4 : FORM == 3 ? 1 : 2; // words of 64 bits

layout(set = 0, binding = 0) readonly buffer Quants { uvec2 quants[]; };
layout(set = 0, binding = 1) readonly buffer Scales { uint scales[]; };

vec4 nibbles(uint word, uint first) {
    return vec4(ivec4(word >> first, word >> (first + 4), word >> (first + 8), word >> (first + 12)) & 15) - float(ZERO_POINT);
}
vec4 signedBytes(uint word) {
    return vec4(ivec4(word << 24, word << 16, word << 8, word) >> 24);
}
vec4 halves(uvec2 words) {
    if (FORM == 1)
        return vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
    return uintBitsToFloat(uvec4(words.x << 16, words.x & 0xffff0000u, words.y << 16, words.y & 0xffff0000u));
}

// Quants, before their scale.
void loadChunk(uint chunk, out vec4 w[4]) {
    const uint at = chunk * PAIRS_CHUNK;
    if (FORM == 0) {
        for (uint i = 0; i < 4; ++i)
            w[i] = uintBitsToFloat(uvec4(AT(quants, at + 2 * i), AT(quants, at + 2 * i + 1)));
    } else if (FORM <= 2) {
        for (uint i = 0; i < 4; ++i)
            w[i] = halves(AT(quants, at + i));
    } else if (FORM == 3) {
        const uvec2 pair = AT(quants, at);
        w[0] = nibbles(pair.x, 0);
        w[1] = nibbles(pair.x, 16);
        w[2] = nibbles(pair.y, 0);
        w[3] = nibbles(pair.y, 16);
    } else {
        const uvec2 low = AT(quants, at), high = AT(quants, at + 1);
        w[0] = signedBytes(low.x);
        w[1] = signedBytes(low.y);
        w[2] = signedBytes(high.x);
        w[3] = signedBytes(high.y);
    }
}

// Scale and offset of a chunk: weight = scale * quant + offset.
vec2 scaleOf(uint chunk) {
    if (FORM <= 2)
        return vec2(1.0, 0.0);
    const uint block = chunk / CHUNKS_SCALE;
    if (FLOAT_SCALES)
        return vec2(uintBitsToFloat(AT(scales, 2 * block)), uintBitsToFloat(AT(scales, 2 * block + 1)));
    return unpackHalf2x16(AT(scales, block));
}
