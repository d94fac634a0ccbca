#pragma once
#include "engine/thread/thread_border.h"

#include <deque>
#include <memory>

namespace engine {

/// Comparisons that wait or run, one chunk at a time. Engine thread.
class Comparisons {
public:
    explicit Comparisons(EventQueue& events) : m_events(events) {}

    void add(RequestId id, CompareRequest request, std::shared_ptr<const Model> model, std::stop_token stop);
    bool empty() const { return m_jobs.empty(); }
    /// One chunk of the oldest one, left in the middle when it is stopped or something else is to be done. Errors become Failed events.
    void step(const std::stop_token& quit, const std::stop_token& leave = {});
    void cancelAll();

private:
    struct Job {
        RequestId id;
        CompareRequest request;
        std::shared_ptr<const Model> model;
        std::stop_token stop;
        std::vector<TokenId> tokens;
        std::size_t run = 0;
        std::unique_ptr<Evaluation> evaluation; // of the current run
        std::size_t length = 0;                 // tokens of the current run
        std::size_t reported = 0;               // losses that have been sent
    };
    bool advance(Job& job, const std::stop_token& stop); // false when all runs are done
    void report(Job& job);

    EventQueue& m_events;
    std::deque<Job> m_jobs;
};

} // namespace engine
