#pragma once
#include "kernels/backend.h"
#include "kernels/cuda/arguments.h"
#include "kernels/cuda/kernels/language.h"

// Operations on each number by itself. The output may be one of the inputs.
namespace kernels::cuda {

GPU_FUNCTION float activated(Activation activation, float v) {
    if (activation == Activation::Silu)
        return v / (1.0f + powerOfE(-v));
    if (activation == Activation::GeluTanh) {
        const float inner =
            0.797884561f * v * fused(0.044715f * v, v, 1.0f); // sqrt(2 / pi) (v + 0.044715 v^3)
        return 0.5f * v * (1.0f + tangentH(inner));
    }
    return 0.5f * v * complementOfErf(-0.707106781f * v); // v / sqrt(2)
}

GPU_FUNCTION float gated(Activation activation, float gate, float up) {
    if (activation != Activation::ClampedSilu)
        return activated(activation, gate) * up;
    const float g = smaller(gate, 7.0f);
    return (smaller(larger(up, -7.0f), 7.0f) + 1.0f) * g / (1.0f + powerOfE(-1.702f * g));
}

GPU_FUNCTION float softcapped(float x, float cap) {
    return cap * tangentH(x / cap);
}

GPU_KERNEL(blockThreads) elementwise(ElementwiseArguments a) {
    const auto activation = static_cast<Activation>(a.activation);
    for (std::int64_t i = itemIndex(); i < a.count; i += itemCount()) {
        const float v = a.x[i];
        float made = v;
        switch (a.operation) {
        case ElementwiseOperation::Gated:
            made = gated(activation, v, a.y[i]);
            break;
        case ElementwiseOperation::Activation:
            made = activated(activation, v);
            break;
        case ElementwiseOperation::Clamp:
            made = smaller(larger(v, -a.parameter), a.parameter);
            break;
        case ElementwiseOperation::Softcap:
            made = softcapped(v, a.parameter);
            break;
        case ElementwiseOperation::Add:
            made = v + a.y[i];
            break;
        case ElementwiseOperation::Scale:
            made = v * a.parameter;
            break;
        }
        a.out[i] = made;
    }
}

} // namespace kernels::cuda
