"""Families with layer norms, fused projections, parallel branches or without RoPE; and Phi-3, which is fused, too."""

import math

import numpy as np

from family_oracle.export import CONTEXT, EPSILON, VOCABULARY, family
from family_oracle.shared import common_keys, llama_like, rope, start, tiny


def neox(e, parallel):
    from transformers import GPTNeoXConfig

    config = GPTNeoXConfig(**tiny(intermediate_size=256, layer_norm_eps=EPSILON, use_parallel_residual=parallel,
                                  hidden_act="gelu", rope_parameters=rope(10000.0, partial_rotary_factor=0.5)))
    e.begin("gptneox", config)
    common_keys(e, config, 4, 4, 0, 256)
    e.key("attention.layer_norm_epsilon", config.layer_norm_eps)
    e.key("rope.dimension_count", 8)
    e.key("use_parallel_residual", parallel)

    def split(v):  # per head q, k, v -> all q, all k, all v
        return v.reshape(4, 3, 16, *v.shape[1:]).swapaxes(0, 1).reshape(v.shape)

    e.copy("token_embd.weight", "gpt_neox.embed_in.weight")
    e.copy("output.weight", "lm_head.weight" if "lm_head.weight" in e else "embed_out.weight")
    for part in ("weight", "bias"):
        e.copy(f"output_norm.{part}", f"gpt_neox.final_layer_norm.{part}")
        for i in range(config.num_hidden_layers):
            source = f"gpt_neox.layers.{i}."
            for target, name in (("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"),
                                 ("attn_output", "attention.dense"), ("ffn_up", "mlp.dense_h_to_4h"),
                                 ("ffn_down", "mlp.dense_4h_to_h")):
                e.copy(f"blk.{i}.{target}.{part}", f"{source}{name}.{part}")
            e.copy(f"blk.{i}.attn_qkv.{part}", f"{source}attention.query_key_value.{part}", split)


@family("gptneox", gelu="erf")
def gptneox(e):
    neox(e, True)


@family("gptneox-sequential", gelu="erf")
def gptneox_sequential(e):
    neox(e, False)


def falcon(e, wide):
    from transformers import FalconConfig

    kv = 2 if wide else 1
    more = tiny(num_kv_heads=kv, new_decoder_architecture=wide, multi_query=not wide, parallel_attn=True, bias=False,
                alibi=False, tie_word_embeddings=True, rope_parameters=rope(10000.0), activation="gelu",
                layer_norm_epsilon=EPSILON)
    for name in ("num_key_value_heads", "intermediate_size"):
        more.pop(name)
    config = FalconConfig(**more)
    e.begin("falcon", config, embedding_deviation=0.2)
    common_keys(e, config, 4, kv, 0, 256)
    e.key("attention.layer_norm_epsilon", config.layer_norm_epsilon)
    e.key("tensor_data_layout", "jploski")

    def split(v):  # kv groups of (queries, key, value) -> all queries, all keys, all values
        g = v.reshape(kv, 4 // kv + 2, 16, v.shape[1])
        return np.concatenate([part.reshape(-1, v.shape[1]) for part in (g[:, :-2], g[:, -2:-1], g[:, -1:])])

    e.copy("token_embd.weight", "transformer.word_embeddings.weight")
    for part in ("weight", "bias"):
        e.copy(f"output_norm.{part}", f"transformer.ln_f.{part}")
    for i in range(config.num_hidden_layers):
        source = f"transformer.h.{i}."
        for part in ("weight", "bias"):
            if wide:
                e.copy(f"blk.{i}.attn_norm.{part}", f"{source}ln_mlp.{part}")
                e.copy(f"blk.{i}.attn_norm_2.{part}", f"{source}ln_attn.{part}")
            else:
                e.copy(f"blk.{i}.attn_norm.{part}", f"{source}input_layernorm.{part}")
        e.copy(f"blk.{i}.attn_qkv.weight", f"{source}self_attention.query_key_value.weight", split)
        e.copy(f"blk.{i}.attn_output.weight", f"{source}self_attention.dense.weight")
        e.copy(f"blk.{i}.ffn_up.weight", f"{source}mlp.dense_h_to_4h.weight")
        e.copy(f"blk.{i}.ffn_down.weight", f"{source}mlp.dense_4h_to_h.weight")


@family("falcon-7b", gelu="erf")
def falcon7(e):
    falcon(e, False)


@family("falcon-40b", gelu="erf")
def falcon40(e):
    falcon(e, True)


@family("mpt", gelu="erf")
def mpt(e):
    from transformers import MptConfig

    config = MptConfig(d_model=96, n_heads=6, n_layers=3, expansion_ratio=4, max_seq_len=CONTEXT, vocab_size=VOCABULARY,
                       layer_norm_epsilon=EPSILON, tie_word_embeddings=True, bos_token_id=0, eos_token_id=0,
                       attn_config=dict(attn_type="multihead_attention", alibi=True, alibi_bias_max=8, clip_qkv=2.0,
                                        attn_pdrop=0))
    e.begin("mpt", config, embedding_deviation=0.2)
    e.key("context_length", CONTEXT)
    e.key("embedding_length", 96)
    e.key("block_count", 3)
    e.key("feed_forward_length", 384)
    e.key("attention.head_count", 6)
    e.key("attention.layer_norm_epsilon", EPSILON)
    e.key("attention.clamp_kqv", 2.0)
    e.key("attention.max_alibi_bias", 8.0)
    e.copy("token_embd.weight", "transformer.wte.weight")
    e.copy("output_norm.weight", "transformer.norm_f.weight")
    for i in range(3):
        source = f"transformer.blocks.{i}."
        for target, name in (("attn_norm", "norm_1"), ("ffn_norm", "norm_2"), ("attn_qkv", "attn.Wqkv"),
                             ("attn_output", "attn.out_proj"), ("ffn_up", "ffn.up_proj"), ("ffn_down", "ffn.down_proj")):
            e.copy(f"blk.{i}.{target}.weight", f"{source}{name}.weight")


@family("phi2")
def phi2(e):
    from transformers import PhiConfig

    config = PhiConfig(**tiny(num_key_value_heads=4, intermediate_size=256, layer_norm_eps=EPSILON, hidden_act="gelu_new",
                              qk_layernorm=False, rope_parameters=rope(10000.0, partial_rotary_factor=0.5)))
    e.begin("phi2", config)
    common_keys(e, config, 4, 4, 0, 256)
    e.key("attention.layer_norm_epsilon", config.layer_norm_eps)
    e.key("rope.dimension_count", 8)
    e.copy("token_embd.weight", "model.embed_tokens.weight")
    for part in ("weight", "bias"):
        e.copy(f"output.{part}", f"lm_head.{part}")
        e.copy(f"output_norm.{part}", f"model.final_layernorm.{part}")
        for i in range(config.num_hidden_layers):
            source = f"model.layers.{i}."
            for target, name in (("attn_norm", "input_layernorm"), ("attn_q", "self_attn.q_proj"),
                                 ("attn_k", "self_attn.k_proj"), ("attn_v", "self_attn.v_proj"),
                                 ("attn_output", "self_attn.dense"), ("ffn_up", "mlp.fc1"), ("ffn_down", "mlp.fc2")):
                e.copy(f"blk.{i}.{target}.{part}", f"{source}{name}.{part}")


def phi3(e, original, context):
    from transformers import Phi3Config

    long = [1.0 + 0.5 * i for i in range(6)]
    short = [1.0 + 0.1 * i for i in range(6)]
    config = Phi3Config(**tiny(max_position_embeddings=context, original_max_position_embeddings=original,
                               sliding_window=None, resid_pdrop=0.0, embd_pdrop=0.0, attention_dropout=0.0,
                               rope_parameters=rope(10000.0, "longrope", long_factor=long, short_factor=short,
                                                    partial_rotary_factor=0.75, original_max_position_embeddings=original)))
    e.begin("phi3", config)
    common_keys(e, config, 4, 2, 0, 96, context)
    e.key("attention.layer_norm_rms_epsilon", config.rms_norm_eps)
    e.key("attention.sliding_window", 0)
    e.key("rope.dimension_count", 12)
    e.key("rope.freq_base", 10000.0)
    e.key("rope.scaling.original_context_length", original)
    e.key("rope.scaling.attn_factor", math.sqrt(1 + math.log(context / original) / math.log(original)))
    e.constant("rope_factors_long.weight", long)
    e.constant("rope_factors_short.weight", short)
    e.copy("token_embd.weight", "model.embed_tokens.weight")
    e.copy("output_norm.weight", "model.norm.weight")
    e.copy("output.weight", "lm_head.weight")
    for i in range(config.num_hidden_layers):
        source = f"model.layers.{i}."
        for target, name in (("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"),
                             ("attn_qkv", "self_attn.qkv_proj"), ("attn_output", "self_attn.o_proj"),
                             ("ffn_up", "mlp.gate_up_proj"), ("ffn_down", "mlp.down_proj")):
            e.copy(f"blk.{i}.{target}.weight", f"{source}{name}.weight")


@family("phi3-long")
def phi3_long(e):
    phi3(e, 32, 256)  # 96 tokens are past 32: long factors


@family("phi3-short")
def phi3_short(e):
    phi3(e, 256, 1024)  # 96 tokens are within 256, and so is llama.cpp's context: short factors


def stable(e, wide):
    from transformers import StableLmConfig

    config = StableLmConfig(**tiny(layer_norm_eps=EPSILON, use_parallel_residual=wide, qk_layernorm=wide, use_qkv_bias=not wide,
                                   rope_parameters=rope(10000.0, partial_rotary_factor=0.5)))
    start(e, "stablelm", config, norm="layer", rotated=8)
    e.key("use_parallel_residual", wide)
    e.copy("token_embd.weight", "model.embed_tokens.weight")
    e.copy("output.weight", "lm_head.weight")
    for part in ("weight", "bias"):
        e.copy(f"output_norm.{part}", f"model.norm.{part}")
    for i in range(config.num_hidden_layers):
        source = f"model.layers.{i}."
        for target, name in (("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"),
                             ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"),
                             ("attn_v", "self_attn.v_proj"), ("attn_output", "self_attn.o_proj"),
                             ("ffn_gate", "mlp.gate_proj"), ("ffn_up", "mlp.up_proj"), ("ffn_down", "mlp.down_proj")):
            for part in ("weight", "bias"):
                if f"{source}{name}.{part}" in e:
                    e.copy(f"blk.{i}.{target}.{part}", f"{source}{name}.{part}")
        if wide:
            for which, n in (("q", 4), ("k", 2)):
                gains = np.stack([e[f"{source}self_attn.{which}_layernorm.norms.{h}.weight"] for h in range(n)])
                e.tensor(f"blk.{i}.attn_{which}_norm.weight", gains, quantise=False)


@family("stablelm")
def stablelm(e):
    stable(e, False)


@family("stablelm-12b")
def stablelm12(e):
    stable(e, True)


@family("starcoder2")
def starcoder2(e):
    from transformers import Starcoder2Config

    config = Starcoder2Config(**tiny(norm_epsilon=EPSILON, sliding_window=None, use_bias=True, tie_word_embeddings=True,
                                     hidden_act="gelu_pytorch_tanh", rope_parameters=rope(10000.0)))
    start(e, "starcoder2", config, norm="layer", embedding_deviation=0.2)
    llama_like(e, config, permute=False, ffn=False)
    e.copy("output_norm.bias", "model.norm.bias")
    for i in range(config.num_hidden_layers):
        source, target = f"model.layers.{i}.", f"blk.{i}."
        e.copy(f"{target}attn_norm.bias", f"{source}input_layernorm.bias")
        e.copy(f"{target}ffn_norm.bias", f"{source}post_attention_layernorm.bias")
        for part in ("weight", "bias"):
            e.copy(f"{target}ffn_up.{part}", f"{source}mlp.c_fc.{part}")
            e.copy(f"{target}ffn_down.{part}", f"{source}mlp.c_proj.{part}")


def cohere(e, architecture, config):
    start(e, architecture, config, norm="layer", embedding_deviation=0.2)
    e.key("logit_scale", 0.3)
    llama_like(e, config, permute=False, norms=("attn_norm", None))  # neighbours are pairs in the original, too


@family("command-r")
def command_r(e):
    from transformers import CohereConfig

    config = CohereConfig(**tiny(layer_norm_eps=EPSILON, logit_scale=0.3, tie_word_embeddings=True, use_qk_norm=True,
                                 rope_parameters=rope(10000.0)))
    cohere(e, "command-r", config)
    for i in range(config.num_hidden_layers):
        for which in "qk":
            e.copy(f"blk.{i}.attn_{which}_norm.weight", f"model.layers.{i}.self_attn.{which}_norm.weight", quantise=False)


@family("cohere2")
def cohere2(e):
    from transformers import Cohere2Config

    config = Cohere2Config(**tiny(num_hidden_layers=5, layer_norm_eps=EPSILON, logit_scale=0.3, tie_word_embeddings=True,
                                  sliding_window=16, rope_parameters=rope(10000.0)))
    cohere(e, "cohere2", config)
    e.key("attention.sliding_window", 16)
