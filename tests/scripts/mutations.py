"""The mistakes that try_mutations.py plants: one small replacement each, in one file. `old` has to occur there exactly once.

`tests` are (program, filter) pairs: for the GoogleTest programs a --gtest_filter, for Qt Test programs None or one test function.
They are the tests that ought to notice; at least one of them has to turn red."""
from dataclasses import dataclass

KERNELS_CAPTURE = ("kernels_tests", "*AttentionCapture*")
ENGINE_CAPTURE = ("engine_tests", "Capture*:Latest*:Journal*:Service.FramesAndJournalCross")
CACHE = ("engine_tests", "*SinkCache*:*Shapes*:*StreamOracle*")
FEED = ("tst_inspector_feed", None)
VIEWS = ("tst_inspector_views", None)


@dataclass(frozen=True)
class Mutation:
    kind: str
    name: str
    file: str
    old: str
    new: str
    tests: tuple


MUTATIONS = [
    Mutation("swap axes", "heads in the order of their groups", "kernels/cpu/attention_decode.cpp",
             "const std::ptrdiff_t head = kvHead * call.groupHeads + row + i;",
             "const std::ptrdiff_t head = (row + i) * call.kvHeads + kvHead;", (KERNELS_CAPTURE,)),
    Mutation("swap axes", "layers from the last to the first", "engine/forward_pass.cpp",
             "const auto index = static_cast<std::size_t>(layer);",
             "const auto index = static_cast<std::size_t>(frame.layers - 1 - layer);", (ENGINE_CAPTURE,)),
    Mutation("swap axes", "numbers of a head read transposed", "ui/inspector/scope.cpp",
             "HeadValue value) {\n    const auto index = static_cast<std::size_t>(layer * shot.heads + head);",
             "HeadValue value) {\n    const auto index = static_cast<std::size_t>(head * shot.layers + layer);", (VIEWS,)),
    Mutation("swap axes", "columns of the grid as its rows", "ui/inspector/heat.cpp",
             "cells[static_cast<std::size_t>(row * columns + column)]",
             "cells[static_cast<std::size_t>(column * rows + row) % cells.size()]", (VIEWS,)),

    Mutation("drop log", "weights coloured on a linear scale", "ui/inspector/heat.cpp",
             "std::clamp((std::log10(weight) + 6.0f) / 6.0f, 0.0f, 1.0f)", "std::clamp(weight, 0.0f, 1.0f)",
             (FEED, VIEWS)),
    Mutation("drop log", "history on a linear scale", "app/inspector_history.cpp",
             "(std::log10(weight) + 6.0f) / 6.0f", "weight", (FEED,)),
    Mutation("drop log", "no logarithm in the entropy", "kernels/cpu/attention_decode.cpp",
             "std::exp(std::log(total.sum) - total.entropy / total.sum)", "std::exp(-total.entropy / total.sum)",
             (KERNELS_CAPTURE,)),
    Mutation("drop log", "logarithm to base 2", "kernels/cpu/attention_decode.cpp",
             "std::exp(std::log(total.sum)", "std::exp(std::log2(total.sum)", (KERNELS_CAPTURE,)),

    Mutation("drop sinks", "shares without the sinks", "kernels/cpu/attention_decode.cpp",
             "if (isSink)\n            stats.sinks += part.sums.sum * share;",
             "if (isSink)\n            stats.sinks += 0;", (KERNELS_CAPTURE,)),
    Mutation("drop sinks", "slot mass without the sinks", "kernels/cpu/attention_decode.cpp",
             "if (!capture.slotMass.empty())\n", "if (!capture.slotMass.empty() && split.part == KvPart::Ring)\n",
             (KERNELS_CAPTURE,)),
    Mutation("drop sinks", "the slot table without the sinks", "app/inspector_feed.cpp",
             "m_live.slots[static_cast<std::size_t>(slot)] = m_history.sinks()[static_cast<std::size_t>(slot)];", ";",
             (FEED,)),

    Mutation("S off by one", "one sink more in the engine", "engine/sink_cache.cpp",
             "if (position < m_shape.sinks)\n        return static_cast<int>(position);\n    return m_shape.sinks +",
             "if (position < m_shape.sinks)\n        return static_cast<int>(position);\n    return m_shape.sinks + 1 +",
             (CACHE,)),
    Mutation("S off by one", "the last sink is not seen", "engine/sink_cache.cpp",
             "{.sinkCount = m_shape.sinks,", "{.sinkCount = std::max(0, m_shape.sinks - 1),", (CACHE,)),
    Mutation("S off by one", "ring slots behind one more sink", "app/inspector_feed.cpp",
             "return sinkSlots + static_cast<int>((tokenPosition - ringStart) % ringSlots);",
             "return sinkSlots + 1 + static_cast<int>((tokenPosition - ringStart) % ringSlots);", (FEED,)),
    Mutation("S off by one", "a sink fewer told by the journal", "engine/session/reporter.cpp",
             ".slot = context.cache().shape().sinks,", ".slot = std::max(0, context.cache().shape().sinks - 1),",
             (("engine_tests", "Session*:Capture*"),)),

    Mutation("GQA mean", "mean over a group instead of every query head", "kernels/cpu/attention_decode.cpp",
             "shares[i] = shareOf(",
             "shares[i] = 1.0f / static_cast<float>(call.groupHeads) * shareOf(",
             (KERNELS_CAPTURE,)),
    Mutation("GQA mean", "only the first query head of a group", "kernels/cpu/attention_decode.cpp",
             "m_kernels.addScaledRows(capture.slotMass.data() + first, weights, SPLIT_SLOTS, shares, rows,",
             "m_kernels.addScaledRows(capture.slotMass.data() + first, weights, SPLIT_SLOTS, shares, 1,", (KERNELS_CAPTURE,)),
    Mutation("GQA mean", "mean over the KV heads", "engine/attention_frame.cpp",
             "1.0f / static_cast<float>(frame.layers * frame.heads)",
             "1.0f / static_cast<float>(frame.layers * std::max(1, frame.heads / 2))", (ENGINE_CAPTURE,)),

    Mutation("stale seq", "pictures without a new number", "engine/session/reporter.cpp",
             "m_shown->sequence = ++m_sequence;", "m_shown->sequence = m_sequence;", (ENGINE_CAPTURE,)),
    Mutation("stale seq", "the picture before the newest", "engine/attention_frame.h",
             "m_write = m_middle.exchange(m_write | Fresh, std::memory_order_acq_rel) & Mask;",
             "m_middle.store(m_write | Fresh, std::memory_order_release);", (ENGINE_CAPTURE,)),
    Mutation("stale seq", "a picture of a stream that was left", "app/inspector_feed.cpp",
             "frame.ringSlots != m_history.ringSlots() ||\n        frame.position >= m_history.next())",
             "frame.ringSlots != m_history.ringSlots())", (FEED,)),
    Mutation("stale seq", "numbers of the query before", "engine/attention_frame.cpp",
             "frame.position = place.position;", "frame.position = place.position - 1;", (ENGINE_CAPTURE,)),

    Mutation("evictions", "an eviction told one token late", "engine/session/reporter.cpp",
             "evictBefore(position - shape.window);", "evictBefore(position - 1 - shape.window);",
             (("engine_tests", "Session*:Capture*:Service*"),)),
    Mutation("evictions", "dropped events are not counted", "engine/journal.cpp",
             "m_lost.fetch_add(1, std::memory_order_relaxed);", ";", (ENGINE_CAPTURE,)),
    Mutation("decode loop", "memory is allocated between tokens", "engine/session/reporter.cpp",
             "m_shares.begin(),\n                   [](const kernels::HeadStats& h)",
             "std::vector<float>(m_shares).empty() ? m_shares.begin() : m_shares.begin(),\n"
             "                   [](const kernels::HeadStats& h)", (ENGINE_CAPTURE,)),
    Mutation("governor", "it never goes down", "engine/capture_governor.cpp",
             "if (m_tooDear >= Patience && m_level > CaptureLevel::Map)", "if (false)",
             (("engine_tests", "CaptureGovernor*"),)),
]
