#include "ui/settings/pages.h"
#include "ui/theme.h"

#include <QAction>
#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace ui {

namespace {

void addRow(QGridLayout* grid, const QString& what, const QString& keys) {
    const Theme& theme = Theme::current();
    auto* name = new QLabel(what);
    auto* value = new QLabel(keys);
    name->setFont(theme.list);
    value->setFont(theme.label);
    value->setProperty("kind", QStringLiteral("label"));
    const int row = grid->rowCount();
    grid->addWidget(name, row, 0);
    grid->addWidget(value, row, 1);
}

QString keysOf(const QAction* action) {
    QStringList keys;
    for (const QKeySequence& sequence : action->shortcuts())
        keys += sequence.toString(QKeySequence::NativeText);
    return keys.join(QStringLiteral(", "));
}

} // namespace

ShortcutsPage::ShortcutsPage(const QList<QAction*>& actions, QWidget* parent)
    : SettingsPageWidget(tr("Keyboard"), tr("Everything can be done without a mouse."), parent) {
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(24);
    grid->setVerticalSpacing(7);
    grid->setColumnStretch(0, 1);
    addRow(grid, tr("Send the message"), tr("Enter"));
    addRow(grid, tr("New line in the message"), tr("Shift+Enter"));
    addRow(grid, tr("Stop the answer"), tr("Esc"));
    addRow(grid, tr("Open the chat in the list"), tr("Enter"));
    addRow(grid, tr("Delete the chat in the list"), tr("Del"));
    for (const QAction* action : actions)
        if (action->isVisible() && !action->shortcut().isEmpty()) {
            QString name = action->text();
            addRow(grid, name.remove(QChar(0x2026)), keysOf(action));
        }
    addRow(grid, tr("Inspector: pause the view, pause the writing"), tr("Space, Shift+Space"));
    addRow(grid, tr("Inspector: token, turn, start, now"), tr("← →, Ctrl+← →, Home, End"));
    addRow(grid, tr("Inspector: layer, head, all, mean or largest"), tr("[ ], { }, A, M"));
    addRow(grid, tr("Inspector: scale, order, colours, head map, hide sinks"), tr("L, O, G, V, H"));
    addRow(grid, tr("Inspector: pin or choose, numbers, export"), tr("Enter, T, Ctrl+E"));
    body()->addLayout(grid);
    body()->addStretch(1);
}

void ShortcutsPage::load(const app::Settings&) {}

void ShortcutsPage::store(app::Settings&) const {}

} // namespace ui
