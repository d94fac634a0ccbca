#!/usr/bin/env python3
"""Damages small models in ways that keep them plausible, and demands that the command line runs each or refuses it with a sentence.

    fuzz_models.py CLI FOLDER [--seconds N] [--seed N] [--keep FOLDER]

FOLDER holds small GGUF files, one for each family (export_family_oracle.py --gguf). libFuzzer (tests/fuzz) changes bytes and seldom gets
past the checks; this changes numbers of the metadata and shapes of the tensors together, so that what it makes is often loaded. A fault is
a crash, a failed assertion or a run that takes longer than 30 seconds; files that cause one are kept. Exit status 1 if there was one."""
import argparse
import copy
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

TIMEOUT = 30
STRING, ARRAY, FLOAT32, BOOL, UINT32 = 8, 9, 6, 7, 4
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
REALS = (6, 12)
# Values in a block and bytes of it, by GGUF's number of the type.
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84), 11: (256, 110),
          12: (256, 144), 13: (256, 176), 14: (256, 210), 20: (32, 18), 23: (256, 136), 30: (1, 2), 39: (32, 17)}
UNKNOWN_TYPES = [9, 16, 24, 99]
NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 64, 127, 255, 1023, 1024, 1 << 20, (1 << 31) - 1, (1 << 32) - 1]
FLOATS = [0.0, -1.0, float("nan"), float("inf"), 1e-30, 1e30, 1.0, 0.5, 2.0, 1e-6, 1e4]
WORDS = [b"", b"yarn", b"longrope", b"linear", b"none", b"neox", b"gemma4", b"llama", b"</s>", b"<|im_end|>", b"\xff"]
ADDED_NUMBERS = ("attention.sliding_window", "rope.dimension_count", "attention.key_length", "attention.value_length", "expert_count",
                 "expert_used_count", "rope.dimension_count_swa", "attention.key_length_swa", "attention.head_count_kv",
                 "rope.scaling.original_context_length")
ADDED_FLOATS = ("rope.freq_base", "rope.scaling.factor", "attention.max_alibi_bias", "attention.clamp_kqv", "attn_logit_softcapping",
                "final_logit_softcapping", "attention.temperature_scale", "rope.scaling.yarn_beta_fast", "rope.scaling.attn_factor",
                "embedding_scale", "residual_scale", "logit_scale", "attention.scale", "expert_weights_scale")
LARGEST_TENSOR = 1 << 22  # bytes that are written of one


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 8

    def number(self, form):
        (value,) = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def text(self):
        length = self.number("Q")
        self.at += length
        return self.data[self.at - length:self.at]

    def value(self, kind):
        if kind == STRING:
            return self.text()
        if kind != ARRAY:
            return self.number(SCALARS[kind])
        item, count = self.number("I"), self.number("Q")
        return [item, [self.value(item) for _ in range(count)]]


class Tensor:
    def __init__(self, name, shape, kind, offset):
        self.name, self.shape, self.kind, self.offset, self.data = name, shape, kind, offset, b"\0"

    def bytes(self):
        count, size = BLOCKS.get(self.kind, (1, 4))
        for length in self.shape:
            size *= length
        return size // count


class Model:
    def __init__(self, path):
        reader = Reader(path.read_bytes())
        tensors, keys = reader.number("Q"), reader.number("Q")
        self.keys = []  # [name, kind, value]
        for _ in range(keys):
            name, kind = reader.text().decode(), reader.number("I")
            self.keys.append([name, kind, reader.value(kind)])
        self.tensors = []
        for _ in range(tensors):
            name, rank = reader.text().decode(), reader.number("I")
            self.tensors.append(Tensor(name, [reader.number("Q") for _ in range(rank)], reader.number("I"), reader.number("Q")))
        begin = (reader.at + 31) // 32 * 32
        for tensor in self.tensors:
            tensor.data = reader.data[begin + tensor.offset:begin + tensor.offset + tensor.bytes()]
        self.family = self.find("general.architecture")[2].decode()

    def find(self, end):
        return next((key for key in self.keys if key[0].endswith(end)), None)

    def number(self, end):
        key = self.find(end)
        return key[2] if key and isinstance(key[2], int) else None

    def set(self, name, kind, value):
        self.keys = [key for key in self.keys if key[0] != f"{self.family}.{name}"] + [[f"{self.family}.{name}", kind, value]]

    def bytes(self):
        def text(value):
            return struct.pack("<Q", len(value)) + value

        def stored(kind, value):
            if kind == STRING:
                return text(value)
            if kind == ARRAY:
                return struct.pack("<IQ", value[0], len(value[1])) + b"".join(stored(value[0], item) for item in value[1])
            form = SCALARS[kind]
            if kind in REALS:
                return struct.pack("<" + form, value)
            return struct.pack("<" + form.upper(), int(value) & ((1 << 8 * struct.calcsize(form)) - 1))

        head = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.keys)))
        for name, kind, value in self.keys:
            head += text(name.encode()) + struct.pack("<I", kind) + stored(kind, value)
        data = bytearray()
        for tensor in self.tensors:
            data += bytes(-len(data) % 32)
            head += text(tensor.name.encode()) + struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
            head += struct.pack("<IQ", tensor.kind, len(data))
            wanted = min(tensor.bytes(), LARGEST_TENSOR)
            source = tensor.data or b"\0"
            data += (source * (wanted // len(source) + 1))[:wanted]
        return bytes(head) + bytes(-len(head) % 32) + bytes(data)


def other(number, chance):
    return chance.choice([chance.choice(NUMBERS), number + 1, max(0, number - 1), number * 2, number // 2])


def change_value(key, chance):
    kind, value = key[1], key[2]
    if kind in REALS:
        key[2] = chance.choice(FLOATS)
    elif kind == BOOL:
        key[2] = chance.choice([0, 1, 2])
    elif kind == STRING:
        key[2] = chance.choice(WORDS)
    elif kind != ARRAY:
        key[2] = other(value, chance)
    elif value[1]:
        place = chance.randrange(len(value[1]))
        item = ["", value[0], value[1][place]]
        change_value(item, chance)
        value[1][place:place + 1] = chance.choice([[], [item[2]], [item[2]], [item[2], item[2]]])


def drop_last_ones(tensor):
    while len(tensor.shape) > 1 and tensor.shape[-1] == 1:
        tensor.shape.pop()


def change_tensor(model, chance):
    tensor = chance.choice(model.tensors)
    match chance.randrange(4):
        case 0:
            model.tensors.remove(tensor)
        case 1:
            tensor.kind = chance.choice([*BLOCKS, *UNKNOWN_TYPES])
        case 2:
            place = chance.randrange(len(tensor.shape))
            tensor.shape[place] = max(1, other(tensor.shape[place], chance))
        case 3:
            drop_last_ones(tensor)


def change_one(model, chance):
    """One thing alone."""
    match chance.randrange(6):
        case 0 | 1:
            change_value(chance.choice([key for key in model.keys if "tokenizer" not in key[0] or chance.random() < 0.1]), chance)
        case 2:
            model.keys.remove(chance.choice(model.keys))
        case 3:
            model.set(chance.choice(ADDED_NUMBERS), UINT32, other(16, chance) & 0xFFFFFFFF)
        case 4:
            model.set(chance.choice(ADDED_FLOATS), FLOAT32, chance.choice(FLOATS))
        case 5:
            change_tensor(model, chance)


def fit_blocks(model):
    for tensor in model.tensors:
        if tensor.shape[0] % BLOCKS.get(tensor.kind, (1, 4))[0]:
            tensor.kind = 0


def change_length(model, chance):
    """One length everywhere, in the metadata, too."""
    old = chance.choice(sorted({length for tensor in model.tensors for length in tensor.shape}))
    new = max(1, chance.choice([old + 1, old - 1, old // 2, old * 2, 1, 2, 3, 6, 17]))
    for tensor in model.tensors:
        tensor.shape = [new if length == old else length for length in tensor.shape]
    for key in model.keys:
        if key[1] in (UINT32, 10) and key[2] == old:
            key[2] = new
    fit_blocks(model)


def change_heads(model, chance):
    """Heads of another number and width, everywhere."""
    heads, dim = model.number("attention.head_count"), model.number("embedding_length")
    if not heads or not dim:
        return
    width = model.number("attention.key_length") or dim // heads
    new, wide = chance.choice([heads, 1, 2, 3, 5, 6, 8]), chance.choice([width, *range(1, 20), 34, 62, 100])
    few = chance.choice([count for count in range(1, new + 1) if new % count == 0])
    turned = chance.choice([*range(2, wide + 1, 2)] or [2])
    for name, value in {"head_count": new, "head_count_kv": few, "key_length": wide, "value_length": wide}.items():
        model.set("attention." + name, UINT32, value)
    model.set("rope.dimension_count", UINT32, turned)
    for tensor in model.tensors:
        part = tensor.name.removeprefix("blk.").partition(".")[2]
        count = few if part.startswith("attn_k") or part.startswith("attn_v") else new
        if part.startswith(("attn_q.", "attn_k.", "attn_v.")):
            tensor.shape[-1] = count * wide
        elif part.startswith("attn_qkv."):
            tensor.shape[-1] = (new + 2 * few) * wide
        elif part == "attn_output.weight":
            tensor.shape[0] = new * wide
        elif part.startswith(("attn_q_norm", "attn_k_norm")):
            tensor.shape = [wide, count] if len(tensor.shape) == 2 else [wide if tensor.shape[0] == width else count * wide]
        elif part.startswith("attn_sinks"):
            tensor.shape = [new]
        elif tensor.name.startswith("rope_f"):
            tensor.shape = [turned // 2]
    fit_blocks(model)


def change_experts(model, chance):
    """Another number of experts; the file of one alone is a file without its last dimension."""
    old = model.number("expert_count")
    if not old:
        return
    new = chance.choice([1, 2, 3, 7, 20])
    model.set("expert_count", UINT32, new)
    model.set("expert_used_count", UINT32, chance.randint(1, new))
    for tensor in model.tensors:
        if "_exps" in tensor.name or "ffn_gate_inp" in tensor.name:
            tensor.shape = [new if length == old else length for length in tensor.shape]
            if chance.random() < 0.5:
                drop_last_ones(tensor)


def damage(model, chance):
    together = chance.choice([None, None, change_heads, change_experts, change_length])
    if together:
        together(model, chance)
    for _ in range(chance.choice([0, 1, 1, 2] if together else [1, 1, 2, 3])):
        change_one(model, chance)


def command(cli, path, text, chance):
    if chance.random() < 0.2:
        return [cli, "inspect", path]
    return [cli, "perplexity", "--model", path, "--text-file", text, "--sinks", "2", "--window", "9", "--threads", "1", "--limit", "40",
            "--chunk", chance.choice(["1", "7", "64"]), "--kv", chance.choice(["f32", "f16", "q8_0"])]


def fault(words):
    """What was wrong with a run; None: nothing."""
    try:
        done = subprocess.run(words, capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"takes longer than {TIMEOUT} s"
    return None if done.returncode in (0, 1, 2) else f"status {done.returncode}: {done.stderr[-300:].decode(errors='replace').strip()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cli", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, default=pathlib.Path("."))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    models = {path.stem: Model(path) for path in sorted(options.folder.glob("*.gguf"))}
    if not models:
        parser.error(f"there is no GGUF file in {options.folder}")
    end, runs, faults = time.monotonic() + options.seconds, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path, text = pathlib.Path(folder, "model.gguf"), pathlib.Path(folder, "text.txt")
        text.write_text("the quick brown fox jumps over the lazy dog and again the dog sleeps in the sun. " * 2, encoding="utf-8")
        while time.monotonic() < end:
            name = chance.choice(list(models))
            model = copy.deepcopy(models[name])
            damage(model, chance)
            path.write_bytes(model.bytes())
            runs += 1
            if what := fault(command(options.cli, path, text, chance)):
                faults += 1
                kept = options.keep / f"fault-{options.seed}-{runs}.gguf"
                shutil.copy(path, kept)
                print(f"{name}: {what} ({kept})", flush=True)
    print(f"fuzz_models: {runs} models, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
