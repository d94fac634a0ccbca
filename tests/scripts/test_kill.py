#!/usr/bin/env python3
"""Kills the real program with SIGKILL at random moments of an answer, many times, and checks that every acknowledged piece is there.

usage: test_kill.py FOLDER_OF_PROGRAMS [KILLS]

The program is started with --database F --model M --say TEXT --acknowledge: it sends TEXT into a new chat and prints "chunk N BYTES" (UTF-8 bytes
of the answer so far) after each piece that the store has acknowledged. The chats are then read with `sumidero-cli chats show --json`. Exit status
77, a skip, without a model or without the programs."""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

KILLS = 100
QUESTION = "Tell me a very long story about a river that never ends."
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(77)


def model_path():
    named = os.environ.get("SUMIDERO_TEST_MODEL")
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    path = pathlib.Path(named) if named else pathlib.Path(data) / "sumidero/models" / MODEL
    return path if path.is_file() else None


class Run:
    """One life of the program, and what it acknowledged."""

    def __init__(self, program, database, model, home):
        environment = dict(os.environ, QT_QPA_PLATFORM="offscreen", XDG_STATE_HOME=str(home / "state"),
                           XDG_CONFIG_HOME=str(home / "config"))
        self.acknowledged = 0
        self.chunks = 0
        self.started = threading.Event()
        self.process = subprocess.Popen(
            [program, "--database", database, "--model", model, "--say", QUESTION, "--acknowledge"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.complaints = threading.Thread(target=self.read_errors)
        self.errors = ""
        self.complaints.start()

    def read(self):
        for line in self.process.stdout:
            words = line.split()
            if line.endswith("\n") and len(words) == 3 and words[0] == "chunk":
                self.chunks, self.acknowledged = int(words[1]), int(words[2])
                self.started.set()
        self.started.set()

    def read_errors(self):
        self.errors = self.process.stderr.read()

    def kill(self, after):
        """Waits for the first acknowledged piece, then `after` seconds. False: the program ended by itself before."""
        self.started.wait(60)
        time.sleep(after)
        alive = self.process.poll() is None
        self.process.send_signal(signal.SIGKILL) if alive else None
        self.process.wait()
        self.reader.join()
        self.complaints.join()
        return alive and self.chunks > 0


def chats(cli, database, *arguments):
    command = [cli, "chats", *arguments, "--json", "--database", database]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        sys.exit(f"FAIL: {' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout)


def newest_answer(cli, database):
    newest = chats(cli, database, "list")["chats"][0]
    branch = chats(cli, database, "show", str(newest["id"]))["branch"]
    return newest["id"], branch[0], branch[1]


def check(cli, database, run, seen):
    """False: the answer was complete before the blow."""
    chat, question, answer = newest_answer(cli, database)
    assert chat not in seen, "the newest chat is one of an earlier run"
    assert question["text"] == QUESTION, question
    size = len(answer["text"].encode())
    assert size >= run.acknowledged, f"{size} bytes are there, {run.acknowledged} were acknowledged"
    seen[chat] = None
    if answer["state"] == "done":
        return False
    assert answer["state"] == "interrupted", answer["state"]
    seen[chat] = answer["text"]
    return True


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else KILLS
    program, cli = folder / "sumidero", folder / "sumidero-cli"
    model = model_path()
    if not program.exists() or not cli.exists():
        skip("the programs are not built")
    if not model:
        skip(f"the model {MODEL} is not here")
    help_text = subprocess.run([program, "--help-all"], capture_output=True, text=True, timeout=60,
                               env=dict(os.environ, QT_QPA_PLATFORM="offscreen"))
    if help_text.returncode != 0 or not help_text.stdout:
        skip("this desktop program takes no options yet")
    random.seed(22)
    begin, kills, finished, seen, chunks = time.monotonic(), 0, 0, {}, 0
    with tempfile.TemporaryDirectory() as home:
        database = os.path.join(home, "transcripts.db")
        while kills < wanted:
            run = Run(program, database, model, pathlib.Path(home))
            hit = run.kill(random.uniform(0, 0.3))
            if run.chunks == 0:
                sys.exit(f"FAIL: the program ended or hung before the first piece: {run.errors}")
            if check(cli, database, run, seen) and hit:
                kills += 1
                chunks += run.chunks
            else:
                finished += 1
                assert finished <= 20 + kills, "hardly any answer lasts long enough to be hit"
        # Nothing that was there once has changed since.
        for chat, text in seen.items():
            if text is not None:
                answer = chats(cli, database, "show", str(chat))["branch"][1]
                assert answer["text"] == text and answer["state"] == "interrupted", f"chat {chat} has changed"
    print(f"{kills} kills, {finished} answers that ended first, {chunks} acknowledged pieces, none lost, "
          f"{time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
