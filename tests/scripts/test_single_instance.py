#!/usr/bin/env python3
"""One program for one file of chats (R9): of 20 parallel starts one stays and the others end well; another file is another program; after
kill -9 the next start works. Argument: the folder of the built programs. Needs neither a display nor a model."""
import pathlib
import sys

from desktop import Home, Program, skip, wait_until


def main():
    folder = pathlib.Path(sys.argv[1])
    if not (folder / "sumidero").exists():
        skip("the desktop program is not built")
    with Home() as home, Home() as other:
        programs = [Program(folder, home) for _ in range(20)]
        try:
            wait_until("all but one have ended", lambda: sum(p.process.poll() is None for p in programs) <= 1, 90)
            running = [p for p in programs if p.process.poll() is None]
            assert len(running) == 1, "nobody stayed"
            ended = [p.process.returncode for p in programs if p not in running]
            assert ended == [0] * 19, (ended, [p.errors for p in programs])

            with Program(folder, other) as elsewhere:
                wait_until("the other file", other.database.exists)
                assert elsewhere.process.poll() is None
                assert elsewhere.end() == 0

            running[0].kill() # its lock stays behind
            with Program(folder, home) as next_one, Program(folder, home) as late:
                survivors = wait_until("one of two", lambda: [p for p in (next_one, late) if p.process.poll() is None]
                                       if None in (next_one.process.poll(), late.process.poll())
                                       and {next_one.process.poll(), late.process.poll()} != {None} else None, 60)
                assert len(survivors) == 1
                assert survivors[0].end() == 0
        finally:
            for program in programs:
                program.__exit__()
    print("single instance: 1 of 20 stayed; another file is another program; a stale lock is taken over")


if __name__ == "__main__":
    main()
