// One style sheet for all standard widgets, generated from the colours of the theme. Fonts are never set
// here: a sheet's font would win over QWidget::setFont. What a widget is, is said by its dynamic property
// "kind".
#include "ui/theme.h"

#include <QHash>
#include <QRegularExpression>

namespace ui {

namespace {

// "@name" stands for a colour of the theme.
const char* const buttons = R"(
QAbstractScrollArea { border: none; }
QPushButton, QToolButton { background: @raised; color: @text2; border: 1px solid @line; border-radius: 8px; padding: 5px 11px; }
QPushButton:hover, QToolButton:hover { background: @raised2; color: @text; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: @hover; color: @text; }
QPushButton:focus, QToolButton:focus { border: 2px solid @accent; padding: 4px 10px; }
QPushButton:disabled, QToolButton:disabled { color: @text3; background: transparent; }
QPushButton::menu-indicator, QToolButton::menu-indicator { image: none; width: 0; }
QPushButton[kind="primary"] { background: @accent; color: @onAccent; border: 1px solid @accent; }
QPushButton[kind="primary"]:hover { background: @accentHover; border-color: @accentHover; }
QPushButton[kind="primary"]:focus { border: 2px solid @text; }
QPushButton[kind="primary"]:disabled { background: @raised2; color: @text3; border-color: @raised2; }
QPushButton:flat { background: transparent; border: 1px solid transparent; }
QPushButton:flat:hover { background: @raised2; }
QPushButton:flat:focus { border: 2px solid @accent; }
QPushButton[kind="footer"] { padding: 4px 5px; }
QPushButton[kind="footer"]:focus { padding: 3px 4px; }
QPushButton[kind="danger"] { color: @danger; }
QPushButton[kind="quiet"], QToolButton[kind="quiet"] { background: transparent; border: 1px solid transparent; }
QPushButton[kind="quiet"]:hover, QToolButton[kind="quiet"]:hover { background: @raised2; }
QPushButton[kind="quiet"]:focus, QToolButton[kind="quiet"]:focus { border: 2px solid @accent; }
QToolButton[kind="icon"] { background: transparent; border: 1px solid transparent; padding: 3px; }
QToolButton[kind="icon"]:hover { background: @raised2; }
QToolButton[kind="icon"]:focus { border: 2px solid @accent; padding: 2px; }
QPushButton[kind="chip"] { background: @raised2; color: @text2; border: 1px solid @raised2; border-radius: 6px; padding: 3px 7px; }
QPushButton[kind="chip"]:hover { background: @hover; border-color: @hover; color: @text; }
QPushButton[kind="chip"]:focus { border: 2px solid @accent; padding: 2px 6px; }
QPushButton[kind="link"] { background: transparent; color: @accent; border: 1px solid transparent; padding: 3px 7px; }
QPushButton[kind="link"]:hover { background: @raised2; color: @accent; }
QPushButton[kind="link"]:focus { border: 2px solid @accent; padding: 2px 6px; }
)";

const char* const inputs = R"(
QLineEdit { background: @raised2; border: 1px solid @raised2; border-radius: 8px; padding: 6px 9px;
    selection-background-color: @selection; selection-color: @text; }
QLineEdit:hover { border-color: @line; }
QLineEdit:focus { border: 2px solid @accent; padding: 5px 8px; }
QLineEdit[kind="title"] { background: transparent; border: 1px solid transparent; padding: 4px 7px; }
QLineEdit[kind="title"]:focus { background: @raised; border: 2px solid @accent; padding: 3px 6px; }
QPlainTextEdit, QTextEdit { background: @raised; border: 1px solid @line; border-radius: 8px; padding: 6px 8px;
    selection-background-color: @selection; selection-color: @text; }
QPlainTextEdit:focus, QTextEdit:focus { border: 2px solid @accent; padding: 5px 7px; }
QPlainTextEdit[kind="bare"], QPlainTextEdit[kind="bare"]:focus { background: transparent; border: none; padding: 0; }
QSpinBox, QDoubleSpinBox, QComboBox { background: @raised; color: @text; border: 1px solid @line; border-radius: 8px;
    padding: 5px 9px; selection-background-color: @selection; selection-color: @text; }
QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { background: @raised2; }
QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus { border: 2px solid @accent; padding: 4px 8px; }
QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled, QLineEdit:disabled { color: @text3; background: transparent; }
QComboBox { combobox-popup: 0; }
QComboBoxPrivateContainer { background: @raised; border: 1px solid @line; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox[kind="chip"] { background: @raised2; color: @text2; border: 1px solid @raised2; border-radius: 6px; padding: 2px 4px 2px 8px; }
QComboBox[kind="chip"]:hover { background: @hover; color: @text; }
QComboBox[kind="chip"]:focus { border: 2px solid @accent; padding: 1px 3px 1px 7px; }
QComboBox[kind="chip"]:disabled { color: @text3; background: transparent; border-color: @line; }
QComboBox[kind="chip"]::drop-down { width: 16px; }
QComboBox::down-arrow { image: url(:/icons/chevron-down.svg); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: @raised; color: @text; border: none; padding: 4px 0; outline: none;
    selection-background-color: @raised2; selection-color: @text; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    border: none; background: transparent; width: 20px; subcontrol-origin: border; }
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-position: top right; margin: 3px 3px 0 0; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-position: bottom right; margin: 0 3px 3px 0; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url(:/icons/chevron-up.svg); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url(:/icons/chevron-down.svg); width: 10px; height: 10px; }
QCheckBox, QRadioButton { color: @text; spacing: 8px; padding: 3px; border: 2px solid transparent; border-radius: 6px; }
QCheckBox:focus, QRadioButton:focus { border-color: @accent; }
QCheckBox:disabled, QRadioButton:disabled { color: @text3; }
QCheckBox::indicator, QRadioButton::indicator { width: 16px; height: 16px; border: 1px solid @text3; background: @raised; }
QCheckBox::indicator { border-radius: 5px; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: url(:/icons/check-@shade.svg); }
QRadioButton::indicator:checked { background: @accent; border-color: @accent; image: url(:/icons/dot-@shade.svg); }
QSlider { min-height: 24px; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: @raised2; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: @accent; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; background: @accent; }
QSlider::handle:horizontal:focus { border: 2px solid @text; width: 14px; height: 14px; margin: -7px 0; border-radius: 9px; }
)";

const char* const surfaces = R"(
QToolTip { background: @raised2; color: @text; border: 1px solid @line; padding: 4px 6px; }
QMenu { background: @raised; color: @text; border: 1px solid @line; padding: 5px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 6px; }
QMenu::item:selected { background: @raised2; }
QMenu::item:disabled { color: @text3; }
QMenu::separator { height: 1px; background: @line; margin: 5px 6px; }
QMenu::indicator { width: 14px; height: 14px; left: 4px; }
QTabBar { background: transparent; border: none; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: @text2; border: none; border-bottom: 2px solid transparent; padding: 9px 0 8px 0;
    margin: 0 9px; }
QTabBar::tab:first { margin-left: 16px; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QTabBar:focus { border: none; }
QProgressBar { background: @raised2; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: @accent; border-radius: 2px; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 12px; }
QScrollBar:horizontal { height: 12px; }
QScrollBar::handle { background: @scrollHandle; border: 4px solid transparent; border-radius: 6px; background-clip: padding; }
QScrollBar::handle:vertical { min-height: 40px; border-width: 0; margin: 2px 3px; border-radius: 3px; }
QScrollBar::handle:horizontal { min-width: 40px; border-width: 0; margin: 3px 2px; border-radius: 3px; }
QScrollBar::handle:hover { background: @text3; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: @line; }
QDialog, QMessageBox { background: @background; }
QLabel { background: transparent; }
QLabel[kind="hint"] { color: @text3; }
QLabel[kind="label"] { color: @text2; }
QLabel[kind="live"] { color: @live; }
QLabel[kind="paused"] { color: @accent; }
QLabel[kind="problem"] { color: @danger; }
QFrame[kind="card"] { background: @raised; border: 1px solid @line; border-radius: 12px; }
QFrame[kind="banner"] { background: @raised; border: 1px solid @line; border-radius: 8px; }
QFrame[kind="line"] { background: @line; border: none; max-height: 1px; min-height: 1px; }
QWidget[kind="side"] { background: @side; }
QWidget[kind="page"] { background: @background; }
QHeaderView { background: transparent; border: none; }
QHeaderView::section { background: transparent; color: @text3; border: none; border-bottom: 1px solid @line; padding: 3px 4px; }
QTableView { background: transparent; color: @text2; border: none; outline: none; selection-background-color: @raised2;
    selection-color: @text; gridline-color: @line; }
QListView, QTreeView { background: transparent; color: @text; border: none; outline: none; }
QListView[kind="menu"] { background: @side; padding: 8px; }
QListView[kind="menu"]::item { padding: 8px 12px; border-radius: 8px; color: @text2; border: 2px solid transparent; }
QListView[kind="menu"]::item:hover { background: @raised2; }
QListView[kind="menu"]::item:selected { background: @selectedRow; color: @text; }
QListView[kind="menu"]::item:focus { border: 2px solid @accent; }
)";

QColor mixed(const QColor& from, const QColor& to, qreal share) {
    return QColor::fromRgbF(static_cast<float>(from.redF() + (to.redF() - from.redF()) * share),
                            static_cast<float>(from.greenF() + (to.greenF() - from.greenF()) * share),
                            static_cast<float>(from.blueF() + (to.blueF() - from.blueF()) * share));
}

QHash<QString, QString> valuesOf(const Theme& theme) {
    QHash<QString, QString> values;
    const auto add = [&values](const char* name, const QColor& colour) {
        values.insert(QLatin1String(name), colour.name());
    };
    add("background", theme.background);
    add("side", theme.side);
    add("raised", theme.raised);
    add("raised2", theme.raised2);
    add("line", theme.line);
    add("text", theme.text);
    add("text2", theme.text2);
    add("text3", theme.text3);
    add("accent", theme.accent);
    add("accentHover", mixed(theme.accent, theme.dark ? QColor(Qt::white) : QColor(Qt::black), 0.14));
    add("onAccent", theme.onAccent);
    add("danger", theme.danger);
    add("live", theme.live);
    add("hover", theme.hover);
    add("selectedRow", theme.selectedRow);
    add("selection", theme.selection);
    add("scrollHandle", mixed(theme.background, theme.text3, 0.45));
    // Icons that the sheet itself refers to cannot be tinted: there is one for ink on each accent.
    values.insert(QStringLiteral("shade"), theme.dark ? QStringLiteral("ink") : QStringLiteral("white"));
    return values;
}

} // namespace

QString Theme::styleSheet() const {
    const QString sheet =
        QString::fromLatin1(buttons) + QString::fromLatin1(inputs) + QString::fromLatin1(surfaces);
    const QHash<QString, QString> values = valuesOf(*this);
    static const QRegularExpression token(QStringLiteral("@([A-Za-z0-9]+)"));
    QString result;
    qsizetype end = 0;
    for (auto matches = token.globalMatch(sheet); matches.hasNext();) {
        const QRegularExpressionMatch match = matches.next();
        Q_ASSERT(values.contains(match.captured(1)));
        result += QStringView(sheet).mid(end, match.capturedStart() - end);
        result += values.value(match.captured(1));
        end = match.capturedEnd();
    }
    return result + sheet.mid(end);
}

} // namespace ui
