#!/usr/bin/env python3
"""A chat of 3,000 generated tokens through the real window whose memory is small enough to roll: resident memory and time per token stay
flat and nothing is read twice. Takes minutes, so it is not part of tests/run.
    tests/scripts/long_chat.py FOLDER_OF_PROGRAMS [--tokens N] [--window N] [--screenshot FILE] [--text FILE]"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import time

from desktop import Display, Home, Program, find_model, need

QUESTIONS = ["Explain at length how a lighthouse works, from the lamp to the lens.",
             "Write a Python class that keeps a list of ships in a harbour, with a few tests.",
             "Now explain that code line by line.",
             "Make a table of ten countries: name, capital, and one sentence about each.",
             "How does a boat sail against the wind? Explain it step by step.",
             "Write a shell script that makes a backup of a folder every night, and explain it."]
ENOUGH = 3000 # questions, each with an answer of one token at least; the run ends by tokens


def generated(home, program):
    """Tokens of the answers that are done and, in pieces of 8, of the one that is being written."""
    if not home.database.exists():
        return 0
    done = home.query("SELECT coalesce(sum(tokens), 0) FROM message WHERE role = 'assistant' AND state = 'done'")[0][0]
    last = program.lines[-1].split() if program.lines else [""]
    return done + (8 * int(last[1]) if last[0] == "chunk" else 0)


def run(arguments, home, model):
    said = []
    for number in range(ENOUGH):
        said += ["--say", QUESTIONS[number % len(QUESTIONS)]]
    with Program(arguments.folder, home, "--model", model, "--acknowledge", *said) as program:
        samples, tokens, start = [], 0, time.monotonic()
        while tokens < arguments.tokens:
            if program.process.poll() is not None:
                sys.exit(f"the program ended: {program.errors}")
            time.sleep(0.5)
            tokens = generated(home, program)
            samples.append((time.monotonic() - start, tokens, program.memory()))
        if arguments.screenshot:
            subprocess.run(["import", "-window", "root", arguments.screenshot], env=home.environment, check=True)
        program.end()
    return samples


def report(samples, home):
    whole = samples[-1][1]
    print(f"{'tokens':>8} {'RSS MB':>8} {'ms/token':>9}")
    slices = []
    for part in range(10):
        inside = [s for s in samples if part * whole / 10 <= s[1] <= (part + 1) * whole / 10]
        if len(inside) < 2 or inside[-1][1] == inside[0][1]:
            continue
        pace = (inside[-1][0] - inside[0][0]) / (inside[-1][1] - inside[0][1]) * 1000
        memory = max(s[2] for s in inside) / 1e6
        slices.append((memory, pace))
        print(f"{inside[-1][1]:8} {memory:8.1f} {pace:9.2f}")
    rolled = home.query("SELECT count(*), sum(json_extract(details, '$.tokens')) FROM event WHERE kind = 'evicted'")[0]
    generated, answers = home.query("SELECT sum(tokens), count(*) FROM message WHERE role = 'assistant' AND state = 'done'")[0]
    print(f"{answers} answers done, {generated} tokens in them; {rolled[1]} tokens forgotten in {rolled[0]} answers")
    early, late = slices[1], slices[-1]
    print(f"memory {early[0]:.1f} -> {late[0]:.1f} MB; median pace {statistics.median(p for _, p in slices):.2f} ms/token, "
          f"last tenth {late[1]:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--tokens", type=int, default=3000)
    parser.add_argument("--window", type=int, default=380)
    parser.add_argument("--screenshot")
    parser.add_argument("--text", help="write the whole chat there, to be read")
    arguments = parser.parse_args()
    need("Xvfb")
    model = find_model()
    with Display() as display, Home(display) as home:
        with Program(arguments.folder, home, "--model", model, "--quit") as program: # makes the file
            assert program.wait() == 0, program.errors
        home.change_settings(cache__window=arguments.window, sampling__seed=1)
        report(run(arguments, home, model), home)
        if arguments.text:
            text = "\n\n".join(f"## {role}\n{text}" for role, _, text in home.messages())
            pathlib.Path(arguments.text).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
