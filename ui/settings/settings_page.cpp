#include "ui/settings/settings_page.h"

#include "ui/parts/number_field.h"
#include "ui/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QStyle>
#include <QVBoxLayout>

#include <algorithm>

namespace ui {

SettingsPageWidget::SettingsPageWidget(const QString& title, const QString& explanation, QWidget* parent)
    : QWidget(parent), m_body(new QVBoxLayout(this)) {
    const Theme& theme = Theme::current();
    m_body->setContentsMargins(24, 20, 24, 16);
    m_body->setSpacing(4);
    auto* head = new QLabel(title, this);
    QFont font = theme.title;
    font.setPointSizeF(font.pointSizeF() * 1.2);
    head->setFont(font);
    m_body->addWidget(head);
    if (!explanation.isEmpty())
        m_body->addWidget(makeHint(explanation, this));
    m_body->addSpacing(10);
}

QLabel* SettingsPageWidget::makeHint(const QString& text, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setFont(Theme::current().label);
    label->setProperty("kind", QStringLiteral("hint"));
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    return label;
}

bool SettingsPageWidget::isUnderstood() const {
    const QList<NumberField*> fields = findChildren<NumberField*>();
    return std::all_of(fields.begin(), fields.end(),
                       [](const NumberField* field) { return field->hasAcceptableInput(); });
}

void SettingsPageWidget::connectNumber(NumberField* field, QLabel* label, const QString& hint) {
    connect(field, &QDoubleSpinBox::valueChanged, this, &SettingsPageWidget::edited);
    connect(field, &NumberField::refused, this, [this, field, label, hint](const QString& sentence) {
        label->setText(sentence.isEmpty() ? hint : sentence);
        label->setProperty("kind", sentence.isEmpty() ? QStringLiteral("hint") : QStringLiteral("problem"));
        label->style()->unpolish(label); // the style sheet looks at "kind" when a widget is polished
        label->style()->polish(label);
        field->setAccessibleDescription(label->text());
        Q_EMIT edited();
    });
}

void SettingsPageWidget::addField(Place place, const QString& text, QWidget* control, const QString& hint) {
    const Theme& theme = Theme::current();
    auto* label = new QLabel(text, this);
    label->setFont(Theme::weighted(theme.list, QFont::Medium));
    label->setBuddy(control);
    control->setFont(theme.list);
    control->setAccessibleName(text);
    control->setAccessibleDescription(hint);
    auto* words = new QVBoxLayout;
    words->setSpacing(3);
    words->addWidget(label);
    if (place == Place::Below)
        words->addWidget(control);
    auto* number = qobject_cast<NumberField*>(control);
    if (!hint.isEmpty() || number) {
        QLabel* below = makeHint(hint, this);
        words->addWidget(below);
        if (number)
            connectNumber(number, below, hint);
    }
    auto* row = new QHBoxLayout;
    row->setSpacing(24);
    row->addLayout(words, 1);
    if (place == Place::Beside)
        row->addWidget(control, 0, Qt::AlignVCenter);
    m_body->addLayout(row);
    m_body->addSpacing(12);
}

} // namespace ui
