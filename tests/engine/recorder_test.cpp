#include "engine/recorder.h"
#include "engine/recorder/record_file.h"
#include "tests/engine/session_fixture.h"
#include "tests/support/allocations.h"
#include "tests/support/locks.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <thread>
#include <unistd.h>

// Level C4: what stands in the file is what was looked at, and nothing that happens to the file reaches the
// chat.
namespace {

using engine::CaptureLevel;
using engine::Recorder;

double fromHalf(std::uint16_t half) {
    const int exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff;
    return exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);
}

struct Record {
    std::uint64_t number;
    std::int64_t position, oldest;
    std::int32_t token, sinks, keys, told;
    std::vector<double> weights; // (layers * heads, columns)
};

struct Recording {
    explicit Recording(const std::string& bytes) {
        header = bytes.substr(0, bytes.find('\n'));
        columns = field("columns");
        const auto headBytes = static_cast<std::size_t>(field("header_bytes"));
        const auto size = static_cast<std::size_t>(field("itemsize"));
        EXPECT_EQ(header.size() + 1, headBytes);
        whole = (bytes.size() - headBytes) % size == 0;
        const auto weights =
            static_cast<std::size_t>(columns) * static_cast<std::size_t>(field("layers") * field("heads"));
        for (std::size_t at = headBytes; at + size <= bytes.size(); at += size) {
            Record& record = records.emplace_back();
            std::memcpy(&record.number, bytes.data() + at, 40);
            std::vector<std::uint16_t> halves(weights);
            std::memcpy(halves.data(), bytes.data() + at + 40, weights * 2);
            for (const auto half : halves)
                record.weights.push_back(fromHalf(half));
        }
    }
    int field(const std::string& name) const {
        const std::size_t at = header.find('"' + name + "\":");
        return at == std::string::npos ? -1 : std::atoi(header.c_str() + at + name.size() + 3);
    }

    std::string header;
    int columns = 0;
    bool whole = false;
    std::vector<Record> records;
};

std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class RecorderTest : public testing::Test {
protected:
    RecorderTest() {
        chat.request.cache.window = 60;
        chat.request.maxTokens = 100;
        chat.request.sampling.temperature = 1.2f;
        chat.request.sampling.seed = 9;
        chat.probes.frames = &frames;
        chat.probes.recorder = &recorder;
    }
    ~RecorderTest() override { std::filesystem::remove(path); }

    static void pass(int milliseconds) {
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    }
    /// Recording has begun when frames are given out: the first tokens only tell the writer the shape.
    void waitUntilReady() {
        while (recorder.isOn() && recorder.status().bytes == 0)
            pass(1);
    }
    /// So many tokens, or more, have been recorded. A busy machine must not make tests drop some that are about others.
    void letTheWriterCatchUp(std::size_t recorded) {
        for (auto now = recorder.status(); recorder.isOn() && now.tokens + now.dropped < recorded;
             now = recorder.status())
            pass(1);
    }

    std::shared_ptr<const engine::Model> model =
        test::loadToy(test::writeToyModel({.trainedLength = 2048, .seed = 61}), 2);
    test::Chat chat{model};
    engine::Latest<engine::AttentionFrame> frames;
    Recorder recorder;
    std::filesystem::path path = std::filesystem::temp_directory_path() /
                                 ("sumidero-recording-" + std::to_string(::getpid()) + ".attention");
};

TEST_F(RecorderTest, HoldsWhatTheViewsWereShown) {
    chat.probes.capture = test::always({CaptureLevel::Rows, 1});
    std::map<engine::StreamPosition, engine::AttentionFrame> shown;
    recorder.start(path);
    chat.onToken = [&] {
        const std::size_t tokens = chat.picked.size();
        if (tokens == 2)
            waitUntilReady();
        if (tokens > 2) // the second one was the first to be recorded; the newest is still to be read
            letTheWriterCatchUp(tokens - 2);
        if (frames.fetch())
            shown[frames.front().position] = frames.front();
    };
    chat.say("Tell me of the river.");
    recorder.finish();
    const auto status = recorder.status();
    EXPECT_FALSE(status.active);
    EXPECT_EQ(status.problem, "");
    EXPECT_EQ(status.dropped, 0u);
    const Recording recording(contents(path));
    ASSERT_GT(recording.records.size(), 60u);
    EXPECT_EQ(recording.records.size(), status.tokens);
    EXPECT_EQ(std::filesystem::file_size(path), status.bytes);
    EXPECT_TRUE(recording.header.starts_with(R"({"format":"sumidero-attention","version":1)"));
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const auto heads = static_cast<std::size_t>(model->config.heads);
    const auto columns = static_cast<std::size_t>(recording.columns);
    int compared = 0;
    for (std::size_t i = 0; i < recording.records.size(); ++i) {
        const Record& record = recording.records[i];
        EXPECT_EQ(record.number, i);
        EXPECT_EQ(record.token, chat.reader.stream.at(record.position).token);
        EXPECT_EQ(record.keys, record.sinks + record.position - record.oldest + 1);
        ASSERT_TRUE(shown.contains(record.position));
        const auto& frame = shown.at(record.position);
        std::vector<double> mean(columns);
        for (std::size_t row = 0; row < frame.headStats.size(); ++row) {
            const auto weights = std::span(record.weights).subspan(row * columns, columns);
            EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1.0, 1e-3);
            EXPECT_NEAR(std::accumulate(weights.begin(), weights.begin() + record.sinks, 0.0),
                        static_cast<double>(frame.headStats[row].sinks), 1e-3);
            for (std::size_t column = 0; column < columns; ++column) {
                mean[column] += weights[column] / static_cast<double>(frame.headStats.size());
                EXPECT_TRUE(static_cast<int>(column) < record.keys || weights[column] == 0);
            }
        }
        const auto slotOf = [&](int column) {
            const engine::StreamPosition position =
                column < record.sinks ? column : record.oldest + column - record.sinks;
            return static_cast<std::size_t>(chat.session.context()->cache().slotOf(position));
        };
        for (int column = 0; column < record.keys; ++column) {
            EXPECT_NEAR(mean[static_cast<std::size_t>(column)],
                        static_cast<double>(frame.slotMass[slotOf(column)]), 1e-3);
            for (std::size_t head = 0; head < heads; ++head) {
                const double weight =
                    record.weights[(heads + head) * columns + static_cast<std::size_t>(column)];
                const auto live =
                    static_cast<double>(frame.rows[head * frame.slotMass.size() + slotOf(column)]);
                EXPECT_NEAR(weight, live, live / 2048 + 1e-7) << "layer 1, head " << head;
                ++compared;
            }
        }
    }
    EXPECT_GT(compared, 10000);
}

TEST_F(RecorderTest, TheAnswerIsTheSameAndTheLoopStaysFree) {
    if (!test::LockCount::works())
        GTEST_SKIP() << "locks cannot be counted in this build";
    chat.say("Tell me of the river.");
    const auto expected = chat.picked;
    test::Chat other(model);
    other.request = chat.request;
    other.request.history.clear();
    other.probes.frames = &frames;
    other.probes.recorder = &recorder;
    other.probes.capture = test::always({CaptureLevel::Mass, 0});
    struct Counts {
        std::int64_t allocations, locks;
    };
    Counts end{};
    other.observer.token = [&](engine::TokenId token, const std::string&, const engine::CacheStatus&) {
        other.picked.push_back(token);
        if (other.picked.size() == 20)
            recorder.start(path); // in mid-answer
        const Counts begin{test::AllocationCount().calls, test::LockCount().calls};
        if (other.picked.size() == 25)
            waitUntilReady();
        if (other.picked.size() > 25) {
            EXPECT_EQ(begin.allocations, end.allocations) << "before token " << other.picked.size();
            EXPECT_EQ(begin.locks, end.locks) << "before token " << other.picked.size();
            letTheWriterCatchUp(other.picked.size() - 26); // the newest is still to be read
        }
        end = {test::AllocationCount().calls, test::LockCount().calls};
    };
    other.picked.reserve(1000);
    other.say("Tell me of the river.");
    recorder.finish();
    EXPECT_EQ(other.picked, expected);
    EXPECT_GT(recorder.status().tokens, 40u);
}

// A pipe that nobody reads is a disk that hangs.
TEST_F(RecorderTest, AHangingDiskDropsTokensAndTellsHowMany) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    recorder.start("/dev/fd/" + std::to_string(ends[1]));
    int tokens = 0;
    chat.onToken = [&] {
        if (++tokens == 2)
            waitUntilReady();
    };
    const auto result = chat.say("Tell me of the river.");
    EXPECT_EQ(result.generatedTokens, tokens);
    const auto dropped = recorder.status().dropped;
    EXPECT_GT(dropped, 20u);
    recorder.stop();
    ::close(ends[1]); // the recorder has its own
    std::string bytes;
    char buffer[4096];
    for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        bytes.append(buffer, static_cast<std::size_t>(n));
    ::close(ends[0]);
    recorder.finish();
    const auto status = recorder.status();
    EXPECT_EQ(status.problem, "");
    const Recording recording(bytes);
    EXPECT_TRUE(recording.whole);
    EXPECT_EQ(recording.records.size(), status.tokens);
    // The first token asks for the frames, the last one picked is not read.
    EXPECT_NEAR(static_cast<double>(status.tokens + status.dropped), tokens - 2, 1);
}

TEST_F(RecorderTest, AFullDiskEndsTheRecordingWithOneSentence) {
    int tokens = 0;
    chat.onToken = [&] {
        if (++tokens == 2)
            waitUntilReady(); // or until it has ended
    };
    for (const char* bad : {"/dev/full", "/nowhere/at/all.attention"}) {
        recorder.start(bad);
        tokens = 0;
        const auto result = chat.say("Tell me of the river.");
        EXPECT_GT(result.generatedTokens, 10);
        recorder.finish();
        const auto status = recorder.status();
        EXPECT_FALSE(status.active);
        EXPECT_NE(status.problem.find(bad), std::string::npos) << status.problem;
        EXPECT_TRUE(status.problem.ends_with(".")) << status.problem;
    }
    recorder.start(path); // and it works again
    chat.say("And then?");
    recorder.finish();
    EXPECT_EQ(recorder.status().problem, "");
}

TEST_F(RecorderTest, AnotherCacheEndsIt) {
    recorder.start(path);
    int tokens = 0;
    chat.onToken = [&] {
        if (++tokens == 2)
            waitUntilReady();
    };
    chat.say("Tell me of the river.");
    chat.request.cache.window = 80;
    chat.say("And of the sea.");
    recorder.finish();
    EXPECT_NE(recorder.status().problem.find("cache was changed"), std::string::npos);
    EXPECT_TRUE(Recording(contents(path)).whole);
}

TEST_F(RecorderTest, StoppedBeforeAnythingWasDecodedMakesNoFile) {
    recorder.start(path);
    EXPECT_TRUE(recorder.status().active);
    recorder.finish();
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(recorder.status().problem, "");
}

TEST(RecordFile, HalvesAreTheNearest) {
    std::vector<float> weights = {0.0f, 1.0f, 0.5f, 1e-9f, 3e-8f, 0x1p-14f, 0x1p-24f, 6.1e-5f};
    for (float weight = 1.0f; weight > 1e-9f; weight *= 0.9137f)
        weights.push_back(weight);
    for (int half = 0; half <= 0x3c00; ++half)
        weights.push_back(static_cast<float>(fromHalf(static_cast<std::uint16_t>(half))));
    std::vector<std::uint16_t> halves(weights.size());
    engine::weightsToHalf(weights.data(), halves.data(), static_cast<int>(weights.size()));
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto exact = static_cast<double>(weights[i]);
        const double found = std::abs(fromHalf(halves[i]) - exact);
        for (const int step : {-1, 1}) {
            const int other = halves[i] + step;
            if (other < 0 || other > 0x3c00)
                continue;
            EXPECT_LE(found, std::abs(fromHalf(static_cast<std::uint16_t>(other)) - exact)) << weights[i];
        }
    }
}

} // namespace
