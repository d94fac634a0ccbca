#!/usr/bin/env python3
"""What the command line does with absurd numbers, output that cannot be written, hostile model files, Ctrl+C and a full memory. Argument:
the folder of the built programs."""
import json
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time

from desktop import find_model, skip

U32, F32, STRING, ARRAY = 4, 6, 8, 9
PLACES = "--mode dense --sinks 0 --window 8".split()
HOSTILE = b"\x1b[2J\nline two\x9b31m\xe2\x80\xae\xff"


def text(value):
    return struct.pack("<Q", len(value)) + value


def string(value):
    return struct.pack("<I", STRING) + text(value)


def number(value):
    return struct.pack("<II", U32, value)


def strings(values):
    return struct.pack("<IIQ", ARRAY, STRING, len(values)) + b"".join(map(text, values))


def integers(values):
    return struct.pack("<IIQ", ARRAY, U32, len(values)) + struct.pack(f"<{len(values)}I", *values)


def gguf(path, keys, tensors=()):
    """A file with these keys (name, value) and tensors of one value each."""
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    header += b"".join(text(name) + value for name, value in keys)
    for index, name in enumerate(tensors):
        header += text(name) + struct.pack("<IQIQ", 1, 1, 0, 32 * index)
    path.write_bytes(header + b"\0" * (-len(header) % 32) + b"\0" * 32 * len(tensors))
    return str(path)


class Cli:
    def __init__(self, folder, home):
        self.program = str(folder / "sumidero-cli")
        self.environment = {**os.environ, "XDG_DATA_HOME": str(home), "HOME": str(home)}

    def start(self, *arguments, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([self.program, *arguments], env=self.environment, **options)

    def run(self, *arguments, **options):
        """Exit status, output, errors; a signal's number is negative."""
        process = self.start(*arguments, **options)
        out, errors = process.communicate(timeout=120)
        return process.returncode, out or b"", errors or b""

    def refused(self, *arguments):
        """The sentence of a command that must not begin."""
        status, out, errors = self.run(*arguments)
        assert status == 2 and not out, (arguments, status, out, errors)
        return errors.decode()


def check_numbers(cli, file):
    for arguments in ("bench --depth 2147483136", "bench --depth 1,-1", "bench --depth nan", "bench --repeat 0", "bench --windows 8",
                      "bench --threads 100000", "chat --threads 1.5", "chat --threads 0x10", "chat --temperature nan",
                      "chat --temperature inf", "chat --temperature 0,5", "chat --top-p 1.1", "chat --min-p -0.1", "chat --seed -1",
                      "chat --seed 18446744073709551616", "chat --max-tokens -1", "chat --window 99999999", "chat --repetition-penalty 0",
                      "perplexity --text-file x --limit -5", "perplexity --text-file x --start-position -1",
                      "perplexity --text-file x --chunk 0", "sinks --text-file x --from -1", "sinks --text-file x --limit 1e3"):
        sentence = cli.refused(*arguments.split(), "-m", file)
        assert "number from" in sentence and len(sentence) < 200, sentence
    for arguments in ("chats show 0", "chats show -3", "chats search x --limit 0", "chats export 99999999999999999999"):
        assert "number from" in cli.refused(*arguments.split()), arguments
    for sources in ((), ("--text-file", "x", "--token-file", "y")):
        assert "Exactly one of --text-file and --token-file" in cli.refused("perplexity", "-m", file, *sources)
    for command in ("bench", "chat"):
        assert "f8 is none of: f32, f16, q8_0." in cli.refused(command, "--kv", "f8", "-m", file)
    assert "none of: dense, window, streaming, recompute." in cli.refused("chat", "--mode", "sparse", "-m", file)
    assert "none of: markdown, json, text." in cli.refused("chats", "export", "1", "--format", "pdf")


def check_output(cli, model, file, home):
    database = str(home / "chats.db")
    commands = [("--help",), ("inspect", "--model", file), ("inspect", "--json", "--model", file), ("chats", "--help"),
                ("chats", "list", "--json", "--database", database)]
    if model:
        words = home / "words.txt"
        words.write_text("one two three four")
        commands += [("chat", "-m", model, "-p", "Hi", "--max-tokens", "2"), ("chat", "-m", model, "-p", "Hi", "--max-tokens", "2", "--json"),
                     ("tokenize", "--model", model, "--text-file", str(words)),
                     ("perplexity", "-m", model, "--text-file", str(words)), ("sinks", "-m", model, "--text-file", str(words)),
                     ("bench", "-m", model, "--depth", "0", "--repeat", "1", "--threads", "1")]
    for command in commands:
        with open("/dev/full", "wb") as full:
            status, _, errors = cli.run(*command, stdout=full)
        if command[:2] == ("chats", "list") and b"no chats" in errors:
            continue
        assert status == 1 and b"could not be written" in errors, (command, status, errors)
    status, out, _ = cli.run("inspect", "--model", file)
    assert status == 0 and out


def printable(out):
    shown = out.decode("utf-8")  # valid, too
    bad = [c for c in shown if (c < " " and c != "\n") or "\x7f" <= c < "\xa0" or "\u2028" <= c <= "\u202e"]
    assert not bad, (bad, shown[:400])
    return shown


def check_foreign_text(cli, home):
    long = b"x" * 60000
    keys = [("general.architecture", string(b"klingon" + HOSTILE)), ("general.name", string(HOSTILE + long)), ("key" + "\x1b[1m", string(HOSTILE)),
            ("long", string(long)), ("list", strings([HOSTILE] * 3)), ("tokenizer.chat_template", string(HOSTILE))]
    keys = [(name.encode(), value) for name, value in keys] + [(HOSTILE + b"key", number(1)), (long, number(1))]
    file = gguf(home / "model.gguf", keys, [b"tensor" + HOSTILE, long])
    status, out, errors = cli.run("inspect", "--model", file)
    shown = printable(out)
    assert status == 0 and not errors and len(shown) < 5000, (status, errors, len(shown))
    assert "<U+001B>[2J<U+000A>line two" in shown, shown
    status, out, errors = cli.run("inspect", "--json", "--model", file)
    assert status == 0 and not errors
    assert json.loads(printable(out))["metadata"]["list"][0].startswith("\x1b[2J\nline two")
    for command in (("tokenize", "--model", file, "--text-file", file), ("chat", "-m", file, "-p", "x")):
        status, out, errors = cli.run(*command)
        assert status == 1 and not out and len(errors) < 1000 and errors.count(b"\n") == 1, (status, errors)
        printable(errors)
    twice = gguf(home / "twice.gguf", [(HOSTILE + long, number(1))] * 2)
    status, out, errors = cli.run("inspect", "--model", twice)
    assert status == 1 and len(errors) < 1000 and errors.count(b"\n") == 1, errors
    assert "occurs twice" in printable(errors), errors
    return file


def cost(cli, *arguments):
    """Processor time in seconds and the most memory in MB."""
    process = cli.start(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def vocabulary(tokens, kind):
    return [(b"tokenizer.ggml.model", string(kind)), (b"tokenizer.ggml.pre", string(b"gpt-2")), (b"tokenizer.ggml.tokens", strings(tokens)),
            (b"tokenizer.ggml.token_type", integers([4] * len(tokens))), (b"tokenizer.ggml.merges", strings([])),
            (b"tokenizer.ggml.scores", struct.pack("<IIQ", ARRAY, F32, len(tokens)) + b"\0" * 4 * len(tokens))]


def check_cost(cli, home):
    """Several times what was measured on a busy machine, and far less than what grows with the square takes."""
    templates = {"opens": b"<|im_start|>system\n" * 20000, "breaks": b"<|im_start|>" + b"\\n" * 400000,
                 "ends": b"<|im_start|>system\n" * 20000 + b"{{}}<|im_end|>"}
    for name, template in templates.items():
        file = gguf(home / f"{name}.gguf", [(b"tokenizer.chat_template", string(template))])
        seconds, _ = cost(cli, "inspect", "--model", file)
        assert seconds < 2, f"a template of {len(template)} bytes ({name}) took {seconds:.1f} s"
    file = gguf(home / "keys.gguf", [(b"key%d" % i, number(i)) for i in range(60000)])
    seconds, memory = cost(cli, "inspect", "--model", file)
    assert seconds < 3 and memory < 250, f"60,000 keys took {seconds:.1f} s and {memory:.0f} MB"
    import random
    rng = random.Random(1)
    tokens = [rng.randbytes(250).replace(b"\0", b"a") for _ in range(40000)]
    words = home / "words.txt"
    words.write_text("abc")
    for kind in (b"gpt2", b"llama"):
        file = gguf(home / f"tokens_{kind.decode()}.gguf", vocabulary(tokens, kind))
        seconds, memory = cost(cli, "tokenize", "--model", file, "--text-file", str(words))
        assert seconds < 6 and memory < 400, f"10 MB of tokens ({kind.decode()}) took {seconds:.1f} s and {memory:.0f} MB"


def check_token_files(cli, model, home):
    """The ids of a text give what the text gives, with seven digits; a list that makes no sense is one sentence."""
    words, ids, losses = home / "words.txt", home / "ids.json", home / "losses.csv"
    words.write_text("The sea was calm, and nobody in the harbour looked at it.")
    status, out, errors = cli.run("tokenize", "--model", model, "--text-file", str(words))
    assert status == 0, errors
    ids.write_bytes(out)
    answers = []
    for source in (("--text-file", str(words)), ("--token-file", str(ids))):
        status, out, errors = cli.run("perplexity", "-m", model, *source, "--json", "--nll-out", str(losses))
        assert status == 0, errors
        rows = losses.read_text().splitlines()
        answers.append((json.loads(out)["nll_mean"], rows))
        assert len(rows) == len(json.loads(ids.read_text())) and rows[0] == "position,nll"
        digits = [row.split(",")[1].replace(".", "").lstrip("0") for row in rows[1:]]
        assert max(map(len, digits)) == 7, digits
    assert answers[0] == answers[1], answers
    status, out, errors = cli.run("perplexity", "-m", model, "--token-file", str(ids), "--limit", "4", "--json")
    assert status == 0 and json.loads(out)["tokens"] == 3, (out, errors)
    for content, sentence in (("", "JSON list"), ("1 2 3", "JSON list"), ('{"ids": [1, 2]}', "JSON list"), ("[1, 2.5]", "Token 2 of"),
                              ('[1, "2"]', "not a whole number"), ("[1, -1]", "is -1"), ("[1, 2, 99999999]", "ids end at"),
                              ("[1, 18446744073709551615]", "ids end at"), ("[1]", "less than two tokens"), ("[]", "less than two tokens")):
        ids.write_text(content)
        status, out, errors = cli.run("perplexity", "-m", model, "--token-file", str(ids))
        assert status == 1 and not out and errors.count(b"\n") == 1 and sentence in errors.decode(), (content, status, out, errors)
    status, _, errors = cli.run("perplexity", "-m", model, "--token-file", str(home / "nowhere.json"))
    assert status == 1 and b"cannot be read" in errors, errors


def check_interrupts(cli, model):
    question = b"word " * 40000 + b"\n"
    for arguments, wanted in ((("--json",), b'"stopped"'), ((), b"")):
        process = cli.start("chat", "-m", model, "--window", "8000", *arguments, stdin=subprocess.PIPE)
        process.stdin.write(question)
        process.stdin.flush()
        time.sleep(1.5)  # it reads what fits
        assert process.poll() is None
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
        seconds = time.monotonic() - begin
        assert process.returncode == 130 and wanted in out, (process.returncode, out, errors)
        assert seconds < 5, f"Ctrl+C took {seconds:.1f} s while a question was read"
    for command in (("bench", "-m", model, "--depth", "100000"), ("chat", "-m", model)):
        process = cli.start(*command, stdin=subprocess.PIPE)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == -signal.SIGINT, process.returncode
        process.communicate()


def check_full_memory(cli, model):
    status, out, errors = cli.run("chat", "-m", model, *PLACES, "-p", "What is a sink for?")
    assert status == 1 and b"memory of 8 tokens is full, so there is no answer" in errors, (status, out, errors)
    status, out, errors = cli.run("chat", "-m", model, "--mode", "dense", "--window", "64", "--temperature", "0", "-p", "Tell me a long story.")
    assert status == 1 and out.strip() and b"so the answer ends here" in errors, (status, out, errors)


def check_notices(cli, home):
    """What a store says is said once."""
    import sqlite3
    path = home / "newer.db"
    now = "2025-01-01T10:00:00.000Z"
    file = home / "chat.json"
    file.write_text(json.dumps({
        "format": "sumidero-chat", "version": 1, "title": "A \x1b[2J title\nof two lines", "system_prompt": "", "created": now, "updated": now,
        "active_leaf": 1, "messages": [{"id": 1, "parent": None, "role": "user", "state": "done", "created": now, "text": "Hello \x1b[31m"}]}))
    status, _, errors = cli.run("chats", "import", str(file), "--database", str(path))
    assert status == 0, errors
    for command in (("list",), ("show", "1"), ("search", "Hello"), ("list", "--json"), ("show", "1", "--json")):
        status, out, errors = cli.run("chats", *command, "--database", str(path))
        assert status == 0 and out, errors
        printable(out)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9999")
    connection.commit()
    connection.close()
    status, out, errors = cli.run("chats", "import", str(file), "--database", str(path))
    assert status == 1 and errors.count(b"newer Sumidero") == 1, (status, out, errors)
    status, out, errors = cli.run("chats", "list", "--database", str(path))
    assert status == 0 and errors.count(b"newer Sumidero") == 1, (status, out, errors)


def check_shrinking(cli, model, home):
    """A model that is cut while it is read is a sentence or, if the blow came late, an answer."""
    content = pathlib.Path(model).read_bytes()
    copy = home / "shrinking.gguf"
    for delay in (0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2):
        copy.write_bytes(content)
        process = cli.start("chat", "-m", str(copy), "-p", "Hi", "--max-tokens", "1")
        time.sleep(delay)
        os.truncate(copy, 1000)
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0 or (process.returncode == 1 and b" cannot be used: " in errors), (delay, process.returncode, errors)


def main():
    folder = pathlib.Path(sys.argv[1])
    if not (folder / "sumidero-cli").exists():
        skip("the command line is not built")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        cli = Cli(folder, home)
        file = check_foreign_text(cli, home)
        check_numbers(cli, file)
        check_cost(cli, home)
        check_notices(cli, home)
        model = None if "--without-model" in sys.argv else find_model()
        check_output(cli, model, file, home)
        check_token_files(cli, model, home)
        check_interrupts(cli, model)
        check_full_memory(cli, model)
        check_shrinking(cli, model, home)
    print("command line: numbers, output, foreign text, cost, notices, token files, Ctrl+C, a full memory, a model that shrinks")


if __name__ == "__main__":
    main()
