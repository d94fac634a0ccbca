"""The mistakes that try_mutations.py plants: one small replacement each, in one file. `old` has to occur there exactly once.

`tests` are (program, filter) pairs: for the GoogleTest programs a --gtest_filter, for Qt Test programs None or one test function.
They are the tests that ought to notice; at least one of them has to turn red."""
from dataclasses import dataclass

KERNELS_CAPTURE = ("kernels_tests", "*AttentionCapture*")
ENGINE_CAPTURE = ("engine_tests", "Capture*:Latest*:Journal*:Service.FramesAndJournalCross")
CACHE = ("engine_tests", "*SinkCache*:*Shapes*:*StreamOracle*")
EXECUTOR = ("engine_tests", "SharedExecutor*:ContextState*:*ContextOracle*")
MARKS = ("engine_tests", "SinkCache*:ContextState*:Generators*")
GENERATORS = ("engine_tests", "Generators*:Session*:Sampler*")
PARTS = ("engine_tests", "Parts*")
FAMILIES = ("engine_tests", "*Family*:*ContextOracle*:ModelConfig*")
SERVICE = ("engine_tests", "Service*:CommandQueue*:Evaluation*")
EXPERTS = ("kernels_tests", "*Experts*")
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
    Mutation("swap axes", "layers from the last to the first", "engine/executor.cpp",
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
             "std::exp2(std::log2(total.sum) - total.entropy / total.sum)", "std::exp2(-total.entropy / total.sum)",
             (KERNELS_CAPTURE,)),
    Mutation("drop log", "natural logarithm of a power of two", "kernels/cpu/attention_decode.cpp",
             "std::exp2(std::log2(total.sum)", "std::exp2(std::log(total.sum)", (KERNELS_CAPTURE,)),

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

    Mutation("executor", "scratch memory as wide as the last layer", "engine/executor.cpp",
             "queryDim = std::max(queryDim, std::int64_t{c.heads} * layer.headDim);",
             "queryDim = std::int64_t{c.heads} * layer.headDim;", (EXECUTOR,)),
    Mutation("executor", "no more room for a context that needs more", "engine/executor.cpp",
             "if (tokens <= m_tokens)\n", "if (m_tokens > 0)\n", (EXECUTOR,)),
    Mutation("executor", "no room after a failure", "engine/executor.cpp",
             "    reserve(static_cast<int>(tokens));\n", "    assert(tokens <= m_tokens);\n", (EXECUTOR,)),
    Mutation("executor", "a stopped step counts as done", "engine/executor.cpp",
             "if (!finished)\n        return false;", "if (false)\n        return false;", (EXECUTOR,)),
    Mutation("executor", "a stopped chunk stays", "engine/context.cpp",
             "if (!finished)\n        cache.rollBack(before);\n    else if", "if (!finished)\n        ;\n    else if",
             (EXECUTOR, ("engine_tests", "Session*"))),
    Mutation("executor", "a chunk that failed stays", "engine/context.cpp",
             "} catch (...) {\n        cache.rollBack(before);", "} catch (...) {", (EXECUTOR,)),
    Mutation("executor", "a state of another ring is taken", "engine/context.cpp",
             ".ringType = static_cast<std::int32_t>(options.ringType)};", ".ringType = 0};", (EXECUTOR,)),

    Mutation("marks", "a dead mark is believed", "engine/sink_cache.cpp",
             "if (mark.next > mark.oldest && mark.oldest < oldestIntact())", "if (false)", (MARKS,)),
    Mutation("marks", "what was written is forgotten", "engine/sink_cache.cpp",
             "m_written = std::max(m_written, m_next);", "m_written = m_next;", (MARKS,)),
    Mutation("marks", "rolling back leaves the edge", "engine/sink_cache.cpp",
             "m_next = next;\n    m_oldest = oldest;", "m_next = next;\n    m_oldest = std::max(m_oldest, oldest);", (MARKS,)),
    Mutation("marks", "tried tokens stay", "engine/session/reading.cpp", "    cache.rollBack(mark);\n", "", (GENERATORS,)),
    Mutation("marks", "any token is the one that was tried", "engine/session/reading.cpp",
             "m_ahead.tokens[m_ahead.taken] != m_pending->id ||", "", (GENERATORS,)),
    Mutation("marks", "the logits of the token before", "engine/session/reading.cpp",
             "m_ahead.taken++ * vocabulary", "(m_ahead.taken++ / 2) * vocabulary", (GENERATORS,)),
    Mutation("marks", "tokens are tried while attention is looked at", "engine/session/reading.cpp",
             "int Conversation::aheadRoom() const {\n    if (m_reporter.looksAtTokens())",
             "int Conversation::aheadRoom() const {\n    if (false)", (GENERATORS,)),
    Mutation("marks", "more is tried than a dense cache holds", "engine/session/reading.cpp",
             "return std::min(m_context->options().maxChunk, m_context->cache().room());",
             "return m_context->options().maxChunk;", (GENERATORS,)),
    Mutation("generator", "control tokens may be picked", "engine/generator.cpp", "    m_sampler.forbid(never);\n", "",
             (GENERATORS,)),
    Mutation("generator", "the penalty does not see the answer", "engine/generator.cpp",
             "    m_sampler.accept(token);\n    return token;", "    return token;", (GENERATORS,)),
    Mutation("generator", "the penalty sees the oldest text", "engine/generator.cpp", "text.last(", "text.first(", (GENERATORS,)),

    Mutation("parts", "all tensors in the first file", "engine/gguf/parts.cpp",
             "tensor.part = static_cast<int>(number);", "tensor.part = 0;", (PARTS,)),
    Mutation("parts", "the number inside is not compared", "engine/gguf/parts.cpp",
             'findCount(contents, "split.no") != number || ', "", (PARTS,)),
    Mutation("parts", "the count inside is not compared", "engine/gguf/parts.cpp",
             ' || findCount(contents, "split.count") != m_count', "", (PARTS,)),
    Mutation("parts", "missing tensors are not counted", "engine/gguf/parts.cpp",
             "if (tensors && *tensors != m_all.contents.tensors.size())", "if (false)", (PARTS,)),

    Mutation("families", "the other layers of Gemma 2 slide", "engine/model/families.cpp",
             'keys.findCount("attention.sliding_window", 1 << 24, 4096), 2, 1)',
             'keys.findCount("attention.sliding_window", 1 << 24, 4096), 2, 0)', (FAMILIES,)),
    Mutation("families", "the ramp of gpt-oss is rounded", "engine/model/families.cpp",
             "config.ropes[0].yarn->wholeBounds = false;", ";", (FAMILIES,)),
    Mutation("families", "a window one key longer", "engine/step.cpp",
             "const int count = window > 0 ? std::min(window, view.ringCount)",
             "const int count = window > 0 ? std::min(window + 1, view.ringCount)", (FAMILIES,)),
    Mutation("families", "a sliding layer sees a sink too long", "engine/step.cpp",
             "std::clamp<StreamPosition>(own - window + 1, 0,", "std::clamp<StreamPosition>(own - window, 0,", (FAMILIES,)),
    Mutation("families", "the norms of Falcon's branches swapped", "engine/model/families.cpp",
             'config.block.attentionNorm = "attn_norm_2";\n    config.block.feedForwardNorm = "attn_norm";',
             'config.block.attentionNorm = "attn_norm";\n    config.block.feedForwardNorm = "attn_norm_2";', (FAMILIES,)),
    Mutation("families", "SmolLM3 rotates the wrong layers", "engine/model/families.cpp",
             "for (int i = 3; i < config.layers; i += 4)", "for (int i = 2; i < config.layers; i += 4)", (FAMILIES,)),
    Mutation("families", "Gemma 4 does not scale its layers", "engine/model/families.cpp",
             "layer.outputScale = readLayerScale(keys.file(), i);", ";", (FAMILIES,)),
    Mutation("families", "no temperature", "engine/step.cpp",
             "if (m_temperature == 0 || cachePosition < m_temperatureLength)", "if (true)", (FAMILIES,)),

    Mutation("experts", "the last of equal logits", "kernels/cpu/experts.cpp",
             "row[expert] > row[chosen[place - 1]]", "row[expert] >= row[chosen[place - 1]]", (EXPERTS,)),
    Mutation("experts", "shares of the chosen ones only", "kernels/cpu/experts.cpp",
             "if (style == ExpertWeights::OfAll) {", "if (false) {", (EXPERTS,)),
    Mutation("experts", "the bias of the first expert", "kernels/cpu/experts.cpp",
             "job.bias ? job.bias + expert * rows : nullptr", "job.bias", (EXPERTS,)),
    Mutation("experts", "the row of another token", "kernels/cpu/experts.cpp",
             "x.data + places[static_cast<std::size_t>(i)] / used * x.cols",
             "x.data + places[static_cast<std::size_t>(i)] % x.rows * x.cols", (EXPERTS,)),
    Mutation("experts", "no scales", "kernels/cpu/experts.cpp", "scales ? scales[choice.experts()[index]] : 1.0f", "1.0f",
             (EXPERTS,)),
    Mutation("experts", "the products of an expert are all its first half", "engine/model/weights.cpp",
             "expert * whole + skipped", "expert * whole", (FAMILIES,)),

    Mutation("service", "texts of two answers in one", "engine/thread/thread_border.cpp",
             "if (last.id != text->id)\n            return false;", "", (SERVICE,)),
    Mutation("service", "comparisons of an old model go on", "engine/thread/worker.cpp",
             "    m_comparisons.cancelAll();\n    m_session = ", "    m_session = ", (SERVICE,)),
    Mutation("service", "comparisons wait for the end of an answer", "engine/thread/worker.cpp",
             "if (!m_comparisons.empty() && generated % TokensPerCompareChunk == 0)", "if (false)", (SERVICE,)),
    Mutation("service", "a stopped comparison counts as done", "engine/thread/comparisons.cpp",
             "end = CompareFinished{job.id, job.stop.stop_requested()};", "end = CompareFinished{job.id, false};", (SERVICE,)),
    Mutation("service", "a pause lasts through a stop", "engine/thread/thread_border.cpp",
             "m_changed.wait(lock, stop, [this] { return !m_paused; });", "m_changed.wait(lock, [this] { return !m_paused; });",
             (SERVICE,)),
    Mutation("service", "the new session does not know what was read", "engine/thread/worker.cpp",
             "std::make_unique<Session>(model, m_session.get())", "std::make_unique<Session>(model)", (SERVICE,)),
]
