"""The table that tests/gpu/run writes, and what runs the programs for it, within the time there is."""
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REVISION = "REVISION"  # a file that tells it where there is no repository
SKIPPED = "skipped: "


def say(text):
    print(text, file=sys.stderr, flush=True)


def ask_nvidia(*what):
    """What NVIDIA's driver says of each card: a list of answers for each of them."""
    if not shutil.which("nvidia-smi"):
        return []
    done = subprocess.run(["nvidia-smi", f"--query-gpu={','.join(what)}", "--format=csv,noheader"], capture_output=True, text=True)
    return [[answer.strip() for answer in line.split(",")] for line in done.stdout.splitlines()] if done.returncode == 0 else []


def is_packed():
    """Whether this is a pack of built programs and not a tree of sources."""
    return (ROOT / REVISION).exists()


def revision():
    if is_packed():
        return (ROOT / REVISION).read_text()
    if not shutil.which("git"):
        return "unknown"
    return subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip() or "unknown"


class Report:
    def __init__(self, build, is_dry, path):
        self.build = build
        self.is_dry = is_dry  # there is no card
        self.path = path  # of the table
        self.sections = [("What was used", [])]
        self.failed = False
        self.skipped = 0
        self.minutes = 0
        self.began = time.monotonic()

    def begin(self, device, minutes):
        """From now on the card is used, for so many minutes; 0: as long as it takes."""
        self.minutes = minutes
        self.began = time.monotonic()
        self.device = device
        say(f"Device: {device['title']}")
        memory = f", {device['memory_bytes'] / 1e9:.1f} GB" if device["memory_bytes"] else ""
        self.row("device", f"{device['title']} ({device['name']}), {device['features']}{memory}")
        self.row("host", f"{cpu_name()}, {platform.system()} {platform.release()}")
        self.row("program", revision())
        for card in ask_nvidia("name", "driver_version", "power.limit", "clocks.max.sm", "clocks.max.memory"):
            self.row("NVIDIA's driver says", "{}, driver {}, up to {}, cores {}, memory {}".format(*card))

    def seconds_left(self):
        return max(0.0, 60 * self.minutes - (time.monotonic() - self.began)) if self.minutes else None

    def has_time(self, what, seconds):
        """Whether something that takes about so long should begin; the table says what was left out."""
        left = self.seconds_left()
        if left is None or left > seconds:
            return True
        self.skip(what, f"it takes about {seconds} s, and {left:.0f} s of {self.minutes:g} minutes were left")
        return False

    def section(self, title):
        self.save()  # whatever ends the script, the table tells what there was until then
        self.sections.append((title, []))

    def row(self, what, result):
        self.sections[-1][1].append((what, result))
        say(f"  {what}: {result}")

    def skip(self, what, why):
        self.skipped += 1
        self.row(what, SKIPPED + why)

    def verdict(self, what, good, result):
        self.failed |= not good
        self.row(what, ("" if good else "**FAILED**: ") + result)

    def finish(self, command, environment=None, timeout=None, **settings):
        """Runs a command to its end. None, and a row, when the time for it is over."""
        limits = [limit for limit in (timeout, self.seconds_left()) if limit is not None]
        try:
            return subprocess.run([str(word) for word in command], env={**os.environ, **(environment or {})}, text=True,
                                  timeout=min(limits) if limits else None, **settings)
        except subprocess.TimeoutExpired as over:
            self.skip(f"`{pathlib.Path(str(command[0])).name}`", f"it was stopped after {over.timeout:.0f} s")
            return None

    def run(self, program, *arguments, environment=None):
        """Its standard output; None when it failed or took too long, which the table then says."""
        done = self.finish([self.build / program, *arguments], environment, stdout=subprocess.PIPE)
        if done is not None and done.returncode != 0:
            self.verdict(f"`{pathlib.Path(program).name} {' '.join(map(str, arguments))}`", False, f"ended with {done.returncode}")
        return done.stdout if done is not None and done.returncode == 0 else None

    def cli_json(self, *arguments, environment=None):
        output = self.run("bin/sumidero-cli", *arguments, "--json", environment=environment)
        return json.loads(output) if output else None

    def save(self):
        lines = ["# Dry run: no card was used, every figure is the processor's" if self.is_dry else f"# {self.device['title']}", ""]
        for title, rows in self.sections:
            lines += [f"## {title}", "", "| | |", "| --- | --- |", *(f"| {what} | {result} |" for what, result in rows), ""]
        lines.append(f"Made by `tests/gpu/run` in {(time.monotonic() - self.began) / 60:.0f} minutes; {self.skipped} things were skipped.")
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return lines

    def publish(self):
        print("\n".join(self.save()))
        say(f"The table is in {self.path}." + (" Something failed." if self.failed else ""))


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()
