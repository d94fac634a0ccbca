#include "ui/chat_view.h"

#include "ui/theme.h"
#include "ui/transcript/accessible_transcript.h"
#include "ui/transcript/view_impl.h"

#include <QPaintEvent>
#include <QScopedValueRollback>
#include <QScrollBar>
#include <QSet>

namespace ui {

using transcript::EndButton;

ChatView::Impl::Impl(ChatView& owner) : view(owner), page(Theme::current()), toEnd(new EndButton(&owner)) {
    hoverTimer.setSingleShot(true);
    hoverTimer.setInterval(120);
    dragTimer.setInterval(30);
    copiedTimer.setSingleShot(true);
    copiedTimer.setInterval(1500);
    QObject::connect(toEnd, &QAbstractButton::clicked, &view, &ChatView::scrollToEnd);
    QObject::connect(&hoverTimer, &QTimer::timeout, &view, [this] { hoverRested(); });
    QObject::connect(&dragTimer, &QTimer::timeout, &view,
                     [this] { extendTo(view.viewport()->mapFromGlobal(QCursor::pos())); });
    QObject::connect(&copiedTimer, &QTimer::timeout, &view, [this] {
        updateRow(copiedRow);
        copiedRow = copiedBox = -1;
    });
}

ChatView::ChatView(QWidget* parent) : QAbstractScrollArea(parent), m_impl(std::make_unique<Impl>(*this)) {
    transcript::installAccessibility();
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Transcript"));
    viewport()->setMouseTracking(true);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
    viewport()->setCursor(Qt::IBeamCursor);
    m_impl->page.setViewport(viewport()->size(), width());
}

ChatView::~ChatView() = default;

void ChatView::setModel(app::TranscriptModel* model) {
    if (m_impl->model)
        m_impl->model->disconnect(this);
    m_impl->model = model;
    m_impl->page.setModel(model);
    m_impl->selection.clear();
    m_impl->textChangedFrom(0);
    if (model)
        m_impl->connectModel();
    m_impl->afterChange();
}

void ChatView::Impl::connectModel() {
    using Model = app::TranscriptModel;
    QObject::connect(model, &Model::wasReset, &view, [this] {
        page.reset();
        selection.clear();
        findPlace = caret = {};
        focusRow = focusTarget = hoverRow = pressedRow = copiedRow = draggedBar.row = -1;
        hasHot = dragging = false;
        textChangedFrom(0);
        afterChange();
    });
    QObject::connect(model, &Model::prepended, &view, [this](int count) {
        page.prepend(count);
        selection.move(count);
        for (int* row : {&findPlace.row, &caret.row, &focusRow, &hoverRow, &pressedRow, &copiedRow}) {
            if (*row >= 0)
                *row += count;
        }
        textChangedFrom(0);
        afterChange();
    });
    QObject::connect(model, &Model::appended, &view, [this](int row) {
        page.append();
        textChangedFrom(row);
        afterChange();
    });
    QObject::connect(model, &Model::textGrew, &view, [this](int row, int) { grew(row, false); });
    QObject::connect(model, &Model::changed, &view, [this](int row) { grew(row, true); });
    QObject::connect(model, &Model::truncated, &view, [this](int count) {
        page.truncate(count);
        if (selection.end.row >= count)
            selection.clear();
        for (int* row : {&focusRow, &hoverRow, &pressedRow, &copiedRow, &draggedBar.row}) {
            if (*row >= count)
                *row = -1;
        }
        if (caret.row >= count)
            caret = {};
        if (findPlace.row >= count)
            findPlace = {};
        textChangedFrom(count);
        afterChange();
    });
    QObject::connect(model, &Model::horizonMoved, &view, [this] { horizonMoved(); });
}

// The horizon moves with every token: mostly far above, or by a few characters.
void ChatView::Impl::horizonMoved() {
    const int before = page.horizonRow(), now = model->horizonRow();
    const auto place = [this] { return std::pair(page.visible(), page.origin(page.visible().first)); };
    const auto seen = page.count() > 0 ? place() : decltype(place())();
    page.horizonMoved();
    page.settle();
    syncScrollBar();
    if (page.count() == 0 || place() != seen || before != now) {
        view.viewport()->update();
        return;
    }
    updateRow(now);
}

// A row got more text or another state: only what is different is painted again.
void ChatView::Impl::grew(int row, bool whole) {
    const int topBefore = page.top();
    const bool touchesSelection =
        !selection.isEmpty() && row >= selection.begin.row && row <= selection.end.row;
    if (whole && touchesSelection)
        selection.clear();
    const int from = page.rowChanged(row);
    page.settle();
    textChangedFrom(row);
    syncScrollBar();
    if (whole || page.top() != topBefore || page.maximum() == 0)
        view.viewport()->update();
    else if (from >= 0)
        view.viewport()->update(0, std::max(0, from - 4), view.viewport()->width(),
                                view.viewport()->height());
    if (pointer.x() >= 0)
        updateHot(pointer, false);
}

void ChatView::Impl::afterChange() {
    page.settle();
    syncScrollBar();
    view.viewport()->update();
}

void ChatView::Impl::syncScrollBar() {
    // Showing the bar resizes the view, which comes here again.
    const QScopedValueRollback<bool> guard(syncing, true);
    QScrollBar* bar = view.verticalScrollBar();
    bar->setPageStep(view.viewport()->height());
    bar->setSingleStep(page.look().line * 3 / 2);
    bar->setRange(0, page.maximum());
    bar->setValue(page.top());
    const bool away = page.count() > 0 && page.maximum() - page.top() > 2 * page.look().line;
    toEnd->place(page.columnLeft() + page.columnWidth() / 2, view.viewport()->geometry().bottom(), away);
}

void ChatView::Impl::updateRow(int row) {
    if (row >= 0 && row < page.count())
        view.viewport()->update(page.rowRect(row).adjusted(0, -12, 0, 12));
}

void ChatView::setHighlights(QList<Highlight> highlights) {
    Impl& d = *m_impl;
    QSet<app::MessageId> touched(d.highlights.keyBegin(), d.highlights.keyEnd());
    d.highlights.clear();
    for (const Highlight& highlight : highlights) {
        d.highlights[highlight.begin.message].append(highlight);
        touched.insert(highlight.begin.message);
    }
    if (!d.model || touched.isEmpty())
        return;
    const auto [first, last] = d.page.visible();
    for (int row = first; row <= last; ++row) {
        if (touched.contains(d.model->at(row).id))
            d.updateRow(row);
    }
}

void ChatView::scrollToEnd() {
    m_impl->page.scrollToEnd();
    m_impl->afterChange();
}

void ChatView::scrollToMessage(app::MessageId message) {
    if (m_impl->model)
        m_impl->page.scrollToRow(m_impl->model->rowOf(message));
    m_impl->afterChange();
}

void ChatView::scrollToHorizon() {
    Impl& d = *m_impl;
    const int row = d.model ? d.model->horizonRow() : -1;
    if (row < 0 || row >= d.page.count())
        return;
    d.page.scrollToRow(row);
    const int upper = viewport()->height() / 3;
    d.page.scrollTo(d.page.top() + static_cast<int>(d.page.layout(row).ruleRect().top()) - upper);
    d.afterChange();
}

void ChatView::setAnswering(bool answering) {
    m_impl->page.setAnswering(answering);
    m_impl->afterChange();
}

void ChatView::setCanContinue(bool canContinue) {
    m_impl->page.setCanContinue(canContinue);
    m_impl->afterChange();
}

void ChatView::resizeEvent(QResizeEvent*) {
    m_impl->page.setViewport(viewport()->size(), width());
    m_impl->afterChange();
}

void ChatView::scrollContentsBy(int, int) {
    if (m_impl->syncing)
        return;
    m_impl->page.scrollTo(verticalScrollBar()->value());
    m_impl->syncScrollBar();
    if (m_impl->pointer.x() >= 0)
        m_impl->updateHot(m_impl->pointer, true);
    viewport()->update();
}

void ChatView::changeEvent(QEvent* event) {
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::StyleChange || event->type() == QEvent::PaletteChange ||
        event->type() == QEvent::FontChange) {
        m_impl->page.setTheme(Theme::current());
        m_impl->afterChange();
    }
}

} // namespace ui
