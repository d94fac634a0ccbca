#include "ui/page/pasted_viewer.h"

#include "ui/page/pasted_text.h"
#include "ui/parts/words.h"
#include "ui/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTextBlock>
#include <QVBoxLayout>

namespace ui {

namespace {

constexpr qsizetype mostInLine = 1'000, mostShown = 4'000'000;
constexpr int brokenHere = 1; // state of a block whose line goes on in the next one

/// Long lines are broken for showing only: copied, they are whole again.
class WholeLines : public QPlainTextEdit {
public:
    using QPlainTextEdit::QPlainTextEdit;

    void show(QStringView text) {
        QString broken;
        QList<int> places;
        int block = 0;
        for (qsizetype begin = 0, line = 0; begin < text.size(); ++begin, ++line) {
            const QChar character = text.at(begin);
            if (character == u'\n') {
                ++block;
                line = -1;
            } else if (line >= mostInLine && !character.isLowSurrogate()) {
                broken += u'\n';
                places += block++;
                line = 0;
            }
            broken += character;
        }
        setPlainText(broken);
        for (const int place : places)
            document()->findBlockByNumber(place).setUserState(brokenHere);
    }

protected:
    QMimeData* createMimeDataFromSelection() const override {
        const QTextCursor cursor = textCursor();
        QString text;
        for (QTextBlock block = document()->findBlock(cursor.selectionStart());
             block.isValid() && block.position() < cursor.selectionEnd(); block = block.next()) {
            const int from = std::max(0, cursor.selectionStart() - block.position());
            const int to = std::min(cursor.selectionEnd() - block.position(), block.length() - 1);
            text += QStringView(block.text()).mid(from, to - from);
            if (cursor.selectionEnd() >= block.position() + block.length() && block.userState() != brokenHere)
                text += u'\n';
        }
        auto* mime = new QMimeData;
        mime->setText(text);
        return mime;
    }
};

} // namespace

PastedViewer::PastedViewer(const QString& text, QWidget* parent)
    : QDialog(parent), m_put(new QPushButton(tr("Put it into the message"), this)),
      m_remove(new QPushButton(tr("Remove"), this)) {
    const Theme& theme = Theme::current();
    setWindowTitle(tr("Pasted text"));
    resize(theme.px(640), theme.px(480));
    auto* view = new WholeLines(this);
    m_view = view;
    view->setReadOnly(true);
    view->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    view->setFont(theme.list);
    view->setAccessibleName(tr("Pasted text"));
    view->show(QStringView(text).left(mostShown));

    auto* size =
        new QLabel(text.size() > mostShown
                       ? tr("%1. Only the beginning is shown; all of it is sent.").arg(words::textSize(text))
                       : words::textSize(text),
                   this);
    size->setFont(theme.label);
    size->setProperty("kind", QStringLiteral("label"));
    size->setWordWrap(true);
    const bool small = text.size() <= pasted::mostInField && !pasted::isSlowToType(text);
    m_put->setEnabled(small);
    m_put->setToolTip(small ? tr("To change something in it")
                            : tr("It is too long for that: typing would become slow."));
    auto* close = new QPushButton(tr("Close"), this);
    close->setDefault(true);
    auto* foot = new QHBoxLayout;
    foot->addWidget(size, 1);
    for (QPushButton* button : {m_put, m_remove, close}) {
        button->setFont(Theme::weighted(theme.label, QFont::Medium));
        button->setAccessibleName(button->text());
        button->setAutoDefault(button == close);
        foot->addWidget(button);
    }
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 16, 16, 14);
    layout->setSpacing(12);
    layout->addWidget(view, 1);
    layout->addLayout(foot);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    for (const auto& [button, signal] : {std::pair(m_put, &PastedViewer::putIntoTextRequested),
                                         std::pair(m_remove, &PastedViewer::removeRequested)}) {
        connect(button, &QPushButton::clicked, this, signal);
        connect(button, &QPushButton::clicked, this, &QDialog::accept);
    }
}

} // namespace ui
