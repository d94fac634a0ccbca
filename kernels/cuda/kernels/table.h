#pragma once
#include "kernels/cuda/kernels/attend.h"
#include "kernels/cuda/kernels/attend_join.h"
#include "kernels/cuda/kernels/elementwise.h"
#include "kernels/cuda/kernels/embed.h"
#include "kernels/cuda/kernels/expand.h"
#include "kernels/cuda/kernels/experts.h"
#include "kernels/cuda/kernels/kv_store.h"
#include "kernels/cuda/kernels/linear_matrix.h"
#include "kernels/cuda/kernels/linear_matrix_bytes.h"
#include "kernels/cuda/kernels/linear_vector.h"
#include "kernels/cuda/kernels/norm.h"
#include "kernels/cuda/kernels/quantise.h"
#include "kernels/cuda/kernels/rope.h"
#include "kernels/cuda/kernels/top_logits.h"

#include <array>
#include <iterator>
#include <utility>

// All kernels by number, for whoever launches them.
namespace kernels::cuda {

struct KernelEntry {
    const void* function = nullptr;      // for cudaLaunchKernel
    void (*call)(const void*) = nullptr; // for the shim
    std::size_t argumentBytes = 0;
};

template <auto FUNCTION, class Arguments>
KernelEntry entryOf(void (*)(Arguments)) {
#ifdef __CUDACC__
    return {reinterpret_cast<const void*>(FUNCTION), nullptr, sizeof(Arguments)};
#else
    return {nullptr, [](const void* arguments) { FUNCTION(*static_cast<const Arguments*>(arguments)); },
            sizeof(Arguments)};
#endif
}
template <auto FUNCTION>
KernelEntry entryOf() {
    return entryOf<FUNCTION>(FUNCTION);
}

template <std::size_t... VARIANT>
auto attendEntries(std::index_sequence<VARIANT...>) {
    return std::array{entryOf<attend<attendVariants[VARIANT].heads, attendVariants[VARIANT].tokens>>()...};
}

/// An entry without a function where there is no such kernel.
inline KernelEntry kernelEntry(KernelId id, std::uint32_t variant) {
    const auto pick = [&](const auto& entries) {
        return variant < entries.size() ? entries[variant] : KernelEntry{};
    };
    switch (id) {
    case KernelId::Embed:
        return pick(std::array{entryOf<embed<Form::F32>>(), entryOf<embed<Form::F16>>(),
                               entryOf<embed<Form::BF16>>(), entryOf<embed<Form::Four>>(),
                               entryOf<embed<Form::Eight>>()});
    case KernelId::Norm:
        return entryOf<norm>();
    case KernelId::QuantiseInputs:
        return entryOf<quantiseInputs>();
    case KernelId::LinearVector:
        return pick(std::array{entryOf<linearVector<Form::F32>>(), entryOf<linearVector<Form::F16>>(),
                               entryOf<linearVector<Form::BF16>>(), entryOf<linearVector<Form::Four>>(),
                               entryOf<linearVector<Form::Eight>>()});
    case KernelId::LinearVectorBytes:
        return pick(
            std::array{entryOf<linearVectorBytes<Form::Four>>(), entryOf<linearVectorBytes<Form::Eight>>()});
    case KernelId::LinearMatrix:
        return pick(std::array{entryOf<linearMatrix<Form::F32>>(), entryOf<linearMatrix<Form::F16>>(),
                               entryOf<linearMatrix<Form::BF16>>(), entryOf<linearMatrix<Form::Four>>(),
                               entryOf<linearMatrix<Form::Eight>>()});
    case KernelId::LinearMatrixBytes:
        return pick(
            std::array{entryOf<linearMatrixBytes<Form::Four>>(), entryOf<linearMatrixBytes<Form::Eight>>()});
    case KernelId::Rope:
        return entryOf<rope>();
    case KernelId::KvStore:
        return entryOf<kvStore>();
    case KernelId::Attend:
        return pick(attendEntries(std::make_index_sequence<std::size(attendVariants)>()));
    case KernelId::AttendJoin:
        return entryOf<attendJoin>();
    case KernelId::AttendCapture:
        return entryOf<attendCapture>();
    case KernelId::AttendMass:
        return entryOf<attendMass>();
    case KernelId::Elementwise:
        return entryOf<elementwise>();
    case KernelId::ChooseExperts:
        return entryOf<chooseExperts>();
    case KernelId::CombineExperts:
        return entryOf<combineExperts>();
    case KernelId::MarkListed:
        return entryOf<markListed>();
    case KernelId::CountLogitDigit:
        return entryOf<countLogitDigit>();
    case KernelId::CollectLogits:
        return entryOf<collectLogits>();
    case KernelId::ExpandRows:
        return pick(std::array{entryOf<expandRows<Form::F32>>(), entryOf<expandRows<Form::F16>>(),
                               entryOf<expandRows<Form::BF16>>(), entryOf<expandRows<Form::Four>>(),
                               entryOf<expandRows<Form::Eight>>()});
    case KernelId::ToHalves:
        return entryOf<toHalves>();
    case KernelId::PlaceBias:
        return entryOf<placeBias>();
    }
    return {};
}

} // namespace kernels::cuda
