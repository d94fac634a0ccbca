#include "engine/recorder.h"

#include "engine/context.h"
#include "engine/error.h"
#include "engine/recorder/frame_exchange.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

namespace engine {
namespace {

using Slot = FrameExchange::Slot;

constexpr std::size_t FrameMemory = 64u << 20, LeastSlots = 3;

} // namespace

struct Recorder::Impl {
    std::atomic<bool> active{false};
    FrameExchange exchange;
    std::atomic<std::uint64_t> tokens{0}, bytes{0};

    mutable std::mutex mutex; // main thread, writer, and the engine thread before an answer
    RecordingSource source;
    std::string problem;

    std::vector<std::unique_ptr<Slot>> slots; // writer
    std::thread writer;                       // main thread

    void write(const std::filesystem::path& path);
    void record(const std::filesystem::path& path);
    std::vector<Slot*> makeSlots();
};

Recorder::Recorder() : m_impl(std::make_unique<Impl>()) {}

Recorder::~Recorder() {
    finish();
}

void Recorder::start(const std::filesystem::path& file) {
    Impl& r = *m_impl;
    if (r.active.load())
        return;
    if (r.writer.joinable())
        r.writer.join();
    r.tokens = r.bytes = 0;
    {
        const std::lock_guard lock(r.mutex);
        r.problem.clear();
    }
    r.active = true;
    r.exchange.open();
    r.writer = std::thread([&r, file] { r.write(file); });
}

void Recorder::stop() {
    if (m_impl->active.load())
        m_impl->exchange.close();
}

void Recorder::finish() {
    stop();
    if (m_impl->writer.joinable())
        m_impl->writer.join();
}

RecordingStatus Recorder::status() const {
    const Impl& r = *m_impl;
    const std::lock_guard lock(r.mutex);
    return {r.active.load(), r.tokens.load(), r.exchange.dropped(), r.bytes.load(), r.problem};
}

void Recorder::describe(RecordingSource source) {
    const std::lock_guard lock(m_impl->mutex);
    m_impl->source = std::move(source);
}

bool Recorder::isOn() const {
    return m_impl->exchange.isOn();
}

AttentionFrame* Recorder::take(const Context& context, WhenBehind behind) {
    FrameExchange& exchange = m_impl->exchange;
    return exchange.isOff() ? nullptr : exchange.take(recordShapeOf(context), behind);
}

bool Recorder::holds() const {
    return m_impl->exchange.holds();
}

void Recorder::put(TokenId token) {
    m_impl->exchange.put(token);
}

void Recorder::giveBack() {
    m_impl->exchange.giveBack();
}

// THREAD BORDER: what follows runs on the writer thread.
void Recorder::Impl::write(const std::filesystem::path& path) {
    try {
        record(path);
    } catch (const std::bad_alloc&) {
        const std::lock_guard lock(mutex);
        problem = "The recording has ended: there is not enough memory for it.";
    } catch (const std::exception& error) {
        const std::lock_guard lock(mutex);
        problem = error.what();
    }
    exchange.leave();
    slots.clear();
    active.store(false);
}

void Recorder::Impl::record(const std::filesystem::path& path) {
    if (!exchange.waitForShape())
        return; // stopped before anything was decoded: no file
    const RecordingSource about = [this] {
        const std::lock_guard lock(mutex);
        return source;
    }();
    RecordFile file(path, exchange.shape(), about);
    const bool begins = exchange.begin(makeSlots());
    bytes = file.bytes(); // whoever sees these knows that the next token is recorded
    if (!begins)
        return; // stopped meanwhile
    while (Slot* slot = exchange.next()) {
        file.append(slot->frame, slot->token, slot->number);
        exchange.handBack(slot);
        tokens.fetch_add(1, std::memory_order_relaxed);
        bytes.store(file.bytes(), std::memory_order_relaxed);
    }
    file.finish();
    if (exchange.shapeChanged())
        throw Error("The recording has ended: the chat or the cache was changed.");
}

std::vector<Slot*> Recorder::Impl::makeSlots() {
    const RecordShape& shape = exchange.shape();
    const int columns = shape.sinkSlots + shape.ringSlots;
    const std::size_t frameBytes = static_cast<std::size_t>(shape.layers) *
                                   static_cast<std::size_t>(shape.heads) * static_cast<std::size_t>(columns) *
                                   sizeof(float);
    const std::size_t count = std::clamp(FrameMemory / frameBytes, LeastSlots, FrameExchange::MostSlots);
    std::vector<Slot*> made;
    for (std::size_t i = 0; i < count; ++i) {
        slots.push_back(std::make_unique<Slot>());
        prepareFrame(slots.back()->frame, {CaptureLevel::Record, 0}, shape.layers, shape.heads, columns);
        made.push_back(slots.back().get());
    }
    return made;
}

} // namespace engine
