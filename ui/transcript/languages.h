#pragma once
#include <QSet>
#include <QString>
#include <QStringList>

namespace ui::transcript {

/// What the highlighter knows of a family of languages.
struct Language {
    QStringList names = {};
    QSet<QString> keywords = {};
    QStringList lineComments = {};
    QString blockOpen = {}, blockClose = {};
    QString quotes = {}; // characters that open a string
    bool tripleQuotes = false;
    bool anyCase = false;
    bool tags = false;      // <name attribute="...">
    QString wordExtra = {}; // characters that belong to words besides letters, digits and _
};

/// By the name after the fence, in any case; null when unknown.
const Language* findLanguage(const QString& name);

} // namespace ui::transcript
