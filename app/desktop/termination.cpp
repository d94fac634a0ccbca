#include "app/desktop/termination.h"

#include <QCoreApplication>

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace app::desktop {
namespace {

constexpr int Signals[] = {SIGTERM, SIGINT, SIGHUP};
volatile std::sig_atomic_t writeEnd = -1; // a signal handler has no other way to know it

void onSignal(int) {
    const char byte = 1;
    [[maybe_unused]] const auto written = write(writeEnd, &byte, 1); // a full pipe: it is known already
}

} // namespace

Termination::Termination(QObject* parent) : QObject(parent) {
    if (pipe2(m_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return;
    writeEnd = m_pipe[1];
    m_notifier = new QSocketNotifier(m_pipe[0], QSocketNotifier::Read, this);
    connect(m_notifier, &QSocketNotifier::activated, this, [this] {
        m_notifier->setEnabled(false);
        QCoreApplication::exit(); // not quit(), which asks the windows, and nobody is there to answer
    });
    for (const int number : Signals)
        std::signal(number, onSignal);
}

Termination::~Termination() {
    for (const int number : Signals)
        std::signal(number, SIG_DFL);
    writeEnd = -1;
    delete m_notifier;
    for (const int end : m_pipe) {
        if (end >= 0)
            close(end);
    }
}

} // namespace app::desktop
