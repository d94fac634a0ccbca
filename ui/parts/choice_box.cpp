#include "ui/parts/choice_box.h"

#include "ui/theme.h"

#include <QAbstractItemView>
#include <QListView>
#include <QPainter>
#include <QScreen>
#include <QStyledItemDelegate>

namespace ui {

namespace {

constexpr int mostRows = 10, rowPadding = 6, textInset = 12;

class RowDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        const Theme& theme = Theme::current();
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        if (option.state & (QStyle::State_Selected | QStyle::State_MouseOver)) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(theme.raised2);
            painter->drawRoundedRect(option.rect.adjusted(4, 0, -4, 0), metrics::radiusCell,
                                     metrics::radiusCell);
        }
        painter->setFont(option.font);
        painter->setPen(index.flags() & Qt::ItemIsEnabled ? theme.text : theme.text3);
        const QRect place = option.rect.adjusted(textInset, 0, -textInset, 0);
        painter->drawText(
            place, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine,
            option.fontMetrics.elidedText(index.data().toString(), Qt::ElideRight, place.width()));
        painter->restore();
    }
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        return {option.fontMetrics.horizontalAdvance(index.data().toString()) + 2 * textInset + 1,
                option.fontMetrics.height() + 2 * Theme::current().px(rowPadding)};
    }
};

} // namespace

ChoiceBox::ChoiceBox(QWidget* parent) : QComboBox(parent) {
    setView(new QListView(this));
    view()->setItemDelegate(new RowDelegate(view())); // the one of the box follows no style sheet
    view()->setTextElideMode(Qt::ElideRight);
    setMaxVisibleItems(mostRows);
}

void ChoiceBox::showPopup() {
    QComboBox::showPopup();
    // Qt leaves the padding of the style sheet out when it works out the height.
    int rows = 0, widest = 0;
    for (int row = 0; row < count(); ++row) {
        const QSize size = view()->sizeHintForIndex(model()->index(row, modelColumn(), rootModelIndex()));
        rows += row < maxVisibleItems() ? size.height() : 0;
        widest = std::max(widest, size.width());
    }
    QWidget* popup = view()->window();
    const QSize frame = popup->size() - view()->viewport()->size();
    QRect place = popup->geometry();
    const bool above = place.center().y() < mapToGlobal(rect().center()).y();
    const int bottom = place.bottom();
    place.setSize({std::max(place.width(), widest + frame.width()), rows + frame.height()});
    if (above)
        place.moveBottom(bottom);
    const QRect room = screen()->availableGeometry();
    if (place.bottom() > room.bottom())
        place.moveBottom(room.bottom());
    if (place.right() > room.right())
        place.moveRight(room.right());
    popup->setGeometry(place.intersected(room));
}

} // namespace ui
