#pragma once
#include <QWidget>

namespace ui {

/// Small heading of a view: a coloured mark and a name on the left, a value on the right.
class ViewHeading : public QWidget {
    Q_OBJECT
public:
    enum class Mark { None, Sink, Window };
    ViewHeading(Mark mark, const QString& name, QWidget* parent = nullptr);
    void setValue(const QString& strong, const QString& plain); // on the right
    void setHint(const QString& hint);                          // after the name
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Mark m_mark;
    QString m_name, m_strong, m_plain, m_hint;
};

} // namespace ui
