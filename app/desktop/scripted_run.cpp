#include "app/desktop/scripted_run.h"

#include "app/chat_controller.h"

#include <QCoreApplication>
#include <QTimer>

#include <cstdio>

namespace app::desktop {
namespace {

constexpr int SettleMs = 400; // until the window has drawn what it shows

void print(std::FILE* stream, const QString& line) {
    std::fputs((line + u'\n').toLocal8Bit().constData(), stream);
    std::fflush(stream);
}

} // namespace

ScriptedRun::ScriptedRun(ChatController& controller, const Options& options,
                         std::function<bool(const QString&)> takePicture)
    : m_controller(controller), m_options(options), m_takePicture(std::move(takePicture)) {
    connect(&controller, &ChatController::modelStateChanged, this, &ScriptedRun::onModelState);
    connect(&controller, &ChatController::activityChanged, this, [this] {
        if (m_options.acknowledge && m_controller.activity() == Activity::Answering)
            print(stdout, QStringLiteral("writing"));
    });
    connect(&controller, &ChatController::chunkStored, this,
            [this](MessageId, qint64 bytes) { onChunk(bytes); });
    connect(&controller, &ChatController::answerStored, this,
            [this](MessageId, MessageState) { onAnswer(); });
}

void ScriptedRun::onModelState() {
    if (m_started)
        return;
    const ModelState& state = m_controller.modelState();
    if (state.phase == ModelState::Phase::Failed && (!m_options.say.isEmpty() || m_options.quit)) {
        m_started = true;
        fail(state.problem);
        return;
    }
    if (state.phase != ModelState::Phase::Ready)
        return;
    m_started = true;
    if (m_options.say.isEmpty()) {
        finish();
        return;
    }
    m_controller.newChat();
    sayNext();
}

void ScriptedRun::sayNext() {
    m_chunks = 0;
    if (!m_controller.send(m_options.say[m_said++]))
        fail(QStringLiteral("The text of --say was not taken."));
}

void ScriptedRun::onChunk(qint64 bytes) {
    ++m_chunks;
    if (m_options.acknowledge)
        print(stdout, QStringLiteral("chunk %1 %2").arg(m_chunks).arg(bytes));
}

void ScriptedRun::onAnswer() {
    if (m_options.acknowledge)
        print(stdout, QStringLiteral("finished"));
    m_chunks = 0;
    if (m_said == 0 || m_over)
        return; // somebody types
    if (m_said < m_options.say.size()) {
        sayNext();
    } else {
        m_over = true;
        finish();
    }
}

void ScriptedRun::finish() {
    if (m_options.screenshot.isEmpty() && !m_options.quit)
        return;
    QTimer::singleShot(SettleMs, this, [this] {
        if (!m_options.screenshot.isEmpty() && !m_takePicture(m_options.screenshot))
            fail(QStringLiteral("The picture cannot be written to “%1”.").arg(m_options.screenshot));
        else if (m_options.quit)
            QCoreApplication::quit();
    });
}

void ScriptedRun::fail(const QString& sentence) {
    print(stderr, sentence);
    if (m_options.quit)
        QCoreApplication::exit(1);
}

} // namespace app::desktop
