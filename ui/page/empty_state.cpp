#include "ui/page/empty_state.h"

#include "ui/theme.h"

#include <QIcon>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

namespace ui {

namespace {

constexpr int cardPadding = 12, cardMargin = 16, lineGap = 2; // pixels

/// A prompt: what it is about, and its words in full below, on as many lines as they need.
class PromptCard : public QAbstractButton {
public:
    PromptCard(const QString& title, const QString& prompt, QWidget* parent)
        : QAbstractButton(parent), m_title(title), m_prompt(prompt) {
        setAccessibleName(EmptyState::tr("Ask: %1").arg(prompt));
        setFocusPolicy(Qt::StrongFocus);
        setCursor(Qt::PointingHandCursor);
        setAttribute(Qt::WA_Hover);
        QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Minimum);
        policy.setHeightForWidth(true);
        setSizePolicy(policy);
    }
    const QString& prompt() const { return m_prompt; }
    QSize sizeHint() const override {
        const int width = Theme::current().px(420);
        return {width, heightForWidth(width)};
    }
    int heightForWidth(int width) const override {
        const Theme& theme = Theme::current();
        const int inner = std::min(width, theme.px(420)) - 2 * cardMargin;
        return 2 * cardPadding + linesOf(m_title, titleFont(), inner) + lineGap +
               linesOf(m_prompt, theme.label, inner);
    }

protected:
    void paintEvent(QPaintEvent*) override {
        const Theme& theme = Theme::current();
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const bool focused = hasFocus();
        const qreal edge = focused ? 1 : 0.5;
        painter.setPen(QPen(focused ? theme.accent : theme.line, focused ? 2 : 1));
        painter.setBrush(isDown() ? theme.hover : underMouse() ? theme.raised2 : theme.raised);
        painter.drawRoundedRect(QRectF(rect()).adjusted(edge, edge, -edge, -edge), metrics::radiusBubble,
                                metrics::radiusBubble);
        const QRect inner = rect().adjusted(cardMargin, cardPadding, -cardMargin, -cardPadding);
        const int title = linesOf(m_title, titleFont(), inner.width());
        painter.setFont(titleFont());
        painter.setPen(theme.text);
        painter.drawText(inner, wrapped, m_title);
        painter.setFont(theme.label);
        painter.setPen(theme.text2);
        painter.drawText(inner.adjusted(0, title + lineGap, 0, 0), wrapped, m_prompt);
    }

private:
    static constexpr int wrapped = Qt::TextWordWrap | Qt::AlignLeading;

    static QFont titleFont() { return Theme::weighted(Theme::current().list, QFont::Medium); }
    /// The height of these words at that width.
    static int linesOf(const QString& words, const QFont& font, int width) {
        return QFontMetrics(font).boundingRect(QRect(0, 0, width, QWIDGETSIZE_MAX), wrapped, words).height();
    }

    QString m_title, m_prompt;
};

QLabel* makeLine(const QString& text, const QFont& font, const char* kind, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setFont(font);
    label->setProperty("kind", QLatin1String(kind));
    label->setAlignment(Qt::AlignHCenter);
    label->setWordWrap(true);
    return label;
}

} // namespace

EmptyState::EmptyState(QWidget* parent) : QScrollArea(parent) {
    const Theme& theme = Theme::current();
    QFont name = theme.title;
    name.setPointSizeF(name.pointSizeF() * 1.7);
    auto* page = new QWidget;
    auto* picture = new QLabel(page);
    picture->setPixmap(QIcon(QStringLiteral(":/sumidero.svg")).pixmap(QSize(56, 56), devicePixelRatioF()));
    picture->setAlignment(Qt::AlignHCenter);

    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(metrics::transcriptMargin, 24, metrics::transcriptMargin, 24);
    layout->setSpacing(6);
    layout->addStretch(3);
    layout->addWidget(picture);
    layout->addSpacing(8);
    layout->addWidget(makeLine(tr("Sumidero"), name, "name", page));
    layout->addWidget(makeLine(tr("Talk as long as you like. Sumidero never has to start over."), theme.body,
                               "label", page));
    layout->addSpacing(18);
    const QList<QPair<QString, QString>> prompts = {
        {tr("Explain something"), tr("Why is the sky blue? Explain it in three sentences.")},
        {tr("Write something"), tr("Write a short letter to a friend about a day at the sea.")},
        {tr("Collect ideas"), tr("Give me five ideas for a rainy Sunday at home.")}};
    for (const auto& [title, prompt] : prompts) {
        auto* card = new PromptCard(title, prompt, page);
        card->setMaximumWidth(theme.px(440));
        layout->addWidget(card, 0, Qt::AlignHCenter);
        layout->addSpacing(2);
        connect(card, &QAbstractButton::clicked, this, [this, card] { Q_EMIT promptChosen(card->prompt()); });
    }
    layout->addStretch(4);
    setWidgetResizable(true);
    setFocusPolicy(Qt::NoFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setWidget(page);
    viewport()->setAutoFillBackground(false); // the page that it stands on has the colour
    page->setAutoFillBackground(false);
}

} // namespace ui
