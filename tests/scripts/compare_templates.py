#!/usr/bin/env python3
"""Compares how the engine renders chat templates with jinja2, set up as transformers' apply_chat_template sets it up.

    compare_templates.py RENDERER PATH ...     RENDERER: the program render_templates of the build folder (bin/render_templates)

PATH: folders or files: *.jinja, tokenizer_config.json, chat_template.json, GGUF. Every template is rendered for a dozen conversations,
with and without a generation prompt; the words of messages are checked to be known as theirs. Also said: how many conversations
are the same when put together from the constant pieces of the probed format, message by message, as a chat does. Needs jinja2 (PyPI, or
Debian's python3-jinja2). Exit status 1 when a template that jinja2 renders is rendered differently."""
import datetime
import json
import pathlib
import struct
import subprocess
import sys

import jinja2
import jinja2.ext
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 11, 5, 13, 4, 9)  # as in render_templates.cpp
TOKENS = {"bos_token": "<bos>", "eos_token": "<eos>"}


def talk(text):
    """"S: a | U: b | A: c" as messages."""
    roles = {"S": "system", "U": "user", "A": "assistant"}
    return [{"role": roles[part[0]], "content": part[3:]} for part in text.split("|")]


TALKS = [talk(text) for text in [
    "S: Be kind.|U: Hello?", "U: Hello?", "S: Be kind.|U: Q1|A: A1|U: Q2", "U: Q1|A: A1|U: Q2", "U: Q1|A: A1|U: Q2|A: A2",
    "S: Be kind.|U: Q1|A: A1|U: Q2|A: A2|U: Q3", "S:   \n sys \n|U:  \n q1 \u00e9 \u3000|A: \n\n ans  \n|U: \tq2\n", "U: |A: |U: x",
    "U: Q1|A: <think>\nhm\n</think>\n\nA1|U: Q2", "S: Be kind.|U: Q1|A: <think>\nhm\n</think>\n\nA1|U: Q2|A: <think>ho</think>A2|U: Q3",
    "U: Q1 /no_think|A: [THINK]x[/THINK]A1|U: Q2 /think|A: x</think>A2|U: Q3 </think> <think> {{ x }} '\"\\",
    "S: \u0434\u00c4\U0001f600|U: \u0451\u00c4\u65e5\u672c <tag> & \"quoted\" \\n|A: line\nline2\n\n|U: \U0001f600"]]


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

    def _same(self, caller):
        return caller()


def environment():
    def refuse(reason):
        raise jinja2.exceptions.TemplateError(reason)

    def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    result = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    result.filters["tojson"] = to_json
    result.globals["raise_exception"] = refuse
    result.globals["strftime_now"] = NOW.strftime
    return result


def gguf_template(path):
    """tokenizer.chat_template of a GGUF file, or None."""
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    with open(path, "rb") as file:
        def number(code):
            return struct.unpack("<" + code, file.read(struct.calcsize(code)))[0]

        def value(kind):
            if kind == 8:
                return file.read(number("Q"))
            if kind == 9:
                inner, count = number("I"), number("Q")
                if inner in sizes:
                    file.seek(sizes[inner] * count, 1)
                else:
                    for _ in range(count):
                        value(inner)
                return None
            return file.read(sizes[kind])
        if file.read(4) != b"GGUF":
            return None
        number("I"), number("Q")
        for _ in range(number("Q")):
            key = value(8)
            content = value(number("I"))
            if key == b"tokenizer.chat_template":
                return content.decode("utf-8", "replace")
    return None


def templates(path):
    """Pairs of a name and a template."""
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.suffix in {".jinja", ".gguf"} or inner.name in {"tokenizer_config.json", "chat_template.json"}:
                yield from templates(inner)
    elif path.suffix == ".gguf":
        text = gguf_template(path)
        if text:
            yield str(path), text
    elif path.suffix == ".json":
        held = json.loads(path.read_text(encoding="utf-8")).get("chat_template") or []
        for item in [{"name": "", "template": held}] if isinstance(held, str) else held:
            yield f"{path} {item['name']}".strip(), item["template"]
    else:
        yield str(path), path.read_bytes().decode("utf-8")


def expectations(text):
    try:
        compiled = environment().from_string(text)
    except Exception as error:  # whatever jinja2 says to it, it does not render it
        return [(messages, asks, None, error) for messages in TALKS for asks in (True, False)]
    result = []
    for messages in TALKS:
        for asks in (True, False):
            try:
                result.append((messages, asks, compiled.render(messages=messages, tools=None, documents=None,
                                                               add_generation_prompt=asks, **TOKENS), None))
            except Exception as error:
                result.append((messages, asks, None, error))
    return result


def owners_are_right(answer, messages):
    """Bytes that are said to be a message's are bytes of that message."""
    data, at = answer["text"].encode(), 0
    for message, offset, size in answer.get("pieces", []):
        if message >= 0 and messages[message]["content"].encode()[offset:offset + size].lower() != data[at:at + size].lower():
            return False
        at += size
    return True


def main():
    found = {}
    for name in sys.argv[2:]:
        for where, text in templates(pathlib.Path(name)):
            found.setdefault(text, where)
    cases, lines = [], []
    for text, where in found.items():
        for messages, asks, wanted, error in expectations(text):
            cases.append((where, messages, asks, wanted, error))
            lines.append(json.dumps({"template": text, "messages": messages, "generation": asks, "bos": TOKENS["bos_token"],
                                     "eos": TOKENS["eos_token"]}))
    done = subprocess.run([sys.argv[1]], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    wrong, renderable, pieced, notes = {}, set(), {}, {}
    for (where, messages, asks, wanted, error), answer in zip(cases, answers):
        if wanted is None:
            if "error" not in answer:
                notes[where] = f"jinja2 refuses it ({error}), the engine does not"
            continue
        renderable.add(where)
        if answer.get("text") != wanted:
            wrong.setdefault(where, answer.get("error") or f"wanted {wanted!r}, is {answer['text']!r}")
        elif not owners_are_right(answer, messages) and "tojson" not in next(t for t, w in found.items() if w == where):
            wrong.setdefault(where, "words are taken for somebody else's")
        if asks and messages[-1]["role"] == "user":
            same, total = pieced.get(where, (0, 0))
            pieced[where] = same + (answer.get("assembled") == wanted), total + 1
    for where, reason in list(wrong.items()) + list(notes.items()):
        print(f"{where}: {reason}")
    whole = sum(same == total for same, total in pieced.values())
    print(f"{len(found)} templates, jinja2 renders {len(renderable)}, of these exactly the same: {len(renderable) - len(wrong)}; "
          f"put together from constant pieces: {whole} of {len(pieced)} the same in every conversation")
    for where, (same, total) in pieced.items():
        if same < total:
            print(f"  from pieces {same} of {total}: {where}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
