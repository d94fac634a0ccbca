#!/usr/bin/env python3
"""Tiny models of every family with the logits that an independent implementation gives for them.

The oracle is Hugging Face `transformers` on `torch`, on the processor and in double precision: a model is made from its configuration class
(nothing is downloaded), gets values that depend on nothing but a seed and the names of the file's tensors (family_oracle/numbers.py), and
reads 96 tokens. Whoever adds a family adds a function to family_oracle/ and runs this; the tests need none of it.

    pip install torch transformers gguf numpy             # in an environment of its own; and llama-cpp-python for --check
    export_family_oracle.py                               # tests/engine/families/NAME.txt for every family
    export_family_oracle.py --only mpt,gpt-oss            # some; --list names them
    export_family_oracle.py --gguf DIR --seed 7           # instead: whole files for SUMIDERO_FAMILY_MODELS (NAME.gguf, NAME.tokens.bin as
                                                          # int32, NAME.logits.bin as float32, tokens x vocabulary)
    export_family_oracle.py --gguf DIR --type Q8_0        # matrices quantised; the reference uses the dequantised values
    export_family_oracle.py --gguf DIR --check            # compare with llama.cpp, too

Ran with torch 2.15, transformers 5.24, gguf 0.19, llama-cpp-python 0.3.36.
"""

import argparse
import os
import pathlib
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")

import numpy as np

from family_oracle import description, gguf_files
from family_oracle import gemmas, layer_norms, llamas, mixtures  # noqa: F401: they register their families
from family_oracle.export import FAMILIES, export_family, reference, token_sequence

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "engine" / "families"


def versions():
    import torch
    import transformers

    return f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}"


def write_description(name, arguments, tokens):
    export, about = export_family(name, arguments.seed)
    logits = reference(export.model, tokens)
    lines = description.describe(name, export, about, arguments.seed, tokens, logits, versions())
    text = "\n".join(lines) + "\n"
    (arguments.out / f"{name}.txt").write_text(text, encoding="utf-8")
    return f"{len(text)} bytes"


def write_gguf(name, arguments, tokens):
    export, _ = export_family(name, arguments.seed, gguf_files.quantiser(arguments.type))
    logits = reference(export.model, tokens)
    path = arguments.gguf / f"{name}.gguf"
    gguf_files.write(path, export)
    tokens.tofile(path.with_suffix(".tokens.bin"))
    logits.astype(np.float32).tofile(path.with_suffix(".logits.bin"))
    remark = f"rms {np.sqrt(np.mean(logits**2)):.3f}"
    if arguments.check:
        other = gguf_files.read_with_llama_cpp(path, tokens)
        remark += f"; llama.cpp: {gguf_files.distance(other, logits)}"
        if gguf_files.imitate_llama_cpp(export.model):
            remark += f"; with its GELU: {gguf_files.distance(other, reference(export.model, tokens))}"
    return remark


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=FOLDER, help="folder of the descriptions")
    parser.add_argument("--only", default="", help="families, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gguf", type=pathlib.Path, metavar="DIR", help="write whole files here instead of descriptions")
    parser.add_argument("--type", default="F32", help="of the matrices, with --gguf: F32, F16, BF16, Q8_0, Q4_0, MXFP4-EXPERTS, ...")
    parser.add_argument("--check", action="store_true", help="compare with llama-cpp-python, with --gguf")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(FAMILIES))
        return 0
    import torch

    torch.set_num_threads(1)
    (arguments.gguf or arguments.out).mkdir(parents=True, exist_ok=True)
    write = write_gguf if arguments.gguf else write_description
    failures = 0
    for name in arguments.only.split(",") if arguments.only else FAMILIES:
        try:
            print(f"{name:20s} {write(name, arguments, token_sequence())}", flush=True)
        except Exception as error:  # one family must not hide the others
            failures += 1
            print(f"{name:20s} FAILED: {type(error).__name__}: {error}", flush=True)
            if os.environ.get("TRACE"):
                raise
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
