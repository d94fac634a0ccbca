#include "ui/parts/number_field.h"

#include "app/numbers.h"
#include "app/presentable.h"

#include <QFocusEvent>
#include <QKeyEvent>
#include <QLineEdit>

#include <cmath>

namespace ui {

namespace {
constexpr int longestQuote = 24; // characters of what was typed, in the sentence that says no
}

NumberField::NumberField(int decimals, double least, double most, QWidget* parent) : QDoubleSpinBox(parent) {
    setLocale(app::numberLocale());
    setDecimals(decimals);
    setRange(least, most);
    connect(lineEdit(), &QLineEdit::textEdited, this, [this](const QString& text) { tell(whyNot(text)); });
    connect(this, &QDoubleSpinBox::valueChanged, this, [this] {
        if (hasAcceptableInput())
            tell({});
    });
}

std::optional<double> NumberField::read(const QString& text) const {
    if (!specialValueText().isEmpty() && text.trimmed().compare(specialValueText(), Qt::CaseInsensitive) == 0)
        return minimum();
    if (decimals() > 0)
        return app::readDecimal(text);
    const std::optional<qint64> number = app::readWhole(text);
    return number ? std::optional(static_cast<double>(*number)) : std::nullopt;
}

QString NumberField::whyNot(const QString& text) const {
    if (text.trimmed().isEmpty())
        return tr("A number is missing here.");
    const std::optional<double> number = read(text);
    if (!number) {
        const QString quote = app::presentable(text, longestQuote);
        return decimals() > 0 ? tr("“%1” is not a number.").arg(quote)
                              : tr("“%1” is not a whole number.").arg(quote);
    }
    if (*number < minimum() || *number > maximum())
        return tr("This goes from %1 to %2.").arg(textFromValue(minimum()), textFromValue(maximum()));
    // Rounding would take a small number for none at all.
    const double unit = std::pow(10, decimals());
    if (std::abs(*number * unit - std::round(*number * unit)) > 1e-6)
        return tr("At most %n digit(s) behind the decimal sign.", nullptr, decimals());
    return {};
}

void NumberField::tell(const QString& sentence) {
    if (sentence != std::exchange(m_told, sentence))
        Q_EMIT refused(sentence);
}

QValidator::State NumberField::validate(QString& text, int&) const {
    return whyNot(text).isEmpty() ? QValidator::Acceptable : QValidator::Intermediate;
}

void NumberField::fixup(QString&) const {}

double NumberField::valueFromText(const QString& text) const {
    return read(text).value_or(value());
}

QString NumberField::textFromValue(double value) const {
    QLocale locale = app::numberLocale();
    locale.setNumberOptions(QLocale::OmitGroupSeparator);
    return locale.toString(value, 'f', decimals());
}

void NumberField::keyPressEvent(QKeyEvent* event) {
    const bool enters = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enters && !hasAcceptableInput())
        tell(whyNot(text())); // and stays as it was typed, to be mended
    else
        QDoubleSpinBox::keyPressEvent(event);
}

void NumberField::focusInEvent(QFocusEvent* event) {
    m_before = value();
    QDoubleSpinBox::focusInEvent(event);
}

void NumberField::focusOutEvent(QFocusEvent* event) {
    if (!hasAcceptableInput()) {
        const QString why = whyNot(text());
        setValue(m_before);
        tell(tr("%1 It stays %2.", "why a number was not taken, and the one from before").arg(why, text()));
    }
    QDoubleSpinBox::focusOutEvent(event);
}

} // namespace ui
