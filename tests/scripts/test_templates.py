#!/usr/bin/env python3
"""The templates written for the tests are rendered, and read by sessions, as jinja2 renders them.   test_templates.py BIN"""
import importlib.util
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    if importlib.util.find_spec("jinja2") is None:
        print("skipped: jinja2 is not installed")
        return 77
    done = subprocess.run([sys.executable, HERE / "compare_templates.py", pathlib.Path(sys.argv[1]) / "render_templates",
                           HERE.parent / "engine" / "templates"], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
