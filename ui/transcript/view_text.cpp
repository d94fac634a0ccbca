#include "ui/transcript/view_impl.h"

#include <algorithm>
#include <QApplication>
#include <QClipboard>
#include <QMimeData>

// Text of the transcript: what is copied, searched and read aloud.
namespace ui {

using namespace transcript;

// Plain text of a message without laying it out, when it is not laid out already.
QString ChatView::Impl::plain(int row) {
    if (page.isHidden(row))
        return {};
    const auto [first, last] = page.visible();
    if (row >= first && row <= last)
        return page.layout(row).text();
    const app::Message& message = model->at(row);
    if (message.role == app::Role::User)
        return plainText(ownSpecs(message.text, page.look()));
    MarkdownDocument document;
    document.update(message.text, message.state == app::MessageState::Streaming);
    return plainText(boxSpecs(document.blocks(), page.look(), true));
}

bool ChatView::hasSelection() const {
    return !m_impl->selection.isEmpty();
}

QString ChatView::selectedText() const {
    Impl& d = *m_impl;
    QStringList parts;
    if (d.selection.isEmpty() || !d.model)
        return {};
    for (int row = d.selection.begin.row; row <= std::min(d.selection.end.row, d.page.count() - 1); ++row) {
        if (d.page.isHidden(row))
            continue;
        const QString text = d.plain(row);
        int from = 0, to = 0;
        d.selection.part(row, static_cast<int>(text.size()), from, to);
        if (from < to)
            parts.append(text.mid(from, to - from));
    }
    return parts.join(QStringLiteral("\n\n"));
}

void ChatView::copySelection() const {
    const QString text = selectedText();
    if (text.isEmpty())
        return;
    auto* mime = new QMimeData;
    mime->setText(text);
    const Impl& d = *m_impl;
    QStringList sources; // whole messages also go as their Markdown
    for (int row = d.selection.begin.row; row <= d.selection.end.row && row < d.page.count(); ++row) {
        if (!d.page.isHidden(row))
            sources.append(d.model->at(row).text);
    }
    const bool whole = d.selection.begin.position == 0 &&
                       d.selection.end.position >= m_impl->plain(d.selection.end.row).size();
    if (whole)
        mime->setData(QStringLiteral("text/markdown"), sources.join(QStringLiteral("\n\n")).toUtf8());
    QApplication::clipboard()->setMimeData(mime);
}

void ChatView::selectAll() {
    Impl& d = *m_impl;
    if (!d.model || d.page.count() == 0)
        return;
    const int last = d.page.count() - 1;
    d.selection.start({0, 0}, {last, static_cast<int>(d.plain(last).size())});
    viewport()->update();
}

void ChatView::clearSelection() {
    m_impl->selection.clear();
    viewport()->update();
}

QList<std::pair<int, int>> ChatView::Impl::matches(int row) {
    QList<std::pair<int, int>> found;
    const QString text = plain(row);
    for (qsizetype at = text.indexOf(findText, 0, Qt::CaseInsensitive); at >= 0;
         at = text.indexOf(findText, at + findText.size(), Qt::CaseInsensitive))
        found.append({static_cast<int>(at), static_cast<int>(at + findText.size())});
    return found;
}

void ChatView::setFindText(const QString& text) {
    m_impl->findText = text;
    m_impl->findPlace = {};
    viewport()->update();
}

bool ChatView::findNext(bool backward) {
    Impl& d = *m_impl;
    if (d.findText.isEmpty() || !d.model || d.page.count() == 0)
        return false;
    const int count = d.page.count(), step = backward ? -1 : 1;
    const auto [first, last] = d.page.visible();
    const Place start =
        d.findPlace.isValid() ? d.findPlace : Place{backward ? last : first, backward ? 1 << 30 : -1};
    const QString word = d.findText.section(u' ', 0, 0, QString::SectionSkipEmpty);
    for (int i = 0; i <= count; ++i) {
        const int row = ((start.row + i * step) % count + count) % count;
        if (!d.model->at(row).text.contains(word, Qt::CaseInsensitive))
            continue; // most messages need no parsing
        QList<std::pair<int, int>> found = d.matches(row);
        if (backward)
            std::reverse(found.begin(), found.end());
        for (const auto& match : found) {
            const bool beyond = backward ? match.first < start.position : match.first > start.position;
            if (i > 0 || beyond) {
                d.findPlace = {row, match.first};
                d.page.scrollToPosition(row, match.first);
                d.afterChange();
                return true;
            }
        }
    }
    return false;
}

QString ChatView::Impl::rowName(int row) const {
    return model->at(row).role == app::Role::User ? ChatView::tr("You said") : ChatView::tr("Sumidero said");
}

QString ChatView::Impl::rowText(int row) {
    return page.isHidden(row) ? QString()
                              : rowName(row) + QStringLiteral(":\n") + plain(row) + QStringLiteral("\n\n");
}

// Where a row begins in the text of the whole transcript. Rows are read on demand, each once.
int ChatView::Impl::textStart(int row) {
    if (textStarts.empty())
        textStarts.push_back(0);
    while (static_cast<int>(textStarts.size()) <= row)
        textStarts.push_back(textStarts.back() +
                             static_cast<int>(rowText(static_cast<int>(textStarts.size()) - 1).size()));
    return textStarts[static_cast<std::size_t>(row)];
}

void ChatView::Impl::textChangedFrom(int row) {
    if (textStarts.size() > static_cast<std::size_t>(row) + 1)
        textStarts.resize(static_cast<std::size_t>(row) + 1);
}

int ChatView::Impl::rowOfText(int offset) {
    textStart(page.count());
    const auto after = std::upper_bound(textStarts.begin(), textStarts.end(), offset);
    return std::clamp(static_cast<int>(after - textStarts.begin()) - 1, 0, std::max(0, page.count() - 1));
}

} // namespace ui
