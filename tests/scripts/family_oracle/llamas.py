"""Llama and the families whose blocks are put together like it: gated feed-forward, RMS norms."""

import numpy as np

from family_oracle.export import EPSILON, family
from family_oracle.shared import llama_like, rope, start, tiny, yarn_keys


@family("llama")
def llama(e):
    from transformers import LlamaConfig

    config = LlamaConfig(**tiny(rope_parameters=rope(10000.0)))
    start(e, "llama", config, rotated=16)
    llama_like(e, config, permute=True)


@family("llama3-rope")
def llama3(e):
    from transformers import LlamaConfig

    scaling = rope(500000.0, "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=32)
    config = LlamaConfig(**tiny(rope_parameters=scaling, tie_word_embeddings=True))
    start(e, "llama", config, rotated=16, base=500000.0, embedding_deviation=0.2)
    waves = 2 * np.pi * 500000.0 ** (np.arange(0, 16, 2) / 16)
    factors = []
    for wave in waves:
        if wave < 32 / 4.0:
            factors.append(1.0)
        elif wave > 32 / 1.0:
            factors.append(8.0)
        else:
            smooth = (32 / wave - 1.0) / (4.0 - 1.0)
            factors.append(1.0 / ((1.0 - smooth) / 8.0 + smooth))
    e.constant("rope_freqs.weight", factors)
    llama_like(e, config, permute=True)


@family("mistral3")
def mistral3(e):
    from transformers import Ministral3Config

    config = Ministral3Config(**tiny(
        head_dim=32, max_position_embeddings=512,
        rope_parameters=rope(1e6, "yarn", factor=16.0, beta_fast=32.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0,
                             original_max_position_embeddings=32, llama_4_scaling_beta=0.1)))
    start(e, "mistral3", config, head_dim=32, context=512, rotated=32, base=1e6)
    e.key("attention.temperature_scale", 0.1)
    yarn_keys(e, 16.0, 32)
    e.key("rope.scaling.yarn_log_multiplier", 1.0)
    llama_like(e, config, permute=True)


@family("qwen2")
def qwen2(e):
    from transformers import Qwen2Config

    config = Qwen2Config(**tiny(rope_parameters=rope(1e6)))
    start(e, "qwen2", config, base=1e6)
    llama_like(e, config, permute=False)


@family("qwen3")
def qwen3(e):
    from transformers import Qwen3Config

    config = Qwen3Config(**tiny(head_dim=32, rope_parameters=rope(1e6)))
    start(e, "qwen3", config, head_dim=32, base=1e6)
    llama_like(e, config, permute=False, qk_norm=True)


GRANITE = dict(attention_multiplier=0.11, embedding_multiplier=6.0, residual_multiplier=0.4, logits_scaling=5.0,
               tie_word_embeddings=True, rope_parameters=rope(10000.0))


def start_granite(e, architecture, config, **more):
    start(e, architecture, config, rotated=16, embedding_deviation=0.2, **more)
    for name, value in (("attention.scale", "attention_multiplier"), ("embedding_scale", "embedding_multiplier"),
                        ("residual_scale", "residual_multiplier"), ("logit_scale", "logits_scaling")):
        e.key(name, GRANITE[value])


@family("granite")
def granite(e):
    from transformers import GraniteConfig

    config = GraniteConfig(**tiny(**GRANITE))
    start_granite(e, "granite", config)
    llama_like(e, config, permute=True)


@family("smollm3")
def smollm3(e):
    from transformers import SmolLM3Config

    config = SmolLM3Config(**tiny(num_hidden_layers=5, no_rope_layer_interval=4, use_sliding_window=False,
                                  tie_word_embeddings=True, rope_parameters=rope(5e6)))
    start(e, "smollm3", config, rotated=16, base=5e6, embedding_deviation=0.2)
    llama_like(e, config, permute=True)


@family("ernie4_5")
def ernie(e):
    from transformers import Ernie4_5Config

    config = Ernie4_5Config(**tiny(head_dim=16, tie_word_embeddings=True, rope_parameters=rope(500000.0)))
    start(e, "ernie4_5", config, base=500000.0, embedding_deviation=0.2)
    llama_like(e, config, permute=False)  # neighbours are pairs in the original, too


def normed_after(e, config):
    """Norms of what the branches add, none of what they read."""
    llama_like(e, config, permute=False, qk_norm=True, norms=(None, "post_attention_norm"))
    for i in range(config.num_hidden_layers):
        e.copy(f"blk.{i}.post_ffw_norm.weight", f"model.layers.{i}.post_feedforward_layernorm.weight")


@family("olmo2")
def olmo2(e):
    from transformers import Olmo2Config

    config = Olmo2Config(**tiny(rope_parameters=rope(500000.0)))
    start(e, "olmo2", config, base=500000.0)
    normed_after(e, config)


@family("olmo3")
def olmo3(e):
    from transformers import Olmo3Config

    types = ["full_attention" if i % 4 == 3 else "sliding_attention" for i in range(5)]
    config = Olmo3Config(**tiny(num_hidden_layers=5, sliding_window=16, layer_types=types, max_position_embeddings=256,
                                rope_parameters={
                                    "full_attention": rope(500000.0, "yarn", factor=8.0, beta_fast=32.0, beta_slow=1.0,
                                                           original_max_position_embeddings=32),
                                    "sliding_attention": rope(500000.0)}))
    start(e, "olmo2", config, context=256, base=500000.0)
    e.key("attention.sliding_window", 16)
    e.key("attention.sliding_window_pattern", [t != "full_attention" for t in types])
    yarn_keys(e, 8.0, 32)
    normed_after(e, config)


@family("exaone4")
def exaone4(e):
    from transformers import Exaone4Config

    config = Exaone4Config(**tiny(num_hidden_layers=5, head_dim=32, sliding_window=16, sliding_window_pattern=4,
                                  rope_parameters=rope(1e6)))
    start(e, "exaone4", config, head_dim=32, base=1e6)
    e.key("attention.sliding_window", 16)
    e.key("attention.sliding_window_pattern", [t != "full_attention" for t in config.layer_types])
    normed_after(e, config)


@family("glm4")
def glm4(e):
    from transformers import Glm4Config

    config = Glm4Config(**tiny(head_dim=16, attention_bias=True, rope_parameters=rope(10000.0, partial_rotary_factor=0.5)))
    start(e, "glm4", config, rotated=8)
    llama_like(e, config, permute=False)
    for i in range(config.num_hidden_layers):
        source, target = f"model.layers.{i}.", f"blk.{i}."
        e.copy(f"{target}post_attention_norm.weight", f"{source}post_self_attn_layernorm.weight")
        e.copy(f"{target}post_ffw_norm.weight", f"{source}post_mlp_layernorm.weight")


@family("chatglm")
def chatglm(e):
    from transformers import GlmConfig

    config = GlmConfig(**tiny(head_dim=16, attention_bias=True, rope_parameters=rope(10000.0, partial_rotary_factor=0.5)))
    start(e, "chatglm", config, rotated=8)
    llama_like(e, config, permute=False)


@family("lfm2")
def lfm2(e):
    from transformers import Lfm2Config

    types = ["conv", "conv", "full_attention", "conv", "full_attention"]
    config = Lfm2Config(**tiny(num_hidden_layers=5, layer_types=types, conv_L_cache=3, conv_bias=False,
                               block_auto_adjust_ff_dim=False, norm_eps=EPSILON, tie_word_embeddings=True,
                               rope_parameters=rope(1e6)))
    start(e, "lfm2", config, base=1e6, embedding_deviation=0.2)
    e.replace_key("attention.head_count_kv", [2 if t == "full_attention" else 0 for t in types])
    e.key("shortconv.l_cache", 3)
    e.copy("token_embd.weight", "model.embed_tokens.weight")
    e.copy("token_embd_norm.weight", "model.embedding_norm.weight")
    for i, layer_type in enumerate(types):
        source, target = f"model.layers.{i}.", f"blk.{i}."
        e.copy(f"{target}attn_norm.weight", f"{source}operator_norm.weight")
        e.copy(f"{target}ffn_norm.weight", f"{source}ffn_norm.weight")
        for name, theirs in (("gate", "w1"), ("down", "w2"), ("up", "w3")):
            e.copy(f"{target}ffn_{name}.weight", f"{source}feed_forward.{theirs}.weight")
        if layer_type == "conv":
            kernel = e[f"{source}conv.conv.weight"].reshape(64, 3)
            e.tensor(f"{target}shortconv.conv.weight", kernel, quantise=False)
            e.copy(f"{target}shortconv.in_proj.weight", f"{source}conv.in_proj.weight")
            e.copy(f"{target}shortconv.out_proj.weight", f"{source}conv.out_proj.weight")
        else:
            for name, theirs in (("attn_q", "q_proj"), ("attn_k", "k_proj"), ("attn_v", "v_proj"),
                                 ("attn_output", "out_proj"), ("attn_q_norm", "q_layernorm"),
                                 ("attn_k_norm", "k_layernorm")):
                e.copy(f"{target}{name}.weight", f"{source}self_attn.{theirs}.weight")
