#pragma once
#include <QAbstractButton>

namespace engine {
struct CacheStatus;
}

namespace ui {

/// How full the model's view is: an amber piece for the sinks, a blue fill, "412 of 1,024". A click asks for
/// the Inspector.
class CacheMeter : public QAbstractButton {
    Q_OBJECT
public:
    explicit CacheMeter(QWidget* parent = nullptr);

    void setStatus(const engine::CacheStatus& status);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override; // the words, without the bar

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int wordsWidth() const;
    QRectF barRect() const;

    int m_visible = 0, m_capacity = 0, m_sinks = 0;
    QString m_words;
};

} // namespace ui
