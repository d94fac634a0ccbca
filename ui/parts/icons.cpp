#include "ui/parts/icons.h"

#include "ui/theme.h"

#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>

namespace ui {

namespace {

/// Draws the shape of an SVG in one colour, sharp at any scale.
class TintedIcon : public QIconEngine {
public:
    TintedIcon(const QString& name, QColor (*colour)()) : m_name(name), m_colour(colour) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
        const qreal ratio = painter->device()->devicePixelRatioF();
        painter->drawImage(rect, tinted(rect.size() * ratio, mode));
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        return QPixmap::fromImage(tinted(size, mode));
    }
    QIconEngine* clone() const override { return new TintedIcon(*this); }

private:
    QImage tinted(const QSize& size, QIcon::Mode mode) const {
        QImage image(size, QImage::Format_ARGB32_Premultiplied);
        image.fill(Qt::transparent);
        QPainter painter(&image);
        QSvgRenderer renderer(QStringLiteral(":/icons/%1.svg").arg(m_name));
        renderer.render(&painter, QRectF(QPointF(), size));
        painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
        painter.fillRect(image.rect(), colourFor(mode));
        return image;
    }
    QColor colourFor(QIcon::Mode mode) const {
        const Theme& theme = Theme::current();
        if (mode == QIcon::Disabled)
            return theme.text3;
        if (m_colour)
            return m_colour();
        return mode == QIcon::Active ? theme.text : theme.text2;
    }

    QString m_name;
    QColor (*m_colour)();
};

} // namespace

QIcon icon(const QString& name) {
    return icon(name, nullptr);
}

QIcon icon(const QString& name, QColor (*colour)()) {
    return QIcon(new TintedIcon(name, colour));
}

} // namespace ui
