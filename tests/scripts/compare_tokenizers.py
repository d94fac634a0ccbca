#!/usr/bin/env python3
"""Compares the tokenizer of sumidero-cli with the reference libraries, on a GGUF file's own vocabulary.

    compare_tokenizers.py CLI MODEL.gguf [--strings 5000] [--seed 1] [--text FILE ...] [--rules | --lines | --falcon]

Byte-level BPE is compared with PyPI's `tokenizers`, built from the file's tokens and merges; SentencePiece with `llama_cpp`, which has
an implementation of its own. Needs PyPI's `gguf` too. Not part of tests/run. With --rules, every rule for cutting text
into words is tried on the vocabulary of the file. Two kinds are in no file that can be had: with --lines, the SentencePiece vocabulary of
the file (Gemma 3) is made one of Gemma 4, merges and all; with --falcon, a small vocabulary is learned from the texts, cut into words as
Falcon's authors published it. Prints how many texts agree; exit status 1 when any does not."""
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


def write_vocabulary(path, model, tokens, types, merges, pre=None):
    """A file without weights."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(model)
    if pre:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def without_added(reference, tokens, types, declared):
    """Encodes plain text, and text with special tokens; tokens that the file declares as text of their own are matched in both."""
    from tokenizers import AddedToken, Tokenizer
    own = [AddedToken(t, normalized=False) for t, kind in zip(tokens, types) if kind == 4] if declared else []
    plain, special = Tokenizer.from_str(reference.to_str()), Tokenizer.from_str(reference.to_str())
    plain.add_tokens(own)
    special.add_tokens(own)
    special.add_special_tokens([AddedToken(t, special=True, normalized=False) for t, kind in zip(tokens, types) if kind == 3])
    return (lambda text: plain.encode(text, add_special_tokens=False).ids, lambda text: special.encode(text, add_special_tokens=False).ids)


def merges_of_scores(tokens, scores):
    """What a vocabulary with scores does, as merges: the best token first, and all pairs that make it."""
    numbers = {text: i for i, text in enumerate(tokens)}
    merges = []
    for text, score in zip(tokens, scores):
        pairs = [(text[:i], text[i:]) for i in range(1, len(text)) if text[:i] in numbers and text[i:] in numbers]
        merges += [(pair, score) for pair in sorted(pairs, key=lambda pair: (numbers[pair[0]], numbers[pair[1]]))]
    merges.sort(key=lambda one: (one[1], len(one[0][0]), len(one[0][1])), reverse=True)
    return [pair for pair, _ in merges]


def lines_vocabulary(model, folder):
    """Gemma 4's kind: merges on characters, blanks written as U+2581, bytes for what it has no token for."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
    meta = metadata(model)
    tokens, types = meta["tokenizer.ggml.tokens"], meta["tokenizer.ggml.token_type"]
    merges = merges_of_scores(tokens, meta["tokenizer.ggml.scores"])
    path = write_vocabulary(f"{folder}/lines.gguf", "gemma4", tokens, types, [" ".join(pair) for pair in merges])
    reference = Tokenizer(models.BPE(vocab={text: i for i, text in enumerate(tokens)}, merges=merges, byte_fallback=True, unk_token="<unk>",
                                     fuse_unk=True))
    reference.normalizer = normalizers.Replace(" ", "\u2581")
    reference.pre_tokenizer = pre_tokenizers.Split(Regex(r"\n+"), "isolated")
    return path, without_added(reference, tokens, types, declared=True)


def of_known_signs(text):
    """Without punctuation that is newer than the library's Unicode: it would cut words elsewhere."""
    from tokenizers import pre_tokenizers
    signs = {c for c in text if unicodedata.category(c).startswith("P")}
    unknown = {c for c in signs if len(pre_tokenizers.Punctuation().pre_tokenize_str(f"a{c}b")) == 1}
    return "".join(c for c in text if c not in unknown)


def falcon_vocabulary(texts, folder):
    """Falcon's way of cutting (its tokenizer.json); the words are those of the texts."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    reference = Tokenizer(models.BPE())
    reference.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])
    reference.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=8000, special_tokens=["<|endoftext|>"], show_progress=False,
                                                            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokens = [text for text, _ in sorted(reference.get_vocab().items(), key=lambda one: one[1])]
    types = [3] + [1] * (len(tokens) - 1)
    merges = [" ".join(pair) for pair in json.loads(reference.to_str())["model"]["merges"]]
    path = write_vocabulary(f"{folder}/falcon.gguf", "gpt2", tokens, types, merges, "falcon")
    without = json.loads(reference.to_str())
    without["added_tokens"] = []
    return path, without_added(Tokenizer.from_str(json.dumps(without)), tokens, types, declared=False)


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
    return write_vocabulary(f"{folder}/{rule}.gguf", "gpt2", meta["tokenizer.ggml.tokens"], meta["tokenizer.ggml.token_type"],
                            meta["tokenizer.ggml.merges"], rule)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cli")
    parser.add_argument("model")
    parser.add_argument("--strings", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--text", action="append", default=[])
    for kind in ("--rules", "--lines", "--falcon"):
        parser.add_argument(kind, action="store_true")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    texts = [random_text(rng) for _ in range(arguments.strings)]
    long_texts = [("all strings in one", "".join(texts))]
    long_texts += [(pathlib.Path(path).name, pathlib.Path(path).read_bytes().decode("utf-8")) for path in arguments.text]
    meta = metadata(arguments.model)
    types = meta["tokenizer.ggml.token_type"]
    separator_id = types.index(3)
    separator = (meta["tokenizer.ggml.tokens"][separator_id], separator_id)
    if arguments.lines or arguments.falcon:
        with tempfile.TemporaryDirectory() as folder:
            # "</s>" and "<s>" are HTML tags in this vocabulary, and never more than letters to Sumidero.
            if arguments.lines:
                long_texts = [(label, text.replace("</s>", "</ s>").replace("<s>", "< s>")) for label, text in long_texts]
                model, reference = lines_vocabulary(arguments.model, folder)
                return compare("Gemma 4's kind", arguments.cli, model, reference, separator, texts, long_texts)
            texts = [of_known_signs(text) for text in texts]
            long_texts = [(label, of_known_signs(text)) for label, text in long_texts]
            model, reference = falcon_vocabulary([text for _, text in long_texts], folder)
            return compare("falcon", arguments.cli, model, reference, ("<|endoftext|>", 0), texts, long_texts)
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
