#!/usr/bin/env python3
"""`sumidero-cli sinks` on the real model: the numbers agree with each other, with the table of weights and with the recording.

usage: test_sinks.py FOLDER_OF_PROGRAMS. Exit status 77, a skip, without the model or the program."""
import csv
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
SINKS, WINDOW, FROM, TOKENS = 4, 60, 80, 100
STORY = pathlib.Path(__file__).resolve().parent.parent.parent / "resources/texts/story.txt"
HEAD = struct.Struct("<QqqIiii")


def model_path():
    named = os.environ.get("SUMIDERO_TEST_MODEL")
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    path = pathlib.Path(named) if named else pathlib.Path(data) / "sumidero/models" / MODEL
    return path if path.is_file() else None


def rows_of(table):
    """{(layer, head): {slot: weight}} of the table, whose lines are all of the last token."""
    rows = {}
    with open(table, newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            assert int(line["t"]) == TOKENS - 2, line
            place = int(line["stream_pos"])
            assert place < SINKS or TOKENS - 2 - WINDOW <= place <= TOKENS - 2, line
            rows.setdefault((int(line["layer"]), int(line["head"])), {})[place] = float(line["weight"])
    return rows


def records_of(path):
    with open(path, "rb") as file:
        head = json.loads(file.readline())
        file.seek(head["header_bytes"])
        data = file.read()
    size = head["dtype"]["itemsize"]
    assert len(data) % size == 0
    return head, [data[at:at + size] for at in range(0, len(data), size)]


def main():
    program, model = pathlib.Path(sys.argv[1]) / "sumidero-cli", model_path()
    if model is None or not program.is_file():
        print("SKIP: the model or the program is not there")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        table, recording, heads = (str(pathlib.Path(folder) / name) for name in ("rows.csv", "all.attention", "heads.csv"))
        done = subprocess.run(
            [program, "sinks", "--model", model, "--text-file", STORY, "--sinks", str(SINKS), "--window", str(WINDOW), "--limit",
             str(TOKENS), "--from", str(FROM), "--csv", table, "--heads-csv", heads, "--record", recording, "--json"],
            check=True, capture_output=True, text=True)
        result = json.loads(done.stdout)
        rows = rows_of(table)
        head, records = records_of(recording)
        lines = pathlib.Path(heads).read_text(encoding="utf-8").splitlines()
    layers, per_layer = len(result["head_share"]), len(result["head_share"][0])
    assert len(rows) == layers * per_layer == head["layers"] * head["heads"]
    assert len(lines) == 1 + len(rows)
    for row in rows.values():
        assert len(row) == SINKS + WINDOW + 1, len(row)
        assert abs(sum(row.values()) - 1) < 1e-5, sum(row.values())
    assert result["tokens"] == len(records) == TOKENS - 1 - FROM
    shares = []
    for number, record in enumerate(records):
        found, position, oldest, _, sinks, keys, _ = HEAD.unpack_from(record)
        assert (found, position, sinks, keys) == (number, FROM + number, SINKS, SINKS + WINDOW + 1)
        weights = struct.unpack_from(f"<{len(rows) * head['columns']}e", record, HEAD.size)
        for row in range(len(rows)):
            line = weights[row * head["columns"]:(row + 1) * head["columns"]]
            assert abs(sum(line) - 1) < 1e-3, sum(line)
            shares.append(sum(line[:SINKS]))
            if number == len(records) - 1:
                of_table = rows[row // per_layer, row % per_layer]
                for column, weight in enumerate(line):
                    place = column if column < SINKS else oldest + column - SINKS
                    assert abs(weight - of_table[place]) <= of_table[place] / 1024 + 1e-7
    assert abs(sum(shares) / len(shares) - result["mean_share"]) < 1e-3
    print(f"test_sinks: {len(records)} tokens, {len(rows)} heads; sinks get {100 * result['mean_share']:.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
