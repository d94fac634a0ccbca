#pragma once
#include "ui/chat_view.h"
#include "ui/theme.h"

#include <QAccessible>
#include <QCoreApplication>
#include <QImage>
#include <QPaintEvent>
#include <QtTest>

// A small conversation in a view, and the means to find things in it.
namespace chat_test {

using app::Message;
using app::MessageState;
using app::Role;
using ui::ChatView;
using ui::TextPlace;
using ui::Theme;

inline Message message(int id, Role role, const QString& text, MessageState state = MessageState::Done) {
    Message made;
    made.id = id;
    made.role = role;
    made.state = state;
    made.text = text;
    return made;
}

// Counts what is painted.
class Painted : public QObject {
public:
    explicit Painted(QWidget* widget) { widget->installEventFilter(this); }
    bool eventFilter(QObject*, QEvent* event) override {
        if (event->type() == QEvent::Paint)
            area += static_cast<QPaintEvent*>(event)->region().boundingRect();
        return false;
    }
    QRegion area;
};

inline const QString answer =
    QStringLiteral("Alpha **beta** gamma\n\n- first\n- second\n\n```py\nx = 1\ny = 2\n```\n\n"
                   "See [docs](https://example.org/x) and [bad](file:///etc/passwd).");

struct Fixture {
    app::TranscriptModel model;
    ChatView view;
    Fixture() {
        model.append(message(1, Role::User, QStringLiteral("First question\nwith a second line")));
        model.append(message(2, Role::Assistant, answer));
        model.append(message(3, Role::User, QStringLiteral("Last question")));
        view.resize(720, 700);
        view.setModel(&model);
        view.show();
        QCoreApplication::processEvents();
    }
    QAccessibleInterface* accessible() { return QAccessible::queryAccessibleInterface(&view); }
    QAccessibleTextInterface* messageText(int row) { return accessible()->child(row)->textInterface(); }
    QString plain(int row) { return messageText(row)->text(0, messageText(row)->characterCount()); }
    // Where a word of a message is, in the viewport.
    QRect rectOf(int row, QLatin1String word, int extra = 0) {
        const int at = static_cast<int>(plain(row).indexOf(word)) + extra;
        const QRect global = messageText(row)->characterRect(at);
        return {view.viewport()->mapFromGlobal(global.topLeft()), global.size()};
    }
    QRect rectOf(int row, const char* word, int extra = 0) { return rectOf(row, QLatin1String(word), extra); }
    QPoint left(int row, const char* word) { return left(row, QLatin1String(word)); }
    QPoint right(int row, const char* word) { return right(row, QLatin1String(word)); }
    QPoint left(int row, QLatin1String word) {
        return {rectOf(row, word).left() + 1, rectOf(row, word).center().y()};
    }
    QPoint right(int row, QLatin1String word) {
        const QRect last = rectOf(row, word, static_cast<int>(word.size()) - 1);
        return {last.right(), last.center().y()};
    }
    void drag(QPoint from, QPoint to) {
        QTest::mousePress(view.viewport(), Qt::LeftButton, {}, from);
        move((from + to) / 2, Qt::LeftButton);
        move(to, Qt::LeftButton);
        QTest::mouseRelease(view.viewport(), Qt::LeftButton, {}, to);
    }
    void move(QPoint to, Qt::MouseButtons held = Qt::NoButton) {
        QMouseEvent event(QEvent::MouseMove, to, view.viewport()->mapToGlobal(to), Qt::NoButton, held, {});
        QCoreApplication::sendEvent(view.viewport(), &event);
    }
    QImage grab() { return view.viewport()->grab().toImage().convertToFormat(QImage::Format_RGB32); }
};

// The colour farthest from the background in a rectangle: that of the glyphs.
inline QColor ink(const QImage& image, QRect area, const QColor& ground) {
    QColor best = ground;
    int farthest = 0;
    for (int y = area.top(); y <= area.bottom(); ++y) {
        for (int x = area.left(); x <= area.right(); ++x) {
            const QColor c = image.pixelColor(x, y);
            const int distance = qAbs(c.red() - ground.red()) + qAbs(c.green() - ground.green()) +
                                 qAbs(c.blue() - ground.blue());
            if (distance > farthest) {
                farthest = distance;
                best = c;
            }
        }
    }
    return best;
}

inline bool nearly(const QColor& a, const QColor& b, int tolerance = 28) {
    return qAbs(a.red() - b.red()) <= tolerance && qAbs(a.green() - b.green()) <= tolerance &&
           qAbs(a.blue() - b.blue()) <= tolerance;
}

} // namespace chat_test
