// Half precision reaches from 2^-14, below which it loses bits, to 2^16.

// 2^exponent, which is a normal number.
float twoTo(int exponent) {
    return uintBitsToFloat(uint(exponent + 127) << 23);
}

// The exponent of what brings `largest` to 2^14 .. 2^15. Of what is smaller, less than 2^-28 of the largest is lost at most.
int halfScaling(float largest) {
    return clamp(14 + 127 - int(floatBitsToUint(largest) >> 23), -126, 126);
}
