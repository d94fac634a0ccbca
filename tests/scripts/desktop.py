"""The desktop program on a display of its own, for the scripts beside this file. Python's standard library only; needs Xvfb and,
for typing, xdotool."""
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

SKIP = 77


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIP)


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is not installed")


def find_model():
    """The real model, as the C++ tests find it."""
    path = os.environ.get("SUMIDERO_TEST_MODEL")
    if not path:
        data = os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share"
        path = pathlib.Path(data) / "sumidero/models/SmolLM2-135M-Instruct.Q4_1.gguf"
    if not pathlib.Path(path).is_file():
        skip(f"no model at {path}")
    return str(path)


def limit_files(most):
    """In the child: what is longer fails, and the signal that comes with it does not end the program."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def wait_until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


class Display:
    """An X server without a screen; its number comes from the server, so that several can run."""

    def __init__(self, size="1400x900x24"):
        read, write = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"],
            pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            skip("Xvfb does not start")
        self.name = f":{number}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Home:
    """Folders of its own for one user of the program."""

    def __init__(self, display=None):
        self.folder = tempfile.TemporaryDirectory(prefix="sumidero-")
        self.path = pathlib.Path(self.folder.name)
        self.database = self.path / "transcripts.db"
        for name in ["run", "data", "state", "config", "cache"]:
            (self.path / name).mkdir(mode=0o700)
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=str(self.path / "run"), XDG_DATA_HOME=str(self.path / "data"),
                                XDG_STATE_HOME=str(self.path / "state"), XDG_CONFIG_HOME=str(self.path / "config"),
                                XDG_CACHE_HOME=str(self.path / "cache"), QT_QPA_PLATFORM="offscreen")
        if display:
            self.environment.update(DISPLAY=display.name, QT_QPA_PLATFORM="xcb")
            self.environment.pop("WAYLAND_DISPLAY", None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def query(self, sql, *values):
        """Reads the file of chats as another program would."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def messages(self):
        """Role, state, text; of an unfinished answer the pieces that are stored."""
        rows = self.query("SELECT id, role, state, content FROM message ORDER BY id")
        result = []
        for number, role, state, text in rows:
            pieces = self.query("SELECT content FROM chunk WHERE message = ? ORDER BY seq", number)
            result.append((role, state, text + "".join(piece for piece, in pieces)))
        return result

    def change_settings(self, **values):
        """While no program runs. Dots in the names are written as two underscores."""
        connection = sqlite3.connect(self.database)
        with connection:
            for key, value in values.items():
                connection.execute("INSERT INTO setting(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                                   (key.replace("__", "."), str(value)))
        connection.close()


class Program:
    """A running sumidero and the lines it prints."""

    def __init__(self, folder, home, *arguments, largest_file=None):
        """No file gets more than `largest_file` bytes: a disk that is full."""
        self.home = home
        self.lines = []
        self.process = subprocess.Popen([str(pathlib.Path(folder) / "sumidero"), "--database", str(home.database), *arguments],
                                        env=home.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=largest_file and (lambda: limit_files(largest_file)))
        self.errors = []
        self.threads = [threading.Thread(target=self._read, args=(stream, lines), daemon=True)
                        for stream, lines in [(self.process.stdout, self.lines), (self.process.stderr, self.errors)]]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def wait_for(self, prefix, seconds=120, after=0):
        """The index of the first line from `after` on that begins so."""
        def found():
            for index, line in enumerate(list(self.lines)):
                if index >= after and line.startswith(prefix):
                    return index + 1
            if self.process.poll() is not None:
                raise AssertionError(f"the program ended ({self.process.returncode}): {self.errors}")
            return 0
        return wait_until(f"a line “{prefix}…”", found, seconds) - 1

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self, seconds=30):
        """As the end of a session does it; the exit status."""
        self.process.terminate()
        return self.process.wait(seconds)

    def wait(self, seconds=120):
        status = self.process.wait(seconds)
        for thread in self.threads:
            thread.join()
        return status

    def _xdotool(self, *arguments):
        return subprocess.run(["xdotool", *arguments], env=self.home.environment, capture_output=True, text=True)

    def window(self):
        def found():
            names = self._xdotool("search", "--onlyvisible", "--pid", str(self.process.pid)).stdout.split()
            return names[0] if names else None
        return wait_until("the window", found)

    def type(self, text):
        """Through the X server, as fingers do; there is no window manager, so the focus is given by hand."""
        self._xdotool("windowfocus", "--sync", self.window())
        self._xdotool("type", "--delay", "10", text)

    def press(self, *names):
        """In the window that has the focus."""
        self._xdotool("key", *names)

    def key(self, *names):
        self._xdotool("windowfocus", "--sync", self.window())
        self.press(*names)

    def memory(self):
        """Resident bytes."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0
