#!/usr/bin/env python3
"""Takes the pictures of the README: a real chat of about 2,000 tokens in the real window, then the chat, its memory horizon and the
tabs of the Inspector, in both themes. Look at every one of them before it is committed.
    tests/scripts/take_screenshots.py FOLDER_OF_PROGRAMS [--into resources/screenshots] [--themes dark,light]
Needs Xvfb, xdotool and ImageMagick besides the model; takes some minutes."""
import argparse
import filecmp
import pathlib
import subprocess
import tempfile
import time

from desktop import Display, Home, Program, find_model, need, wait_until

SIZE = (1280, 800)
QUESTIONS = ["My boat is called Albatros, and she lies in berth 14. Please remember that.",
             "Write a long story about a harbour in winter.",
             "Make a table of five lighthouses in Europe: name, country, year of building, height in metres.",
             "List seven things to check before one goes out with a small boat, with one sentence for each.",
             "Write a long letter from the harbour master to his daughter.",
             "Write a Python function that finds the last ferry before a given time, with a short example. Then list its two weak points."]
TABS = {"heads": 1002, "token": 1059, "compare": 1124} # where they stand, at this size
TAB_LINE, FIRST_PRESET = 66, (1010, 145)


class Camera:
    def __init__(self, home, program, into):
        self.home, self.program, self.into = home, program, into

    def do(self, *arguments):
        subprocess.run(["xdotool", *arguments], env=self.home.environment, check=True, capture_output=True)

    def prepare(self):
        window = self.program.window()
        self.do("windowmove", window, "0", "0")
        self.do("windowsize", window, str(SIZE[0]), str(SIZE[1]))
        self.do("windowfocus", "--sync", window)
        self.rest()
        time.sleep(1)

    def rest(self):
        """The pointer where it points at nothing."""
        self.do("mousemove", str(SIZE[0] // 2), "46")

    def click(self, x, y):
        self.do("mousemove", str(x), str(y), "click", "1")
        self.rest()
        time.sleep(1)

    def shoot(self, path):
        subprocess.run(["import", "-window", "root", str(path)], env=self.home.environment, check=True)

    def keep(self, name):
        """In 256 colours: a quarter of the size, and nobody sees it."""
        with tempfile.NamedTemporaryFile(suffix=".png") as whole:
            self.shoot(whole.name)
            target = self.into / f"{name}.png"
            subprocess.run(["convert", whole.name, "-strip", "+dither", "-colors", "256", "-define", "png:compression-level=9",
                            f"PNG8:{target}"], check=True)
        print(f"{target} {target.stat().st_size // 1024} KB", flush=True)

    def wait_until_still(self, seconds=240, pause=4):
        """Until two pictures taken one after the other are the same."""
        with tempfile.TemporaryDirectory() as folder:
            last, now = pathlib.Path(folder) / "last.png", pathlib.Path(folder) / "now.png"
            end = time.monotonic() + seconds
            self.shoot(last)
            while time.monotonic() < end:
                time.sleep(pause)
                self.shoot(now)
                same = subprocess.run(["compare", "-metric", "AE", str(last), str(now), "null:"], capture_output=True, text=True)
                if filecmp.cmp(last, now, shallow=False) or same.stderr.split()[:1] == ["0"]:
                    return
                now.replace(last)


def pictures(camera, theme, program):
    done = len(QUESTIONS)
    wait_until("the last answer has begun", lambda: program.lines.count("finished") >= done - 1, 600)
    camera.prepare()
    time.sleep(6)
    camera.keep(f"chat-{theme}") # while it is written
    wait_until("all answers", lambda: program.lines.count("finished") >= done, 600)
    time.sleep(2)
    camera.do("key", "ctrl+g")
    time.sleep(1)
    camera.keep(f"horizon-{theme}")
    camera.do("key", "ctrl+End")
    for name, x in TABS.items():
        camera.click(x, TAB_LINE)
        if name == "compare":
            camera.click(*FIRST_PRESET)
            camera.wait_until_still()
        camera.keep(f"{name}-{theme}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--into", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "resources/screenshots")
    parser.add_argument("--themes", default="dark,light")
    parser.add_argument("--window", type=int, default=1000)
    arguments = parser.parse_args()
    need("Xvfb", "xdotool", "import", "convert", "compare")
    model = find_model()
    arguments.into.mkdir(parents=True, exist_ok=True)
    for theme in arguments.themes.split(","):
        with Display(f"{SIZE[0]}x{SIZE[1]}x24") as display, Home(display) as home:
            with Program(arguments.folder, home, "--model", model, "--quit") as program: # makes the file of chats
                assert program.wait() == 0, program.errors
            home.change_settings(inspector__visible="on", look__theme=theme, cache__window=arguments.window, cache__sinks=4,
                                 sampling__seed=11)
            said = [word for question in QUESTIONS for word in ("--say", question)]
            with Program(arguments.folder, home, "--model", model, "--acknowledge", *said) as program:
                pictures(Camera(home, program, arguments.into), theme, program)
                program.end()


if __name__ == "__main__":
    main()
