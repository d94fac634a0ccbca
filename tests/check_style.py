#!/usr/bin/env python3
"""Checks the rules of the tree: includes go at most one layer down, headers start with #pragma once, no file over 400 lines,
no foreign toolkit in a layer that must not know it, and nothing at the top level that does not belong there."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYERS = ["kernels", "engine", "app", "ui"]
WIRING = {"app/main.cpp", "app/cli_main.cpp"}
TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "app", "ui", "engine", "kernels", "resources",
             "installer", "tests"}
FORBIDDEN = {
    "kernels": r"<Q|sqlite|SQLite|<iostream>|<fstream>|<filesystem>",
    "engine": r"<Q|sqlite|SQLite|<iostream>|vulkan|cuda",
    "app": r"<QtWidgets|<QtGui|<QWidget|<QPainter|<QApplication",
    "ui": r"sqlite|SQLite|<QThread|<thread>|<QFile>",
}
LIMIT = 400
# Files are written in one place, flushed, checked and then renamed over the old one. Databases and their lock, a recording that grows
# for hours, and a model that is being fetched are the others.
WRITERS = {"app/safe_file.cpp", "app/downloads/part_file.cpp", "app/store/files.cpp", "app/store/writer_lock.cpp", "engine/recorder/record_file.cpp"}
WRITING = re.compile(r"""QSaveFile|QTemporaryFile|ofstream|std::fstream|\bO_(WRONLY|RDWR|CREAT|TRUNC|APPEND)\b|\bcreat\(|QFile::copy|mkstemp
    |QFile\b.*\b(WriteOnly|ReadWrite|Append)|\.open\((QIODevice|QFile)::(WriteOnly|ReadWrite|Append)|fopen\([^)]*"[^")]*[wa+]""", re.X)

# How numbers are written for people, and what is understood of theirs, is decided in one place.
NUMBERS = {"app/numbers.cpp", "ui/parts/number_field.cpp", "ui/parts/number_field.h"}
NUMBER = re.compile(r"QLocale\(\)\.toString|QLocale::system|%L\d|(?<![A-Za-z])Q(Double)?SpinBox\b(?!::)")

# Qt's own waits are too short for a loaded machine.
PATIENCE = '#include "tests/support/patience.h"'
WAITING = re.compile(r"QTRY_(VERIFY2?|COMPARE)\(|\.wait\(\)")

# Lists to choose from look the same everywhere.
CHOICE = re.compile(r"new QComboBox")


def problems():
    for entry in ROOT.iterdir():
        if not entry.name.startswith(".") and entry.name not in TOP_LEVEL and not entry.name.startswith("build"):
            yield f"{entry.name}: does not belong at the top level"
    for folder in LAYERS + ["tests", "installer", "resources"]:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".cpp", ".h", ".py", ".inc"} or path.name == "CMakeLists.txt":
                yield from check(path, path.relative_to(ROOT).as_posix(), folder)


def check(path, name, folder):
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) > LIMIT:
        yield f"{name}: {len(lines)} lines, the limit is {LIMIT}"
    if path.suffix == ".h" and not text.startswith("#pragma once"):
        yield f"{name}:1: a header starts with #pragma once"
    if name.startswith(("tests/app/", "tests/ui/")) and PATIENCE not in lines and WAITING.search(text):
        yield f"{name}: waits without tests/support/patience.h"
    for number, line in enumerate(lines, 1):
        if line.rstrip() != line:
            yield f"{name}:{number}: white space at the end of the line"
        if folder in LAYERS and name not in WRITERS and WRITING.search(line) and "safe_file" not in line:
            yield f"{name}:{number}: files are written by app/safe_file.h"
        if folder in {"app", "ui"} and name not in NUMBERS and name != "ui/theme_style.cpp" and NUMBER.search(line):
            yield f"{name}:{number}: numbers are written by app/numbers.h and typed into ui/parts/number_field.h"
        if folder == "ui" and CHOICE.search(line):
            yield f"{name}:{number}: boxes to choose from are made by ui/parts/choice_box.h"
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not match or folder not in LAYERS or name in WIRING:
            continue
        if re.search(FORBIDDEN[folder], line):
            yield f"{name}:{number}: {folder}/ must not include {match.group(2)}"
        target = match.group(2).split("/")
        if match.group(1) != '"' or target[0] not in LAYERS:
            continue
        down = LAYERS.index(folder) - LAYERS.index(target[0])
        # The command line has no ui between itself and the engine; app headers hand engine value types up to ui by name.
        if down not in (0, 1):
            yield f"{name}:{number}: {folder}/ may include its own layer or the one below, not {match.group(2)}"
        if down == 1 and len(target) > 2:
            yield f"{name}:{number}: {match.group(2)} is private to its layer"


def main():
    found = list(problems())
    for line in found:
        print(line)
    print(f"check_style: {len(found)} problem(s)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
