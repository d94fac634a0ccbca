#include "ui/parts/direction.h"
#include "ui/side/chat_list.h"
#include "ui/theme.h"

#include <QLineEdit>
#include <QPainter>
#include <QTextLayout>

namespace ui {

namespace {

constexpr int side = 12, inset = 8, groupHeight = 36, firstGroupHeight = 33, hitHeight = 54, markSize = 8;

ChatListModel::Kind kindOf(const QModelIndex& index) {
    return static_cast<ChatListModel::Kind>(index.data(ChatListModel::KindRole).toInt());
}

QRect cellOf(const QStyleOptionViewItem& option) {
    return option.rect.adjusted(side, 0, -side, 0);
}

void paintGround(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) {
    const Theme& theme = Theme::current();
    const QRectF cell = QRectF(cellOf(option)).adjusted(0.5, 0.5, -0.5, -0.5);
    painter->setPen(Qt::NoPen);
    const bool current =
        index.data(ChatListModel::CurrentRole).toBool() && kindOf(index) == ChatListModel::Kind::Chat;
    if (current || option.state.testFlag(QStyle::State_MouseOver)) {
        painter->setBrush(current ? theme.selectedRow : theme.raised2);
        painter->drawRoundedRect(cell, metrics::radiusButton, metrics::radiusButton);
    }
    if (option.state.testFlag(QStyle::State_HasFocus)) {
        painter->setBrush(Qt::NoBrush);
        painter->setPen(QPen(theme.accent, 2));
        painter->drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), metrics::radiusButton,
                                 metrics::radiusButton);
    }
}

/// A dot at the end of the row: full while the chat is being answered, a ring while it waits for that. Returns what is left for the title.
QRect paintBusy(QPainter* painter, const QRect& place, const QModelIndex& index) {
    const auto mark = static_cast<ChatListModel::BusyMark>(index.data(ChatListModel::BusyRole).toInt());
    if (mark == ChatListModel::BusyMark::None)
        return place;
    const Theme& theme = Theme::current();
    const int size = theme.px(markSize);
    const QRectF dot(place.right() - size, place.center().y() - size / 2.0, size, size);
    painter->setPen(QPen(theme.accent, 1.5));
    painter->setBrush(mark == ChatListModel::BusyMark::Answering ? QBrush(theme.accent)
                                                                 : QBrush(Qt::NoBrush));
    painter->drawEllipse(dot);
    return place.adjusted(0, 0, -size - inset, 0);
}

/// The snippet on one line, the words between U+E000 and U+E001 in the text colour and heavier.
void paintSnippet(QPainter* painter, const QRect& place, const QString& marked) {
    const Theme& theme = Theme::current();
    QString plain;
    QList<QTextLayout::FormatRange> formats;
    for (const QChar character : marked.simplified()) {
        if (character == QChar(0xe000)) {
            QTextCharFormat found;
            found.setForeground(theme.text);
            found.setFontWeight(QFont::DemiBold);
            formats.append({static_cast<int>(plain.size()), 0, found});
        } else if (character == QChar(0xe001)) {
            if (!formats.isEmpty())
                formats.last().length = static_cast<int>(plain.size()) - formats.last().start;
        } else {
            plain += character;
        }
    }
    QTextLayout layout(plain, theme.label);
    QTextOption option;
    option.setWrapMode(QTextOption::NoWrap);
    option.setTextDirection(directionOf(plain)); // at the right when it runs that way
    layout.setTextOption(option);
    layout.setFormats(formats);
    layout.beginLayout();
    layout.createLine().setLineWidth(place.width());
    layout.endLayout();
    painter->save();
    painter->setClipRect(place);
    painter->setPen(theme.text2);
    layout.draw(painter, place.topLeft());
    painter->restore();
}

} // namespace

void ChatListDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                             const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QString title = index.data().toString();
    const auto drawLine = [&](const QRect& place, const QFont& font, const QColor& colour,
                              Qt::Alignment alignment) {
        painter->setFont(font);
        painter->setPen(colour);
        painter->setLayoutDirection(directionOf(title));
        painter->drawText(place, alignment | Qt::TextSingleLine,
                          QFontMetrics(font).elidedText(title, Qt::ElideRight, place.width()));
    };
    const QRect inner = cellOf(option).adjusted(inset, 0, -inset, 0);
    switch (kindOf(index)) {
    case ChatListModel::Kind::Group:
        drawLine(inner.adjusted(0, 0, 0, -5), theme.groupHead, theme.text3, Qt::AlignBottom | Qt::AlignLeft);
        break;
    case ChatListModel::Kind::Chat: {
        paintGround(painter, option, index);
        const bool current = index.data(ChatListModel::CurrentRole).toBool();
        drawLine(paintBusy(painter, inner, index),
                 current ? Theme::weighted(theme.list, QFont::Medium) : theme.list,
                 current ? theme.text : theme.text2, Qt::AlignVCenter | Qt::AlignLeft);
        break;
    }
    case ChatListModel::Kind::Hit: {
        paintGround(painter, option, index);
        const int lines = QFontMetrics(theme.list).height() + 2 + QFontMetrics(theme.label).height();
        const int top = inner.top() + (inner.height() - lines) / 2;
        drawLine(QRect(inner.left(), top, inner.width(), QFontMetrics(theme.list).height()),
                 Theme::weighted(theme.list, QFont::Medium), theme.text, Qt::AlignVCenter | Qt::AlignLeft);
        paintSnippet(painter,
                     QRect(inner.left(), top + QFontMetrics(theme.list).height() + 2, inner.width(),
                           QFontMetrics(theme.label).height()),
                     index.data(ChatListModel::SnippetRole).toString());
        break;
    }
    }
    painter->restore();
}

QSize ChatListDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const Theme& theme = Theme::current();
    switch (kindOf(index)) {
    case ChatListModel::Kind::Group:
        return QSize(0, theme.px(index.row() == 0 ? firstGroupHeight : groupHeight));
    case ChatListModel::Kind::Hit:
        return QSize(0, theme.px(hitHeight));
    case ChatListModel::Kind::Chat:
        break;
    }
    return QSize(0, theme.px(metrics::listRow));
}

QWidget* ChatListDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem&,
                                        const QModelIndex&) const {
    auto* editor = new QLineEdit(parent);
    editor->setFont(Theme::current().list);
    editor->setAccessibleName(tr("Name of the chat"));
    editor->setMaxLength(200);
    return editor;
}

void ChatListDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option,
                                            const QModelIndex&) const {
    editor->setGeometry(cellOf(option));
}

} // namespace ui
