"""A family's tiny model as a few kilobytes of text, from which tests/support/family_file.cpp makes the GGUF file."""

import re

import numpy as np

# Logits are kept for these tokens (all kinds of distances, the edges of a window of 16, the end) and for every tenth entry.
POSITIONS = [0, 1, 7, 15, 16, 17, 31, 32, 48, 64, 80, 95]
ENTRIES = range(0, 320, 10)


def key_line(name, value):
    if isinstance(value, bool):
        return f"key {name} bool {value:d}"
    if isinstance(value, int):
        return f"key {name} uint {value}"
    if isinstance(value, float):
        return f"key {name} float {np.float32(value):.9g}"
    if isinstance(value, str):
        return f"key {name} string {value}"
    kind = "bools" if isinstance(value[0], bool) else "ints"
    return f"key {name} {kind} {' '.join(str(int(one)) for one in value)}"


def tensor_lines(tensors):
    """Layers whose tensors are alike stand in braces: blk.{0,1,2}.attn_q.weight."""
    groups = {}
    for name, tensor in tensors.items():
        if tensor.constant:
            groups[name, f"constant {' '.join(f'{value:.9g}' for value in tensor.values.ravel())}"] = None
            continue
        layer = re.match(r"blk\.(\d+)\.(.*)", name)
        shape = "x".join(str(length) for length in reversed(tensor.values.shape))  # GGUF begins with the length of a row
        about = f"{shape} {tensor.mean:.9g} {tensor.width:.9g}"
        if layer:
            groups.setdefault(("blk.{}." + layer[2], about), []).append(layer[1])
        else:
            groups[name, about] = None
    for (name, about), layers in groups.items():
        if about.startswith("constant"):
            yield f"constant {name} {about.removeprefix('constant ')}"
        else:
            yield f"tensor {name.format('{' + ','.join(layers) + '}') if layers else name} {about}"


def describe(name, export, about, seed, tokens, logits, versions):
    remarks = "".join(f"; {key}: {value}" for key, value in about.items())
    yield f"# {name}: a tiny model with the logits of an independent implementation; made by tests/scripts/export_family_oracle.py"
    yield f"# {versions}, double precision{remarks}"
    yield f"seed {seed}"
    for key, value in export.keys:
        yield key_line(key, value)
    yield from tensor_lines(export.tensors)
    yield f"tokens {' '.join(str(token) for token in tokens)}"
    yield f"rms {np.float32(np.sqrt(np.mean(logits**2))):.9g}"  # of all logits, (tokens, vocabulary)
    yield f"entries {' '.join(str(entry) for entry in ENTRIES)}"
    for position in POSITIONS:
        yield f"logits {position} {' '.join(f'{np.float32(logits[position, entry]):.9g}' for entry in ENTRIES)}"
