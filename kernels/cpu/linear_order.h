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

    /// A call, named by the first byte of its first weight, begins. Returns the starts of the one that followed it the last time; none if
    /// that is not known. `startsOf()` makes its own starts and is asked only for a call that is new. Valid until the next call.
    template <class StartsOf>
    std::span<const std::byte* const> passed(const std::byte* name, const StartsOf& startsOf) {
        Call* const guess = m_last ? m_last->next : nullptr;
        Call* const call = guess && guess->name == name ? guess : &callOf(name, startsOf);
        if (m_last)
            m_last->next = call;
        m_last = call;
        return call->next ? std::span<const std::byte* const>(call->next->starts)
                          : std::span<const std::byte* const>();
    }

private:
    struct Call {
        const std::byte* name = nullptr;
        Call* next = nullptr; // in m_calls
        Starts starts;
    };
    // Far more than a model has, with each of its experts counted; models that are long gone would add up.
    static constexpr std::size_t mostCalls = 65536;

    template <class StartsOf>
    Call& callOf(const std::byte* name, const StartsOf& startsOf) {
        if (m_calls.size() >= mostCalls) {
            m_calls.clear();
            m_last = nullptr;
        }
        Call& call = m_calls[name]; // stays where it is
        if (!call.name)
            call = {name, nullptr, startsOf()};
        return call;
    }

    std::unordered_map<const std::byte*, Call> m_calls;
    Call* m_last = nullptr;
};

} // namespace kernels
