#pragma once
#include <QDoubleSpinBox>

#include <optional>

namespace ui {

/// A field for a number: whole with no decimals(), else with a decimal sign. It understands what people type in any language
/// (app/numbers.h) and says no to the rest, in one sentence: what cannot be understood is never taken for a number, neither whole nor by
/// its first half, and the number from before comes back when the field is left. Every number field of the window is one. Main thread only.
class NumberField : public QDoubleSpinBox {
    Q_OBJECT
public:
    NumberField(int decimals, double least, double most, QWidget* parent = nullptr);
    int whole() const { return qRound(value()); }

Q_SIGNALS:
    /// Why the text is not taken; empty: it is.
    void refused(const QString& sentence);

protected:
    // No text is kept out while it is typed: a paste that does nothing would be no answer.
    QValidator::State validate(QString& text, int& position) const override;
    void fixup(QString& text) const override;
    double valueFromText(const QString& text) const override;
    QString textFromValue(double value) const override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    std::optional<double> read(const QString& text) const;
    QString whyNot(const QString& text) const;
    void tell(const QString& sentence);

    double m_before = 0; // when the field was entered
    QString m_told;
};

} // namespace ui
