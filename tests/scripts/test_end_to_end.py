#!/usr/bin/env python3
"""The real program with the real model on a real display: a question is typed and answered, the next answer is cut off by kill -9, and
after a new start everything acknowledged is there. Argument: the folder of the built programs."""
import os
import pathlib
import subprocess
import sys

from desktop import Display, Home, Program, find_model, need, skip, wait_until

FIRST = "What is a sink for, in one sentence?"
SECOND = "Tell me a long story about a river."


def check_no_display(folder):
    environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}}
    result = subprocess.run([folder / "sumidero"], env=environment, capture_output=True, text=True, timeout=30)
    assert result.returncode == 1, result
    assert "sumidero-cli" in result.stderr and len(result.stderr.splitlines()) == 1, result.stderr
    result = subprocess.run([folder / "sumidero", "--help"], env=environment, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0 and "--acknowledge" in result.stdout, result
    result = subprocess.run([folder / "sumidero", "--version"], env=environment, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0 and result.stdout.startswith("sumidero "), result


def acknowledged(program, after=0):
    """Bytes of the newest answer that the program said are stored."""
    chunks = [line.split() for line in list(program.lines)[after:] if line.startswith("chunk ")]
    return int(chunks[-1][2]) if chunks else 0


def ask_and_be_killed(folder, home, model):
    """What is stored after the blow, or nothing if the second answer was over before it fell: how long it gets is the model's choice."""
    with Program(folder, home, "--model", model, "--acknowledge") as program:
        program.window()
        program.type(FIRST)
        # What is typed is in the file before it is sent.
        wait_until("the draft in the file", lambda: home.database.exists() and home.query("SELECT content FROM draft") == [(FIRST,)])
        program.key("Return")
        finished = program.wait_for("finished")
        (_, _, question), (role, state, answer) = home.messages()
        assert question == FIRST, question
        assert (role, state) == ("assistant", "done") and answer, (role, state, answer)
        assert acknowledged(program) == len(answer.encode()), (acknowledged(program), answer)

        program.type(SECOND)
        program.key("Return")
        program.wait_for("chunk", after=finished)
        program.kill()
        bytes_said = acknowledged(program, after=finished)
    stored = home.messages()
    assert stored[2][2] == SECOND, stored[2:]
    assert len(stored[3][2].encode()) >= bytes_said, (bytes_said, stored[3])
    assert home.query("PRAGMA integrity_check") == [("ok",)]
    return stored if stored[3][1] == "streaming" else None


def see_it_again(folder, home, model, stored):
    picture = home.path / "again.png"
    with Program(folder, home, "--model", model, "--screenshot", str(picture), "--quit") as program:
        assert program.wait() == 0, program.errors
    again = home.messages()
    assert [message[2] for message in again] == [message[2] for message in stored]
    assert again[3][1] == "interrupted", again[3]
    assert picture.stat().st_size > 20_000, "an empty picture"
    for suffix in ["", "-wal"]:
        path = pathlib.Path(str(home.database) + suffix)
        assert not path.exists() or path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"


def live_die_and_live_again(folder, display, model):
    """Whether the blow fell in the middle of an answer."""
    with Home(display) as home:
        stored = ask_and_be_killed(folder, home, model)
        if stored:
            see_it_again(folder, home, model, stored)
        return bool(stored)


def main():
    folder = pathlib.Path(sys.argv[1])
    if not (folder / "sumidero").exists():
        skip("the desktop program is not built")
    check_no_display(folder)
    need("Xvfb", "xdotool")
    model = find_model()
    with Display() as display:
        tries = next((n for n in range(1, 21) if live_die_and_live_again(folder, display, model)), None)
    assert tries, "no answer lasted long enough to be cut off, twenty times"
    print(f"end to end: typed, answered, killed in the middle of an answer (attempt {tries}), seen again")


if __name__ == "__main__":
    main()
