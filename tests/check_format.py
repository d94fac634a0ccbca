#!/usr/bin/env python3
"""Checks that every C++ file is formatted as .clang-format says. Exit status 77 (skipped) where clang-format is not installed."""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    if not shutil.which("clang-format"):
        print("clang-format is not installed: skipped")
        return 77
    files = [str(path) for folder in ("kernels", "engine", "app", "ui", "tests")
             for path in sorted((ROOT / folder).rglob("*")) if path.suffix in {".cpp", ".h", ".inc"}]
    result = subprocess.run(["clang-format", "--dry-run", "--Werror", *files], capture_output=True, text=True)
    print(result.stderr[:4000])
    print(f"check_format: {len(files)} files, {'well' if result.returncode == 0 else 'badly'} formatted")
    return 1 if result.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
