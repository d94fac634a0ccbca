#!/usr/bin/env python3
"""Compares the tokenizer of sumidero-cli with the reference libraries, on a GGUF file's own vocabulary.

    compare_tokenizers.py CLI MODEL.gguf [--strings 5000] [--seed 1] [--text FILE ...] [--rules]

Byte-level BPE is compared with PyPI's `tokenizers`, built from the file's tokens and merges; SentencePiece with `llama_cpp`, which has
an implementation of its own. Needs PyPI's `gguf` too. Not part of tests/run. With --rules, every rule for cutting text
into words is tried on the vocabulary of the file. Prints how many texts agree; exit status 1 when any does not."""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

import gguf

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
TAIL = r"\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CASED = r"[^\r\n\p{L}\p{N}]?" + UPPER + "*" + LOWER + "+"
CAPITAL = r"[^\r\n\p{L}\p{N}]?" + UPPER + "+" + LOWER + "*"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|" + TAIL
RULES = {
    "gpt-2": [GPT2],
    "smollm": ["DIGITS", GPT2],
    "llama-bpe": [CL100K % "{1,3}"],
    "qwen2": [CL100K % ""],
    "qwen35": [CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + TAIL],
    "gpt-4o": [CASED + CONTRACTIONS + "?|" + CAPITAL + CONTRACTIONS + r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + TAIL],
    "tekken": [CASED + "|" + CAPITAL + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + TAIL],
    "deepseek-v3": [r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
                    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"""
                    r" ?[\p{P}\p{S}]+[\r\n]*|" + TAIL],
}
IGNORES_MERGES = {"llama-bpe", "tekken"}
BLOCKS = [(0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0x00, 0x1F), (0x80, 0x17F), (0x250, 0x52F), (0x590, 0x6FF), (0x900, 0xDFF),
          (0xE00, 0xEFF), (0x1100, 0x11FF), (0x1680, 0x1680), (0x180B, 0x180E), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x218F),
          (0x2460, 0x24FF), (0x2500, 0x27BF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFB00, 0xFDFF),
          (0xFE00, 0xFFFD), (0x10300, 0x1034A), (0x1D400, 0x1D7FF), (0x1F300, 0x1FAD6), (0x20000, 0x2A6D6)]
SNIPPETS = ["'s", "'LL", "don't", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n ", "123", "3.14", "2026", "Hello", " world", "THE", "fooBar",
            "<|im_start|>", "<|im_end|>", "<|", "|>", "</s>", "<s>", "\u00e9", "e\u0301", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\u2581", "\u0085", "\u00a0", "\u3000", "\ufeff", "\u2028", "x = y[0] + 1;", "https://a.b/c?d=e", "====", "...", "#include <a>"]


def random_text(rng):
    parts = []
    for _ in range(rng.randint(1, 30)):
        if rng.random() < 0.35:
            parts.append(rng.choice(SNIPPETS))
            continue
        low, high = rng.choice(BLOCKS)
        for _ in range(rng.choice([1, 1, 2, 5])):
            char = chr(rng.randint(low, high))
            if unicodedata.category(char) not in ("Cn", "Cs"):  # later versions of Unicode may class unassigned ones differently
                parts.append(char)
    return "".join(parts)


def metadata(path):
    reader = gguf.GGUFReader(path)
    return {key: reader.fields[key].contents() for key in reader.fields if key.startswith("tokenizer.ggml.")}


def run_cli(cli, model, text, special):
    with tempfile.NamedTemporaryFile("wb", suffix=".txt") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        command = [cli, "tokenize", "--model", model, "--text-file", file.name] + (["--special"] if special else [])
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def bpe_reference(meta, rule):
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    tokens, types = meta["tokenizer.ggml.tokens"], meta["tokenizer.ggml.token_type"]
    merges = [(m[:m.index(" ", 1)], m[m.index(" ", 1) + 1:]) for m in meta["tokenizer.ggml.merges"]]
    vocabulary = {text: i for i, text in enumerate(tokens)}
    steps = []
    for pattern in RULES[rule]:
        if pattern == "DIGITS":
            steps.append(pre_tokenizers.Digits(individual_digits=True))
        else:
            steps.append(pre_tokenizers.Split(Regex(pattern), "isolated"))
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))

    def make(special):
        reference = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=rule in IGNORES_MERGES))
        reference.pre_tokenizer = pre_tokenizers.Sequence(steps)
        reference.decoder = decoders.ByteLevel()
        if special:
            reference.add_special_tokens([AddedToken(t, special=True, normalized=False)
                                          for t, kind in zip(tokens, types) if kind == 3])
        return lambda text: reference.encode(text, add_special_tokens=False).ids
    return make(False), make(True)


def spm_reference(model):
    from llama_cpp import Llama
    llama = Llama(model, vocab_only=True, verbose=False)
    return (lambda text: llama.tokenize(text.encode(), add_bos=False, special=False),
            lambda text: llama.tokenize(text.encode(), add_bos=False, special=True))


def split_at(ids, separator):
    groups = [[]]
    for token in ids:
        if token == separator:
            groups.append([])
        else:
            groups[-1].append(token)
    return groups


def compare(name, cli, model, reference, separator, texts, long_texts):
    """The texts in one call, between special tokens; then each long text as plain text, in which nothing is special."""
    plain, special = reference
    separator_text, separator_id = separator
    usable = [t for t in texts if separator_text not in t]
    groups = split_at(run_cli(cli, model, separator_text.join(usable), True), separator_id)
    wrong = [t for t, ids in zip(usable, groups) if ids != special(t)]
    if len(groups) != len(usable):
        wrong.append("(the number of texts)")
    for text in wrong[:5]:
        print(f"  differs: {text!r}\n    ours      {run_cli(cli, model, text, True)}\n    reference {special(text)}")
    print(f"{name}: {len(usable) - len(wrong)} of {len(usable)} random strings equal")
    failures = len(wrong)
    for label, text in long_texts:
        equal = run_cli(cli, model, text, False) == plain(text)
        failures += not equal
        print(f"{name}: {label}, {len(text)} characters as plain text: {'equal' if equal else 'DIFFERENT'}")
    return failures


def with_rule(model, rule, folder):
    """A file without weights: the vocabulary of `model`, cut into words by another rule."""
    meta = metadata(model)
    path = str(pathlib.Path(folder) / f"{rule}.gguf")
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(rule)
    writer.add_token_list(meta["tokenizer.ggml.tokens"])
    writer.add_token_types(meta["tokenizer.ggml.token_type"])
    writer.add_token_merges(meta["tokenizer.ggml.merges"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cli")
    parser.add_argument("model")
    parser.add_argument("--strings", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--text", action="append", default=[])
    parser.add_argument("--rules", action="store_true")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    texts = [random_text(rng) for _ in range(arguments.strings)]
    long_texts = [("all strings in one", "".join(texts))]
    long_texts += [(pathlib.Path(path).name, pathlib.Path(path).read_bytes().decode("utf-8")) for path in arguments.text]
    meta = metadata(arguments.model)
    types = meta["tokenizer.ggml.token_type"]
    separator_id = types.index(3)
    separator = (meta["tokenizer.ggml.tokens"][separator_id], separator_id)
    if meta["tokenizer.ggml.model"] == "llama":
        # llama.cpp takes every "</s>" for the end of an answer, also where it is the HTML tag (Gemma), and then not as text.
        long_texts = [(label, text.replace("</s>", "</ s>")) for label, text in long_texts]
        return compare("SentencePiece", arguments.cli, arguments.model, spm_reference(arguments.model), separator, texts, long_texts)
    failures = 0
    rules = list(RULES) if arguments.rules else [meta["tokenizer.ggml.pre"]]
    for rule in rules:
        with tempfile.TemporaryDirectory() as folder:
            model = with_rule(arguments.model, rule, folder) if arguments.rules else arguments.model
            failures += compare(rule, arguments.cli, model, bpe_reference(meta, rule), separator, texts, long_texts)
    return failures


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
