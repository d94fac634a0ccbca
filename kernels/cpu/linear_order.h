#pragma once
#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

namespace kernels {

/// Which product follows which, learnt as they pass: a model's are the same for every token. Only names what is in memory and never reads
/// it, so weights may go and come: what is remembered of them is at worst a wrong guess. Engine thread.
class LinearOrder {
public:
    using Starts = std::vector<const std::byte*>; // in a call's weights, where each worker's part begins

    /// A call goes by the first byte of its first weight. `startsOf()` makes its starts, which is asked for only when something is new.
    template <class StartsOf>
    void passed(const std::byte* call, const StartsOf& startsOf) {
        if (m_before != nullptr) {
            if (m_after.size() >= mostCalls)
                m_after.clear();
            Next& next = m_after[m_before];
            if (next.call != call)
                next = {call, startsOf()};
        }
        m_before = call;
    }
    /// Of the call that followed this one the last time; empty when it is not known.
    std::span<const std::byte* const> after(const std::byte* call) const {
        const auto found = m_after.find(call);
        return found == m_after.end() ? std::span<const std::byte* const>() : found->second.starts;
    }

private:
    struct Next {
        const std::byte* call = nullptr;
        Starts starts;
    };
    // Far more than a model has, with each of its experts counted; models that are long gone would add up.
    static constexpr std::size_t mostCalls = 65536;
    std::unordered_map<const std::byte*, Next> m_after;
    const std::byte* m_before = nullptr;
};

} // namespace kernels
