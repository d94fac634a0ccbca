// One row (a key or a value of one head and slot) in the form of gpu/row_cache.h: 32-bit words, numbers first and scales after them.
const uint KV_F32 = 0, KV_F16 = 1, KV_Q8 = 2;

uint numberWords(uint type, uint headDim) {
    return type == KV_F32 ? headDim : type == KV_F16 ? headDim / 2 : (headDim + 3) / 4;
}
