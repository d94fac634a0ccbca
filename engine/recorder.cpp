#include "engine/recorder.h"

#include "engine/context.h"
#include "engine/error.h"
#include "engine/recorder/record_file.h"

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

namespace engine {
namespace {

enum class State : int {
    Off,
    Opening, // asked for; the decode loop has not told its shape yet
    Shaped,  // it has; the writer makes the file and the frames
    Ready,
    Closing
};

struct Slot {
    AttentionFrame frame;
    TokenId token = 0;
    std::uint64_t number = 0;
};

constexpr std::size_t FrameMemory = 64u << 20, MostSlots = 16, LeastSlots = 3;

/// Slots from one thread to one other, in order. As large as there are slots, so it is never full.
class SlotRing {
public:
    void push(Slot* slot) {
        const std::size_t head = m_head.load(std::memory_order_relaxed);
        m_items[head % MostSlots] = slot;
        m_head.store(head + 1, std::memory_order_release);
    }
    Slot* pop() {
        const std::size_t tail = m_tail.load(std::memory_order_relaxed);
        if (tail == m_head.load(std::memory_order_acquire))
            return nullptr;
        Slot* slot = m_items[tail % MostSlots];
        m_tail.store(tail + 1, std::memory_order_release);
        return slot;
    }
    void clear() { // while neither side uses it
        m_head = m_tail = 0;
    }

private:
    std::array<Slot*, MostSlots> m_items{};
    std::atomic<std::size_t> m_head{0}, m_tail{0};
};

} // namespace

struct Recorder::Impl {
    std::atomic<State> state{State::Off};
    std::atomic<bool> active{false};
    std::atomic<int> news{0}; // counts what the writer should look at

    // Decode loop. `holding` and `state` are sequentially consistent: either the loop sees that the recording
    // closes, or the writer sees that it still has a frame.
    std::atomic<bool> holding{false};
    std::atomic<bool> shapeChanged{false};
    RecordShape shape; // written while Opening, constant afterwards
    Slot* held = nullptr;
    Slot* spare = nullptr; // was taken and given back unfilled
    std::uint64_t number = 0;

    SlotRing empty, full; // writer -> decode loop, decode loop -> writer
    std::atomic<std::uint64_t> tokens{0}, dropped{0}, bytes{0};

    mutable std::mutex mutex; // main thread, writer, and the engine thread before an answer
    RecordingSource source;
    std::string problem;

    std::vector<std::unique_ptr<Slot>> slots; // writer
    std::thread writer;                       // main thread

    void tell() {
        news.fetch_add(1);
        news.notify_one();
    }
    void close() {
        state.store(State::Closing);
        tell();
    }
    void write(const std::filesystem::path& path);
    void record(const std::filesystem::path& path);
    void makeSlots();
    void drain(RecordFile& file);
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
    r.tokens = r.dropped = r.bytes = 0;
    {
        const std::lock_guard lock(r.mutex);
        r.problem.clear();
    }
    r.active = true;
    r.state.store(State::Opening);
    r.writer = std::thread([&r, file] { r.write(file); });
}

void Recorder::stop() {
    if (m_impl->active.load())
        m_impl->close();
}

void Recorder::finish() {
    stop();
    if (m_impl->writer.joinable())
        m_impl->writer.join();
}

RecordingStatus Recorder::status() const {
    const Impl& r = *m_impl;
    const std::lock_guard lock(r.mutex);
    return {r.active.load(), r.tokens.load(), r.dropped.load(), r.bytes.load(), r.problem};
}

void Recorder::describe(RecordingSource source) {
    const std::lock_guard lock(m_impl->mutex);
    m_impl->source = std::move(source);
}

bool Recorder::isOn() const {
    const State state = m_impl->state.load(std::memory_order_relaxed);
    return state == State::Opening || state == State::Shaped || state == State::Ready;
}

AttentionFrame* Recorder::take(const Context& context, WhenBehind behind) {
    Impl& r = *m_impl;
    if (r.state.load(std::memory_order_relaxed) == State::Off)
        return nullptr;
    r.holding.store(true);
    State state = r.state.load();
    if (state == State::Opening) {
        r.shape = recordShapeOf(context);
        r.number = 0;
        r.spare = nullptr;
        r.state.compare_exchange_strong(state, State::Shaped);
        r.tell();
    } else if (state == State::Ready && recordShapeOf(context) != r.shape) {
        r.shapeChanged = true;
        r.close();
    } else if (state == State::Ready) {
        ++r.number;
        r.held = r.spare != nullptr ? r.spare : r.empty.pop();
        r.spare = nullptr;
        if (r.held != nullptr)
            return &r.held->frame;
        if (behind == WhenBehind::Drop)
            r.dropped.fetch_add(1, std::memory_order_relaxed);
        else
            --r.number;
    }
    r.holding.store(false);
    return nullptr;
}

bool Recorder::holds() const {
    return m_impl->held != nullptr;
}

void Recorder::put(TokenId token) {
    Impl& r = *m_impl;
    r.held->token = token;
    r.held->number = r.number - 1;
    r.full.push(r.held);
    r.held = nullptr;
    r.holding.store(false);
    r.tell();
}

void Recorder::giveBack() {
    Impl& r = *m_impl;
    if (r.held == nullptr)
        return;
    r.spare = r.held;
    r.held = nullptr;
    --r.number;
    r.holding.store(false);
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
    state.store(State::Closing);
    while (holding.load()) // for the rest of one forward pass at most
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    state.store(State::Off);
    slots.clear();
    active.store(false);
}

void Recorder::Impl::record(const std::filesystem::path& path) {
    for (int seen = news.load(); state.load() == State::Opening; seen = news.load())
        news.wait(seen);
    if (state.load() != State::Shaped)
        return; // stopped before anything was decoded: no file
    const RecordingSource about = [this] {
        const std::lock_guard lock(mutex);
        return source;
    }();
    RecordFile file(path, shape, about);
    bytes = file.bytes();
    makeSlots();
    if (State shaped = State::Shaped; !state.compare_exchange_strong(shaped, State::Ready))
        return; // stopped meanwhile
    while (state.load() == State::Ready) {
        const int seen = news.load();
        drain(file);
        if (state.load() == State::Ready)
            news.wait(seen);
    }
    while (holding.load())
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    drain(file);
    file.finish();
    if (shapeChanged.exchange(false))
        throw Error("The recording has ended: the chat or the cache was changed.");
}

void Recorder::Impl::makeSlots() {
    empty.clear();
    full.clear();
    const std::size_t frameBytes =
        static_cast<std::size_t>(shape.layers) * static_cast<std::size_t>(shape.heads) *
        static_cast<std::size_t>(shape.sinkSlots + shape.ringSlots) * sizeof(float);
    const std::size_t count = std::clamp(FrameMemory / frameBytes, LeastSlots, MostSlots);
    for (std::size_t i = 0; i < count; ++i) {
        auto slot = std::make_unique<Slot>();
        prepareFrame(slot->frame, {CaptureLevel::Record, 0}, shape.layers, shape.heads,
                     shape.sinkSlots + shape.ringSlots);
        empty.push(slot.get());
        slots.push_back(std::move(slot));
    }
}

void Recorder::Impl::drain(RecordFile& file) {
    while (Slot* slot = full.pop()) {
        file.append(slot->frame, slot->token, slot->number);
        empty.push(slot);
        tokens.fetch_add(1, std::memory_order_relaxed);
        bytes.store(file.bytes(), std::memory_order_relaxed);
    }
}

} // namespace engine
