#pragma once
#include <type_traits>

namespace kernels {

/// The least multiple of `unit` that is not below `value`, which is not negative.
template <class T>
constexpr T roundUp(T value, std::type_identity_t<T> unit) {
    return (value + unit - 1) / unit * unit;
}

} // namespace kernels
