#!/usr/bin/env python3
"""Checks what CUDA's assembler said of each kernel: no register may be spilled, and nothing may lie in a thread's stack.
check_ptxas.py LOG   (without: CUDA was left out of this build)"""
import re
import sys

FUNCTION = re.compile(r"Compiling entry function '(\w+)' for '(\w+)'")
NUMBERS = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")


def main():
    if len(sys.argv) < 2:
        print("check_ptxas: skipped: CUDA was left out of this build (it needs nvcc 13)")
        return 77
    with open(sys.argv[1], encoding="utf-8") as log:
        text = log.read()
    kernel, seen, problems = None, 0, 0
    for line in text.splitlines():
        if match := FUNCTION.search(line):
            kernel = f"{match.group(1)} ({match.group(2)})"
        elif match := NUMBERS.search(line):
            seen += 1
            if any(int(number) for number in match.groups()):
                print(f"{kernel}: {line.strip()}")
                problems += 1
    print(f"check_ptxas: {seen} kernels, {problems} that need more than registers")
    return 1 if problems or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
