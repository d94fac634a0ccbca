#!/usr/bin/env python3
"""Plants known mistakes in a copy of the tree, one after the other, and demands that a test turns red for each.

    try_mutations.py [--folder build/mutations] [--jobs N] [--only WORDS] [--list]

The mistakes stand in mutations.py. The copy and its build folder are kept, so that a second run compiles little. Each mistake is a
replacement that has to match exactly once; one that matches never or twice ends the run as an error, because it no longer means what
it says. Takes minutes and is not part of tests/run. Exit status 1 when a mistake survives, 2 when a mistake cannot be planted, does
not compile, or a test fails without any."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from mutations import MUTATIONS

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIMEOUT = 60


def fail(sentence):
    print(f"try_mutations: {sentence}", file=sys.stderr)
    sys.exit(2)


def copy_tree(target):
    """Brings the copy up to date with the working tree; files that did not change keep their time, so that nothing is compiled twice."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True,
                           text=True).stdout.split("\0")
    wanted = {name for name in names if name and (ROOT / name).is_file()}
    for name in wanted:
        source, copy = ROOT / name, target / name
        content = source.read_bytes()
        if copy.is_file() and copy.read_bytes() == content:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    for path in list(target.rglob("*")):
        name = path.relative_to(target).as_posix()
        if path.is_file() and name not in wanted and not name.startswith("build/"):
            path.unlink()


class Tree:
    def __init__(self, folder, jobs):
        self.source, self.build, self.jobs = folder, folder / "build", jobs
        copy_tree(self.source)
        self.run(["cmake", "-G", "Ninja", "-S", str(self.source), "-B", str(self.build), "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                  "-DSUMIDERO_ASSERTS=ON"], "cmake")

    @staticmethod
    def run(command, what):
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            print((done.stdout + done.stderr)[-3000:], file=sys.stderr)
            fail(f"{what} failed")

    def make(self, programs, what):
        self.run(["ninja", "-C", str(self.build), f"-j{self.jobs}", *sorted(programs)], what)

    def red(self, program, chosen):
        """Names of the tests that fail; a crash or a hang counts as one."""
        command = [str(self.build / "tests" / program)]
        if chosen:
            command.append(f"--gtest_filter={chosen}" if program.endswith("_tests") else chosen)
        environment = dict(os.environ, QT_QPA_PLATFORM="offscreen")
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, env=environment)
        except subprocess.TimeoutExpired:
            return [f"{program} (hangs)"]
        names = re.findall(r"^\[  FAILED  \] ([\w/.]+)", done.stdout, re.M) or re.findall(r"^FAIL!  : (\S+?)\(", done.stdout, re.M)
        if done.returncode != 0 and not names:
            names = [f"{program} (ends with status {done.returncode})"]
        return list(dict.fromkeys(names))


def plant(path, mutation):
    text = path.read_text(encoding="utf-8")
    found = text.count(mutation.old)
    if found != 1:
        fail(f'"{mutation.name}" matches {found} times in {mutation.file}: it has to be written anew')
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "mutations")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="only mistakes whose kind or name has these words")
    parser.add_argument("--list", action="store_true", help="only check that every replacement matches once")
    options = parser.parse_args()
    chosen = [m for m in MUTATIONS if options.only in f"{m.kind}: {m.name}"]
    for mutation in chosen:
        text = (ROOT / mutation.file).read_text(encoding="utf-8")
        if text.count(mutation.old) != 1:
            fail(f'"{mutation.name}" matches {text.count(mutation.old)} times in {mutation.file}: it has to be written anew')
    if options.list:
        for mutation in chosen:
            print(f"{mutation.kind:14}{mutation.name:50}{mutation.file}")
        return 0
    options.folder.mkdir(parents=True, exist_ok=True)
    tree = Tree(options.folder.resolve(), options.jobs)
    tests = {test for mutation in chosen for test in mutation.tests}
    tree.make({program for program, _ in tests}, "the tree as it is")
    for program, only in sorted(tests, key=str):
        if red := tree.red(program, only):
            fail(f"{', '.join(red)} without any mistake planted")
    survivors = 0
    for mutation in chosen:
        begin = time.monotonic()
        path = tree.source / mutation.file
        original = plant(path, mutation)
        try:
            tree.make({program for program, _ in mutation.tests}, f'building with "{mutation.name}"')
            red = [name for program, only in mutation.tests for name in tree.red(program, only)]
        finally:
            path.write_text(original, encoding="utf-8")
        survivors += not red
        verdict = f"{len(red)} red, {red[0]}" if red else "SURVIVES"
        print(f"{mutation.kind:14}{mutation.name:50}{verdict}  ({time.monotonic() - begin:.0f} s)", flush=True)
    print(f"try_mutations: {len(chosen) - survivors} of {len(chosen)} mistakes are noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
