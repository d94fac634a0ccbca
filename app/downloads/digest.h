#pragma once
#include <QString>

#include <functional>
#include <stop_token>

namespace app::downloads {

/// SHA-256 of a file in hexadecimal, read in pieces; empty: stopped, or it cannot be read. `read` gets the bytes read so far. Any thread.
QString sha256Of(const QString& path, const std::stop_token& stop,
                 const std::function<void(qint64)>& read = {});

} // namespace app::downloads
