#!/usr/bin/env python3
"""How installer/run comes to the part for NVIDIA cards: asked for, offered where a card is seen, or left out where the compiler cannot be had; and
how tests/run does: in CI. The package manager, the build, the model and the machine's devices are stand-ins."""
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STAND_INS = {
    "dpkg-query": "echo install ok installed",
    "cmake": 'echo "$*" >>commands; mkdir -p build/release/bin; [ "$1" = --build ] || touch build/release/build.ninja',
    "nvcc": "echo release 13.0",
    "xvfb-run": "true",
    # Asked whether one of the machine's devices is NVIDIA's.
    "grep": 'case "$*" in *0x10de*) [ "$HAS_CARD" = yes ] ;; *) exec /usr/bin/grep "$@" ;; esac',
}
OFFER = "There is an NVIDIA card here"
BUILT = "NVIDIA's compiler: "
WITHOUT = "Going on without the part for NVIDIA cards."


def write_script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


class Tree:
    """A tree of which only the installer and tests/run are real."""

    def __init__(self, place, name):
        self.place = place / name
        shutil.copytree(ROOT / "installer", self.place / "installer")
        (self.place / "tests").mkdir()
        for name in ("run", "packages.txt"):
            shutil.copy(ROOT / "tests" / name, self.place / "tests")
        write_script(self.place / "installer/fetch-model", "echo model.gguf")
        (self.place / "commands").touch()
        (self.place / "bin").mkdir()
        for command, text in STAND_INS.items():
            write_script(self.place / "bin" / command, text)

    def environment(self):
        return {**os.environ, "PATH": f"{self.place / 'bin'}:{os.environ['PATH']}"}

    def run(self, *options, has_card, answer=None):
        environment = {**self.environment(), "HAS_CARD": "yes" if has_card else "no"}
        command = [self.place / "installer/run", "--no-start", *options]
        if answer is None:
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        else: # somebody sits at a terminal
            keyboard, terminal = pty.openpty()
            os.write(keyboard, answer.encode())
            done = subprocess.run(command, env=environment, stdin=terminal, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "Ready: " in done.stdout, done
        assert "--build build/release" in (self.place / "commands").read_text(), done
        return done.stdout + done.stderr

    def test(self, fetch, **environment):
        """What tests/run says, and what it did, where installer/fetch-cuda-compiler does this."""
        write_script(self.place / "installer/fetch-cuda-compiler", f"echo fetch >>commands; {fetch}")
        done = subprocess.run([self.place / "tests/run"], env={**self.environment(), **environment}, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        return done.stdout + done.stderr, (self.place / "commands").read_text().split()


def main():
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        if not pathlib.Path("/proc/driver/nvidia/version").exists():
            said = Tree(place, "no-card").run(has_card=False)
            assert OFFER not in said and BUILT not in said, said
        asked = Tree(place, "asked").run("--cuda", has_card=False)
        assert BUILT in asked and OFFER not in asked, asked
        seen = Tree(place, "seen").run(has_card=True)
        assert OFFER in seen and "installer/run --cuda" in seen and BUILT not in seen, seen
        terminal = Tree(place, "yes")
        accepted = terminal.run(has_card=True, answer="y\n")
        assert OFFER in accepted and BUILT in accepted, accepted
        refusing = Tree(place, "no")
        refused = refusing.run(has_card=True, answer="\n")
        assert OFFER in refused and BUILT not in refused, refused
        later = refusing.run(has_card=True, answer="") # the second time nobody is asked
        assert "installer/run --cuda" in later and BUILT not in later, later
        without = Tree(place, "without")
        write_script(without.place / "installer/fetch-cuda-compiler", "echo It could not be fetched. >&2; exit 1")
        failed = without.run("--cuda", has_card=True)
        assert WITHOUT in failed and BUILT not in failed, failed
        said, did = Tree(place, "laptop").test("true", CI="")
        assert "fetch" not in did and WITHOUT not in said, (said, did)
        said, did = Tree(place, "ci").test("echo nvcc", CI="true")
        assert did[:2] == ["fetch", "--preset"] and WITHOUT not in said, (said, did)
        said, did = Tree(place, "ci-without").test("exit 1", CI="true")
        assert did[:2] == ["fetch", "--preset"] and WITHOUT in said, (said, did)
    print("installer, NVIDIA cards: ok")


if __name__ == "__main__":
    main()
