#pragma once
#include "kernels/backend.h"

namespace test {

/// One whole step: its results can be read when this returns.
template <class Operations>
void runStep(kernels::Backend& backend, const kernels::StepInputs& inputs, const Operations& operations) {
    backend.begin(inputs);
    operations();
    backend.submit();
    backend.wait();
}

} // namespace test
