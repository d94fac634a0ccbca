#include "ui/page/banner.h"

#include "ui/parts/icons.h"
#include "ui/theme.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

namespace ui {

namespace {
constexpr int most = 3;
}

BannerStack::BannerStack(QWidget* parent) : QWidget(parent), m_layout(new QVBoxLayout(this)) {
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(8);
    hide();
}

void BannerStack::show(const BannerText& banner) {
    if (QFrame* old = find(banner.key))
        remove(old);
    while (m_frames.size() >= most)
        remove(firstToGo());
    QFrame* frame = build(banner);
    m_layout->addWidget(frame);
    m_frames.append(frame);
    setVisible(true);
    QAccessibleEvent event(frame, QAccessible::Alert); // read out by screen readers
    QAccessible::updateAccessibility(&event);
}

QFrame* BannerStack::build(const BannerText& banner) {
    const Theme& theme = Theme::current();
    const bool problem = banner.tone == BannerText::Tone::Problem;
    auto* frame = new QFrame(this);
    frame->setProperty("kind", QStringLiteral("banner"));
    frame->setProperty("stays", banner.stays);
    frame->setObjectName(banner.key);
    frame->setAccessibleName(banner.sentence);
    auto* picture = new QLabel(frame);
    picture->setPixmap((problem ? icon(QStringLiteral("alert"), [] { return Theme::current().danger; })
                                : icon(QStringLiteral("info"), [] { return Theme::current().text2; }))
                           .pixmap(QSize(16, 16), devicePixelRatioF()));
    auto* sentence = new QLabel(banner.sentence, frame);
    sentence->setObjectName(QStringLiteral("sentence"));
    sentence->setTextFormat(Qt::PlainText);
    sentence->setFont(theme.list);
    sentence->setWordWrap(true);
    sentence->setMinimumWidth(1); // a word that is longer than the window does not widen it
    auto* row = new QHBoxLayout(frame);
    row->setContentsMargins(11, 5, 5, 5);
    row->setSpacing(8);
    row->addWidget(picture);
    row->addWidget(sentence, 1);
    const auto addAction = [&](const QString& words, const std::function<void()>& run) {
        if (words.isEmpty())
            return;
        auto* action = new QPushButton(words, frame);
        action->setProperty("kind", QStringLiteral("link"));
        action->setFont(Theme::weighted(theme.list, QFont::Medium));
        action->setAccessibleName(words);
        connect(action, &QPushButton::clicked, this, [this, key = banner.key, run] {
            dismiss(key); // first: what runs may show the next banner under this key
            if (run)
                run();
        });
        row->addWidget(action);
    };
    addAction(banner.action, banner.run);
    addAction(banner.second, banner.runSecond);
    auto* close = new QToolButton(frame);
    close->setProperty("kind", QStringLiteral("icon"));
    close->setIcon(icon(QStringLiteral("close")));
    close->setFocusPolicy(Qt::StrongFocus);
    close->setToolTip(tr("Close"));
    close->setAccessibleName(tr("Close this notice"));
    connect(close, &QToolButton::clicked, this, [this, key = banner.key, closed = banner.closed] {
        dismiss(key);
        if (closed)
            closed();
    });
    row->addWidget(close);
    return frame;
}

QFrame* BannerStack::firstToGo() const {
    for (QFrame* frame : m_frames)
        if (!frame->property("stays").toBool())
            return frame;
    return m_frames.first();
}

QFrame* BannerStack::find(const QString& key) const {
    for (QFrame* frame : m_frames)
        if (frame->objectName() == key)
            return frame;
    return nullptr;
}

void BannerStack::remove(QFrame* frame) {
    m_frames.removeOne(frame);
    m_layout->removeWidget(frame);
    frame->hide();
    frame->deleteLater();
}

void BannerStack::dismiss(const QString& key) {
    if (QFrame* frame = find(key))
        remove(frame);
    setVisible(!m_frames.isEmpty());
}

QString BannerStack::sentence(const QString& key) const {
    const QFrame* frame = find(key);
    const auto* label = frame ? frame->findChild<QLabel*>(QStringLiteral("sentence")) : nullptr;
    return label ? label->text() : QString();
}

int BannerStack::count() const {
    return static_cast<int>(m_frames.size());
}

} // namespace ui
