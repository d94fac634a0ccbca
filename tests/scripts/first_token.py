#!/usr/bin/env python3
"""How long it takes from pressing Enter in the real window to the first token of the answer to a short question, the system block being in
the cache. The time includes that of the tool that presses the key, which is measured alone beside it. Not part of tests/run.
    tests/scripts/first_token.py FOLDER_OF_PROGRAMS"""
import statistics
import sys
import time

from desktop import Display, Home, Program, find_model, need

QUESTIONS = ["What is a sink?", "And what is a river?", "Who are you?", "What is two and two?", "Name a colour.", "Is it late?", "Why?"]


def press(program, key):
    """Seconds that the tool took."""
    start = time.monotonic()
    program.press(key)
    return time.monotonic() - start


def main():
    need("Xvfb", "xdotool")
    with Display() as display, Home(display) as home, Program(sys.argv[1], home, "--model", find_model(), "--acknowledge") as program:
        program.window()
        time.sleep(2) # the model is loaded and the system block is read
        tool = statistics.median(press(program, "Shift_L") for _ in range(9))
        times = []
        for question in QUESTIONS:
            program.type(question)
            time.sleep(0.3)
            seen, start = len(program.lines), time.monotonic()
            program.press("Return")
            while not any(line == "writing" for line in list(program.lines)[seen:]):
                time.sleep(0.001)
            times.append(time.monotonic() - start)
            program.wait_for("finished", after=seen)
    print("Enter to first token: " + ", ".join(f"{1000 * t:.0f}" for t in times) +
          f" ms (median {1000 * statistics.median(times):.0f}); pressing a key alone takes {1000 * tool:.0f}")


if __name__ == "__main__":
    main()
