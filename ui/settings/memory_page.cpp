#include "app/settings.h"
#include "ui/parts/choice_box.h"
#include "ui/parts/number_field.h"
#include "ui/settings/pages.h"
#include "ui/theme.h"

#include <QComboBox>
#include <QVBoxLayout>

namespace ui {

using engine::CacheMode;

MemoryPage::MemoryPage(QWidget* parent)
    : SettingsPageWidget(
          tr("Memory"),
          tr("How much of a chat the model keeps in view. The text itself is always kept. What a change "
             "costs is said below before you save."),
          parent),
      m_mode(new ChoiceBox(this)), m_sinks(new NumberField(0, 0, 256, this)),
      m_window(new NumberField(0, 0, 1 << 20, this)), m_precision(new ChoiceBox(this)) {
    const int width = Theme::current().px(220);
    m_mode->addItem(tr("Sinks and a rolling window"), static_cast<int>(CacheMode::Streaming));
    m_mode->addItem(tr("Only a rolling window"), static_cast<int>(CacheMode::Window));
    m_mode->addItem(tr("Everything, until it is full"), static_cast<int>(CacheMode::Dense));
    m_mode->setFixedWidth(width);
    m_sinks->setFixedWidth(width);
    m_window->setSingleStep(256);
    m_window->setSpecialValueText(tr("Automatic"));
    m_window->setFixedWidth(width);
    m_precision->addItem(tr("16 bits"), static_cast<int>(kernels::KvType::F16));
    m_precision->addItem(tr("8 bits, half the memory"), static_cast<int>(kernels::KvType::Q8_0));
    m_precision->setFixedWidth(width);
    addField(
        Place::Beside, tr("What is kept"), m_mode,
        tr("With sinks the chat never ends. Without them answers fall apart once the window rolls: good for "
           "comparing only."));
    addField(Place::Beside, tr("Sinks"), m_sinks,
             tr("First tokens that are always in view, at least. The instructions are pinned with them."));
    addField(Place::Beside, tr("Window"), m_window,
             tr("Newest tokens in view. Automatic: what the model was trained for, at most 4,096."));
    addField(Place::Beside, tr("Precision of the window"), m_precision, tr("Sinks always keep 16 bits."));
    body()->addStretch(1);
    for (QComboBox* box : {m_mode, m_precision})
        connect(box, &QComboBox::currentIndexChanged, this, &SettingsPageWidget::edited);
    connect(m_mode, &QComboBox::currentIndexChanged, this, &MemoryPage::enableFields);
}

void MemoryPage::enableFields() {
    m_sinks->setEnabled(m_mode->currentData().toInt() == static_cast<int>(CacheMode::Streaming));
}

void MemoryPage::load(const app::Settings& settings) {
    m_mode->setCurrentIndex(std::max(0, m_mode->findData(static_cast<int>(settings.cache.mode))));
    m_sinks->setValue(settings.cache.sinks);
    m_window->setValue(settings.cache.window);
    m_precision->setCurrentIndex(
        std::max(0, m_precision->findData(static_cast<int>(settings.cache.ringType))));
    enableFields();
}

void MemoryPage::store(app::Settings& settings) const {
    settings.cache.mode = static_cast<CacheMode>(m_mode->currentData().toInt());
    settings.cache.sinks = m_sinks->whole();
    settings.cache.window = m_window->whole();
    settings.cache.ringType = static_cast<kernels::KvType>(m_precision->currentData().toInt());
}

} // namespace ui
