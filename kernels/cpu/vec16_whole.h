#pragma once

// A Vec16 as one Part: included at the end of the vec16_*.h of which that is true.
namespace kernels {
namespace {

using Part = Vec16;
constexpr int PARTS = 1;

VEC16 Part zeroPart() {
    return zero16();
}
VEC16 Part broadcastPart(float x) {
    return broadcast16(x);
}
VEC16 Part loadPart(const float* from) {
    return load16(from);
}
VEC16 Part loadHalfPart(const void* from) {
    return loadHalf16(from);
}
VEC16 void storePart(float* to, Part x) {
    store16(to, x);
}
VEC16 Part mulPart(Part a, Part b) {
    return mul16(a, b);
}
VEC16 Part fmaPart(Part a, Part b, Part c) {
    return fma16(a, b, c);
}

} // namespace
} // namespace kernels
