#!/usr/bin/env python3
"""Quitting takes a moment, whatever the program is doing, and loses nothing: while it starts, rests, reads, writes, and with what was typed
a moment before, and with a full disk. Argument: the folder of the built programs."""
import pathlib
import sys
import time

from desktop import Display, Home, Program, find_model, need, skip

SECONDS = 1.0  # twice what is promised: the machine has other things to do


def end(program, doing):
    begin = time.monotonic()
    status = program.end()
    took = time.monotonic() - begin
    assert status == 0, (doing, program.errors)
    assert took < SECONDS, f"quitting while {doing} took {took:.2f} s"
    return took


def while_it_starts(folder, model):
    times = []
    for delay in [0.3, 0.6, 1.2, 2.5]:
        with Home() as home, Program(folder, home, "--model", model) as program:
            time.sleep(delay)
            times.append(end(program, f"it starts ({delay} s)"))
    return times


def while_it_reads(folder, model):
    with Home() as home:
        question = "Tell me about the sea. " * 4000
        with Program(folder, home, "--model", model, "--say", question) as program:
            time.sleep(3)
            took = end(program, "it reads")
        assert home.messages()[0][2] == question
        assert home.messages()[1][1] == "interrupted", home.messages()[1]
    return took


def while_it_writes(folder, model):
    with Home() as home:
        with Program(folder, home, "--model", model, "--acknowledge", "--say", "Write a long story about a boat.") as program:
            program.wait_for("chunk 3")
            took = end(program, "it writes")
            stored = max(int(line.split()[2]) for line in program.lines if line.startswith("chunk"))
        _, (role, state, answer) = home.messages()
        assert role == "assistant" and len(answer.encode()) >= stored, (stored, answer)
        assert state in ("interrupted", "done"), state
    return took


def on_a_full_disk(folder, model):
    """Nobody can answer a question then; what no store took is in a file, which is small."""
    question = "Where is my boat?"
    with Home() as home:
        with Program(folder, home, "--model", model, "--acknowledge", "--say", question, largest_file=8192) as program:
            program.wait_for("writing")
            took = end(program, "the disk is full")
        rescued = [path.read_text() for path in home.path.rglob("sumidero-unsaved-*.md")]
        assert len(rescued) == 1 and question in rescued[0], (rescued, program.errors)
    return took


def with_a_draft(folder, model, display):
    with Home(display) as home:
        with Program(folder, home, "--model", model) as program:
            program.type("half a thought")
            took = end(program, "something was just typed")
        assert home.query("SELECT content FROM draft") == [("half a thought",)], home.query("SELECT * FROM draft")
    return took


def main():
    folder = pathlib.Path(sys.argv[1])
    if not (folder / "sumidero").exists():
        skip("the desktop program is not built")
    need("Xvfb", "xdotool")
    model = find_model()
    times = while_it_starts(folder, model) + [while_it_reads(folder, model), while_it_writes(folder, model), on_a_full_disk(folder, model)]
    with Display() as display:
        times.append(with_a_draft(folder, model, display))
    print("quitting took " + ", ".join(f"{took:.2f}" for took in times) + " s; nothing was lost")


if __name__ == "__main__":
    main()
