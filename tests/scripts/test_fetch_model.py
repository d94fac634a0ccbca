#!/usr/bin/env python3
"""installer/fetch-model against a pip of the test's own: parts, a break, a wrong hash, a file that was damaged later."""
import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PIECES = [b"first piece, ", b"second piece, ", b"third piece"]
WHOLE = b"".join(PIECES)

PIP = """#!/usr/bin/env python3
import pathlib, shutil, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])
number = sys.argv[-1].split("==")[0].rsplit("part", 1)[1]
store = pathlib.Path({store!r})
with open(store / "asked", "a") as asked:
    asked.write(number)
if (store / ("no" + number)).exists():
    sys.exit(1)
folder.mkdir()
shutil.copy(store / (number + ".whl"), folder)
"""


def load(data):
    os.environ["XDG_DATA_HOME"] = str(data)
    loader = importlib.machinery.SourceFileLoader("fetch_model", str(ROOT / "installer" / "fetch-model"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("fetch_model", loader))
    loader.exec_module(module)
    return module


def model(sha256, first):
    """Its pieces are numbered from `first` on; where that is 1 the entry need not say so."""
    return {"id": "toy", "name": "Toy", "file": "toy.gguf", "bytes": len(WHOLE), "sha256": sha256, "licence": "MIT",
            "pypi": {"package": "toy-part{}", "version": "1.0", "parts": len(PIECES), "member": "/data/part{:02}.bin"}
                     | ({} if first == 1 else {"first": first})}


def check(first):
    with tempfile.TemporaryDirectory() as name:
        store, data = pathlib.Path(name) / "store", pathlib.Path(name) / "data"
        store.mkdir()
        for number, piece in enumerate(PIECES, 1):
            with zipfile.ZipFile(store / f"{number}.whl", "w") as wheel:
                wheel.writestr(f"toy_part{number}/data/part{number - 1 + first:02}.bin", piece)
        fetch = load(data)

        def ask(sha256=hashlib.sha256(WHOLE).hexdigest()):
            pip = fetch.FOLDER / ".fetch-toy" / "venv" / "bin" / "pip"
            pip.parent.mkdir(parents=True, exist_ok=True)
            pip.write_text(PIP.format(store=str(store)))
            pip.chmod(0o755)
            (store / "asked").write_text("")
            said = io.StringIO()
            try:
                with contextlib.redirect_stderr(said):
                    return fetch.path_of(model(sha256, first)), (store / "asked").read_text()
            except SystemExit:
                return said.getvalue(), (store / "asked").read_text()

        # Its output goes where this test can read it: nowhere, as a text in memory is no file.
        fetch.subprocess = type("Pip", (), {"run": staticmethod(lambda command, **kept: __import__("subprocess").run(command))})
        (store / "no2").touch()
        said, asked = ask()
        assert "could not be fetched" in str(said) and asked == "12", (said, asked)
        (store / "no2").unlink()
        path, asked = ask()
        assert asked == "23", f"what was there is not fetched again: {asked}"
        assert path.read_bytes() == WHOLE
        assert ask() == (path, ""), "never twice"
        path.write_bytes(b"damaged" + WHOLE[7:])
        os.utime(path, (1, 1))
        assert ask() == (path, "123") and path.read_bytes() == WHOLE, "a damaged file is fetched again"
        path.unlink()
        said, asked = ask(sha256="0" * 64)
        assert "is damaged" in str(said) and not path.exists(), said


def main():
    for first in (1, 0):
        check(first)
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
