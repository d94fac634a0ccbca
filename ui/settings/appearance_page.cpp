#include "app/settings.h"
#include "ui/parts/choice_box.h"
#include "ui/settings/pages.h"
#include "ui/theme.h"

#include <QComboBox>
#include <QDirIterator>
#include <QLabel>
#include <QLocale>
#include <QRadioButton>
#include <QVBoxLayout>

namespace ui {

namespace {

/// Languages that are built in as :/i18n/sumidero_xx.qm.
QStringList languages() {
    QStringList found;
    QDirIterator files(QStringLiteral(":/i18n"));
    while (files.hasNext()) {
        const QString name = files.next().section(QLatin1Char('/'), -1).section(QLatin1Char('.'), 0, 0);
        found += name.section(QLatin1Char('_'), 1);
    }
    return found;
}

} // namespace

AppearancePage::AppearancePage(QWidget* parent)
    : SettingsPageWidget(tr("Appearance"), {}, parent),
      m_system(new QRadioButton(tr("As the desktop"), this)), m_light(new QRadioButton(tr("Light"), this)),
      m_dark(new QRadioButton(tr("Dark"), this)), m_textSize(new ChoiceBox(this)), m_language(nullptr) {
    auto* head = new QLabel(tr("Theme"), this);
    head->setFont(Theme::weighted(Theme::current().list, QFont::Medium));
    body()->addWidget(head);
    for (QRadioButton* button : {m_system, m_light, m_dark}) {
        button->setFont(Theme::current().list);
        button->setAccessibleName(tr("Theme: %1").arg(button->text()));
        body()->addWidget(button);
        connect(button, &QRadioButton::toggled, this, &SettingsPageWidget::edited);
    }
    body()->addSpacing(12);
    for (const int size : app::textSizes())
        m_textSize->addItem(tr("%1 %").arg(size), size);
    m_textSize->setFixedWidth(Theme::current().px(240));
    addField(Place::Beside, tr("Size of text"), m_textSize,
             tr("Of the whole window. Ctrl with +, - and 0 does the same."));
    connect(m_textSize, &QComboBox::currentIndexChanged, this, &SettingsPageWidget::edited);
    if (const QStringList found = languages(); !found.isEmpty()) {
        m_language = new ChoiceBox(this);
        m_language->addItem(tr("As the desktop"), QString());
        m_language->addItem(QStringLiteral("English"), QStringLiteral("en"));
        for (const QString& language : found) {
            QString name = QLocale(language).nativeLanguageName();
            if (!name.isEmpty())
                name[0] = name.at(0).toUpper();
            m_language->addItem(name, language);
        }
        m_language->setFixedWidth(Theme::current().px(240));
        addField(Place::Beside, tr("Language"), m_language, tr("Takes effect at the next start."));
        connect(m_language, &QComboBox::currentIndexChanged, this, &SettingsPageWidget::edited);
    }
    body()->addStretch(1);
}

void AppearancePage::load(const app::Settings& settings) {
    m_system->setChecked(settings.theme == app::Theme::System);
    m_light->setChecked(settings.theme == app::Theme::Light);
    m_dark->setChecked(settings.theme == app::Theme::Dark);
    // -1, nothing chosen, for a size from another version: it stays.
    m_textSize->setCurrentIndex(static_cast<int>(app::textSizes().indexOf(settings.textSize)));
    if (m_language)
        m_language->setCurrentIndex(std::max(0, m_language->findData(settings.language)));
}

void AppearancePage::store(app::Settings& settings) const {
    settings.theme = m_dark->isChecked()    ? app::Theme::Dark
                     : m_light->isChecked() ? app::Theme::Light
                                            : app::Theme::System;
    if (m_textSize->currentIndex() >= 0)
        settings.textSize = m_textSize->currentData().toInt();
    if (m_language)
        settings.language = m_language->currentData().toString();
}

} // namespace ui
