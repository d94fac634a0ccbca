#pragma once
#include <QObject>
#include <QTextObjectInterface>

namespace ui {

class GrowingTextEdit;

/// Measures and paints the attached texts of a field, as Qt asks for it.
class PastedChips : public QObject, public QTextObjectInterface {
    Q_OBJECT
    Q_INTERFACES(QTextObjectInterface)
public:
    static constexpr int objectType = QTextFormat::UserObject + 1;
    static constexpr int idProperty = QTextFormat::UserProperty + 1;

    explicit PastedChips(GrowingTextEdit* edit);
    QSizeF intrinsicSize(QTextDocument* document, int place, const QTextFormat& format) override;
    void drawObject(QPainter* painter, const QRectF& rect, QTextDocument* document, int place,
                    const QTextFormat& format) override;
    /// The part of a chip that removes it.
    static QRectF cross(const QRectF& chip, Qt::LayoutDirection direction);

private:
    GrowingTextEdit* m_edit;
};

} // namespace ui
