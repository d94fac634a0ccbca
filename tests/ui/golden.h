#pragma once
#include <QImage>
#include <QRect>
#include <QString>

namespace test {

/// Compares a picture with the reviewed one in `folder`. Outside of `text` (in our pixels; scaled with
/// the picture) no channel may differ by more than 3; inside, at most 2 % of the pixels by more than 40.
/// Returns what is wrong, and then puts NAME-actual.png, -expected.png and -diff.png into the folder
/// golden-failures beside the program; nothing is ever taken over by itself.
QString compareWithGolden(const QImage& actual, const QString& folder, const QString& name,
                          const QList<QRect>& text);

} // namespace test
