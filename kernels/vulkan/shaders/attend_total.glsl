// The softmax over all pieces of a head: its largest score, the sum of weights and what their entropy needs.
layout(set = 0, binding = 0) readonly buffer Parts { float parts[]; };
layout(set = 0, binding = 1) readonly buffer Inputs { int inputs[]; };
layout(set = 0, binding = 2) readonly buffer SinkLogits { float sinkLogits[]; };

struct Total {
    float largest, sum, entropy;
};

uint partAt(uint piece, uint head, uint heads, uint headDim) {
    return (piece * heads + head) * (4 + headDim);
}

Total totalOf(uint first, uint end, uint head, uint heads, uint headDim, bool hasSinkLogits) {
    Total total = Total(hasSinkLogits ? LOG2_E * AT(sinkLogits, head) : LOWEST, hasSinkLogits ? 1.0 : 0.0, 0.0);
    for (uint piece = first; piece < end; ++piece) {
        const uint at = partAt(piece, head, heads, headDim);
        const float largest = max(total.largest, AT(parts, at)), sum = AT(parts, at + 1);
        const float before = total.sum > 0.0 ? max(total.largest - largest, -150.0) : 0.0;
        const float now = max(AT(parts, at) - largest, -150.0);
        const float keptShare = powerOf2(before), ownShare = powerOf2(now);
        total.entropy = keptShare * (total.entropy + total.sum * before) + ownShare * (AT(parts, at + 2) + sum * now);
        total.sum = keptShare * total.sum + ownShare * sum;
        total.largest = largest;
    }
    return total;
}
