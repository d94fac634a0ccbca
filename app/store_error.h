#pragma once
#include <QString>

#include <stdexcept>

namespace app {

/// What could not be read or saved: a sentence for the user; nothing was lost by it.
class StoreError : public std::runtime_error {
public:
    enum class Kind { Full, ReadOnly, Damaged, Newer, Foreign, Interrupted, Other };
    StoreError(Kind kind, const QString& sentence)
        : std::runtime_error(sentence.toStdString()), m_kind(kind) {}
    Kind kind() const { return m_kind; }

private:
    Kind m_kind;
};

} // namespace app
