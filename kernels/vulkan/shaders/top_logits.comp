#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

// The largest logits of a row, without order. Logits are brought into an order of 56 bits, the value before the id, and the smallest one
// that is wanted is found digit by digit (radix select): a dispatch counts the logits that share the digits found so far by their next
// one. No two logits are alike there, so ties need no care.
layout(constant_id = 1) const uint STAGE = 0; // 0 what is listed, 1 counts a digit, 2 what is wanted

const uint BINS = 256, VALUE_DIGITS = 4;

layout(set = 0, binding = 0) readonly buffer Row { uint row[]; }; // bits of floats
layout(set = 0, binding = 1) readonly buffer Inputs { int inputs[]; };
layout(set = 0, binding = 2) buffer State { uint state[]; }; // a bit for each column that is listed, then bins for each digit
layout(set = 0, binding = 3) buffer Found { uint found[]; }; // how many, what is listed, sums of each workgroup, (id, bits) of each
layout(push_constant) uniform Push { uint columns, rowAt, listedAt, listed, wanted, digit, binsAt, sumsAt, entriesAt; };

shared uint bins[BINS];
shared uint quarters[BINS / 4];
shared uint edgeValue, edgeId, isFound; // the digits that are known, the others 0; nothing is left to find

struct Place {
    uint value, id; // the larger, the earlier
};
bool isNumber(uint bits) {
    return (bits & 0x7fffffffu) <= 0x7f800000u;
}
Place placeOf(uint column, uint bits) {
    const uint own = bits == 0x80000000u ? 0u : bits; // both zeros are equal
    return Place((own & 0x80000000u) != 0u ? ~own : own | 0x80000000u, 0xffffffu - column);
}
uint digitOf(Place place, uint which) {
    return (which < VALUE_DIGITS ? place.value >> (24 - 8 * which) : place.id >> (16 - 8 * (which - VALUE_DIGITS))) & 255u;
}
bool isListed(uint column) {
    return (AT(state, column / 32) >> (column % 32) & 1u) != 0u;
}

// From the counts of the digits before `digits`.
void findEdge(uint digits) {
    const uint local = gl_LocalInvocationID.x, size = gl_WorkGroupSize.x;
    if (local == 0) {
        edgeValue = edgeId = 0u;
        isFound = wanted == 0u ? 1u : 0u;
    }
    uint left = wanted;
    for (uint which = 0; which < digits; ++which) {
        const uint from = binsAt + which * BINS;
        barrier();
        for (uint i = local; i < BINS / 4; i += size)
            quarters[i] = AT(state, from + 4 * i) + AT(state, from + 4 * i + 1) + AT(state, from + 4 * i + 2) + AT(state, from + 4 * i + 3);
        barrier();
        if (local != 0 || isFound != 0u)
            continue;
        uint part = BINS / 4 - 1;
        while (part > 0 && quarters[part] < left)
            left -= quarters[part--];
        uint bin = 4 * part + 3, count = AT(state, from + bin);
        while (bin > 4 * part && count < left) {
            left -= count;
            count = AT(state, from + --bin);
        }
        if (which < VALUE_DIGITS)
            edgeValue |= bin << (24 - 8 * which);
        else
            edgeId |= bin << (16 - 8 * (which - VALUE_DIGITS));
        if (count <= left)
            isFound = 1u; // all of this bin are wanted
    }
    barrier();
}

// The logarithm of a sum of powers is put together from these.
void addUp() {
    float largest = LOWEST;
    const uint step = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    for (uint i = gl_GlobalInvocationID.x; i < columns; i += step) {
        const uint bits = AT(row, rowAt + i);
        if (isNumber(bits))
            largest = max(largest, uintBitsToFloat(bits));
    }
    largest = workgroupMax(largest);
    float sum = 0.0;
    for (uint i = gl_GlobalInvocationID.x; i < columns; i += step) {
        const uint bits = AT(row, rowAt + i);
        if (isNumber(bits))
            sum += power(uintBitsToFloat(bits) - largest);
    }
    sum = workgroupSum(sum);
    if (gl_LocalInvocationID.x == 0) {
        AT(found, sumsAt + 2 * gl_WorkGroupID.x) = floatBitsToUint(largest);
        AT(found, sumsAt + 2 * gl_WorkGroupID.x + 1) = floatBitsToUint(sum);
    }
}

void count() {
    const uint local = gl_LocalInvocationID.x, size = gl_WorkGroupSize.x;
    for (uint i = local; i < BINS; i += size)
        bins[i] = 0u;
    findEdge(digit);
    if (isFound != 0u)
        return;
    const uint step = gl_NumWorkGroups.x * size;
    for (uint i = gl_GlobalInvocationID.x; i < columns; i += step) {
        const uint bits = AT(row, rowAt + i);
        if (!isNumber(bits) || isListed(i))
            continue;
        const Place place = placeOf(i, bits);
        bool isNear = true;
        for (uint which = 0; which < digit; ++which)
            isNear = isNear && digitOf(place, which) == digitOf(Place(edgeValue, edgeId), which);
        if (isNear)
            atomicAdd(bins[digitOf(place, digit)], 1u);
    }
    barrier();
    for (uint i = local; i < BINS; i += size)
        if (bins[i] != 0u)
            atomicAdd(AT(state, binsAt + digit * BINS + i), bins[i]);
}

void collect() {
    findEdge(7);
    const uint step = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    for (uint i = gl_GlobalInvocationID.x; i < columns; i += step) {
        const uint bits = AT(row, rowAt + i);
        if (!isNumber(bits) || isListed(i))
            continue;
        const Place place = placeOf(i, bits);
        if (wanted == 0u || place.value < edgeValue || place.value == edgeValue && place.id < edgeId)
            continue;
        const uint to = entriesAt + 2 * atomicAdd(AT(found, 0), 1u);
        AT(found, to) = i;
        AT(found, to + 1) = bits;
    }
}

void main() {
    if (STAGE == 0) {
        for (uint i = gl_GlobalInvocationID.x; i < listed; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
            const uint column = uint(AT(inputs, listedAt + i));
            AT(found, 1 + i) = AT(row, rowAt + column);
            atomicOr(AT(state, column / 32), 1u << column % 32);
        }
    } else if (STAGE == 1) {
        if (digit == 0)
            addUp();
        count();
    } else {
        collect();
    }
}
