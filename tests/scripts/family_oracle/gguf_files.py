"""Whole GGUF files of the tiny models, and what llama.cpp makes of them."""

import math

import numpy as np

from family_oracle.export import VOCABULARY


def byte_letters():
    """The printable stand-ins of GPT-2's byte-level vocabularies, in byte order."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    spare = iter(range(0x100, 0x200))
    return [chr(byte if byte in plain else next(spare)) for byte in range(256)]


def vocabulary():
    """256 bytes, some merges, the rest control and padding tokens."""
    letters = byte_letters()
    tokens, merges = list(letters), []
    space = letters[0x20]
    pairs = [(space, c) for c in "taosiwcbphfm"]
    pairs += [(a, b) for a, b in zip("eitornhaelsouardst", "rnhenegdtleuretsit")]
    pairs += [(space + "t", "h"), (space + "th", "e"), (space + "a", "n"), (space + "an", "d")]
    for left, right in pairs:
        if left in tokens and right in tokens and left + right not in tokens:
            merges.append(left + " " + right)
            tokens.append(left + right)
    types = [1] * len(tokens)
    for control in ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<unk>", "<s>", "</s>"):  # llama.cpp's phi3 wants the last
        tokens.append(control)
        types.append(3)
    while len(tokens) < VOCABULARY:
        tokens.append(f"<unused{len(tokens)}>")
        types.append(5)
    return tokens, types, merges


def quantiser(type_name):
    """Stores matrices as `type_name` and makes their values what the file then means. "MXFP4-EXPERTS": the experts only."""
    import gguf

    experts_only = type_name == "MXFP4-EXPERTS"
    kind = gguf.GGMLQuantizationType["MXFP4" if experts_only else type_name]

    def quantise(name, tensor):
        if kind == gguf.GGMLQuantizationType.F32 or not tensor.quantise or (experts_only and "_exps." not in name):
            return
        tensor.kind = kind
        tensor.stored = gguf.quants.quantize(tensor.values, kind)
        tensor.values = gguf.quants.dequantize(tensor.stored, kind).reshape(tensor.values.shape).astype(np.float32)

    return quantise


def add_key(writer, name, value):
    if isinstance(value, bool):
        writer.add_bool(name, value)
    elif isinstance(value, int):
        writer.add_uint32(name, value)
    elif isinstance(value, float):
        writer.add_float32(name, value)
    elif isinstance(value, str):
        writer.add_string(name, value)
    else:
        writer.add_array(name, list(value))


def write(path, export):
    import gguf

    writer = gguf.GGUFWriter(str(path), export.prefix)
    tokens, types, merges = vocabulary()
    end = tokens.index("<|endoftext|>")
    keys = [*export.keys[1:], ("general.name", "tiny random " + export.prefix), ("tokenizer.ggml.model", "gpt2"),
            ("tokenizer.ggml.pre", "gpt-2"), ("tokenizer.ggml.bos_token_id", end), ("tokenizer.ggml.eos_token_id", end),
            ("tokenizer.ggml.add_bos_token", False)]
    for name, value in keys:
        add_key(writer, name, value)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    for name, tensor in export.tensors.items():
        if hasattr(tensor, "stored"):
            writer.add_tensor(name, tensor.stored, raw_dtype=tensor.kind)
        else:
            writer.add_tensor(name, tensor.values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_with_llama_cpp(path, tokens, context=128):
    from llama_cpp import Llama

    # -1: not the parameters' defaults, which override what the file says of YaRN.
    model = Llama(str(path), n_ctx=context, n_batch=context, n_ubatch=context, n_threads=1, n_threads_batch=1, logits_all=True, type_k=0,
                  type_v=0, flash_attn=False, swa_full=True, use_mmap=False, verbose=False, yarn_attn_factor=-1.0, yarn_beta_fast=-1.0,
                  yarn_beta_slow=-1.0)
    model.eval([int(token) for token in tokens])
    return np.array(model.scores[:len(tokens)])


def imitate_llama_cpp(model):
    """Its GELU: the tanh form, read from a table of half-precision arguments and values. Returns whether there was any."""
    import torch

    class TableGelu(torch.nn.Module):
        def forward(self, x):
            half = x.to(torch.float16).to(torch.float64)
            value = 0.5 * half * (1 + torch.tanh(math.sqrt(2 / math.pi) * (half + 0.044715 * half**3)))
            value = value.to(torch.float16).to(x.dtype)
            return torch.where(x <= -10, torch.zeros_like(x), torch.where(x >= 10, x, value))

    found = False
    for module in model.modules():
        for name, child in module.named_children():
            if "gelu" in type(child).__name__.lower():
                setattr(module, name, TableGelu())
                found = True
    return found


def distance(other, reference):
    """The largest error and the median of the tokens' largest, in RMS of the reference."""
    error = np.abs(other - reference).max(axis=1) / np.sqrt(np.mean(reference**2))
    return f"worst {error.max():.1e} median {np.median(error):.1e}"
