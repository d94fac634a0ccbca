#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

// Root-mean-square norm or layer norm, one row a workgroup. x and the output may be the same.
layout(constant_id = 1) const bool CENTRED = false;

layout(set = 0, binding = 0) readonly buffer In { float x[]; };
layout(set = 0, binding = 1) readonly buffer Gain { float gain[]; };
layout(set = 0, binding = 2) readonly buffer Bias { float bias[]; };
layout(set = 0, binding = 3) buffer Out { float result[]; };
layout(push_constant) uniform Push {
    uint rows, cols, gainRows, xAt, gainAt, biasAt, hasBias, outAt;
    float epsilon;
};

void main() {
    const uint local = gl_LocalInvocationID.x, size = gl_WorkGroupSize.x;
    for (uint row = gl_WorkGroupID.x; row < rows; row += gl_NumWorkGroups.x) {
        float mean = 0.0;
        if (CENTRED) {
            float sum = 0.0;
            for (uint i = local; i < cols; i += size)
                sum += AT(x, xAt + row * cols + i);
            mean = workgroupSum(sum) / float(cols);
        }
        float squares = 0.0;
        for (uint i = local; i < cols; i += size) {
            const float value = AT(x, xAt + row * cols + i) - mean;
            squares = fma(value, value, squares);
        }
        const float factor = 1.0 / sqrt(workgroupSum(squares) / float(cols) + epsilon);
        for (uint i = local; i < cols; i += size) {
            float value = (AT(x, xAt + row * cols + i) - mean) * factor * AT(gain, gainAt + row % gainRows * cols + i);
            if (hasBias != 0)
                value += AT(bias, biasAt + i);
            AT(result, outAt + row * cols + i) = value;
        }
    }
}
