// The sum and the largest over a workgroup, in every invocation: one word a subgroup, two barriers.
shared float subgroupSums[64];

float workgroupSum(float value) {
    const float own = subgroupAdd(value);
    barrier(); // the words of the sum before this one have been read
    if (subgroupElect())
        subgroupSums[gl_SubgroupID] = own;
    barrier();
    float sum = 0.0;
    for (uint i = 0; i < gl_NumSubgroups; ++i)
        sum += subgroupSums[i];
    return sum;
}

float workgroupMax(float value) {
    const float own = subgroupMax(value);
    barrier(); // as there
    if (subgroupElect())
        subgroupSums[gl_SubgroupID] = own;
    barrier();
    float largest = subgroupSums[0];
    for (uint i = 1; i < gl_NumSubgroups; ++i)
        largest = max(largest, subgroupSums[i]);
    return largest;
}
