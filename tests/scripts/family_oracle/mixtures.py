"""Mixtures of experts: a router chooses who works on a token."""

from family_oracle.export import family
from family_oracle.llamas import GRANITE, start_granite
from family_oracle.shared import expert_keys, llama_like, rope, start, tiny, yarn_keys


def experts(e, config, inner, within="mlp", router="gate"):
    """Those of all layers."""
    for i in range(config.num_hidden_layers):
        source, target = f"model.layers.{i}.{within}.", f"blk.{i}.ffn_"
        e.copy(f"{target}gate_inp.weight", f"{source}{router}.weight", quantise=False)
        both = e[f"{source}experts.gate_up_proj"]  # (experts, 2 * inner, dim): gate rows, then up rows
        e.tensor(f"{target}gate_exps.weight", both[:, :inner])
        e.tensor(f"{target}up_exps.weight", both[:, inner:])
        e.copy(f"{target}down_exps.weight", f"{source}experts.down_proj")


@family("qwen3moe")
def qwen3moe(e):
    from transformers import Qwen3MoeConfig

    config = Qwen3MoeConfig(**tiny(head_dim=32, rope_parameters=rope(1e6), num_experts=6, num_experts_per_tok=2,
                                   moe_intermediate_size=32, norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[]))
    start(e, "qwen3moe", config, head_dim=32, base=1e6)
    expert_keys(e, 6, 32)
    llama_like(e, config, permute=False, qk_norm=True, ffn=False)
    experts(e, config, 32)


def shared_expert(e, i, gate, up, down):
    """What all tokens of layer i go through."""
    for name, rows in (("gate", gate), ("up", up), ("down", down)):
        e.tensor(f"blk.{i}.ffn_{name}_shexp.weight", rows)


@family("qwen2moe")
def qwen2moe(e):
    """With an expert that all tokens share, each to another degree."""
    from transformers import Qwen2MoeConfig

    config = Qwen2MoeConfig(**tiny(rope_parameters=rope(1e6), num_experts=6, num_experts_per_tok=2, moe_intermediate_size=32,
                                   shared_expert_intermediate_size=48, norm_topk_prob=False, decoder_sparse_step=1,
                                   mlp_only_layers=[], use_sliding_window=False))
    start(e, "qwen2moe", config, base=1e6)
    expert_keys(e, 6, 32)
    e.key("expert_shared_feed_forward_length", 48)
    llama_like(e, config, permute=False, ffn=False)
    experts(e, config, 32)
    for i in range(config.num_hidden_layers):
        source = f"model.layers.{i}.mlp.shared_expert"
        shared_expert(e, i, *(e[f"{source}.{name}_proj.weight"] for name in ("gate", "up", "down")))
        e.copy(f"blk.{i}.ffn_gate_inp_shexp.weight", f"{source}_gate.weight", lambda v: v.reshape(-1), quantise=False)


@family("olmoe")
def olmoe(e):
    from transformers import OlmoeConfig

    config = OlmoeConfig(**tiny(num_key_value_heads=4, intermediate_size=32, num_experts=6, num_experts_per_tok=2, norm_topk_prob=False,
                                rope_parameters=rope(10000.0)))
    start(e, "olmoe", config, kv_heads=4, ffn=32)
    expert_keys(e, 6)
    llama_like(e, config, permute=False, qk_norm=True, ffn=False)
    experts(e, config, 32)


@family("granitemoe")
def granitemoe(e):
    """With an expert that all tokens share."""
    from transformers import GraniteMoeSharedConfig

    config = GraniteMoeSharedConfig(**tiny(
        intermediate_size=32, num_local_experts=6, num_experts_per_tok=2, shared_intermediate_size=48, **GRANITE))
    start_granite(e, "granitemoe", config, ffn=32)
    expert_keys(e, 6)
    e.key("expert_shared_feed_forward_length", 48)
    llama_like(e, config, permute=True, ffn=False)
    experts(e, config, 32, "block_sparse_moe", "router")
    for i in range(config.num_hidden_layers):
        source = f"model.layers.{i}.shared_mlp."
        both = e[f"{source}input_linear.weight"]
        shared_expert(e, i, both[:48], both[48:], e[f"{source}output_linear.weight"])


@family("mixtral")
def mixtral(e):
    from transformers import MixtralConfig

    config = MixtralConfig(**tiny(num_local_experts=4, num_experts_per_tok=2, sliding_window=None,
                                  rope_parameters=rope(1e6)))
    start(e, "llama", config, rotated=16, base=1e6)
    expert_keys(e, 4)
    llama_like(e, config, permute=True, ffn=False)
    experts(e, config, 96)


def gptoss(e, truncate):
    from transformers import GptOssConfig

    yarn = rope(150000.0, "yarn", factor=8.0, beta_fast=32.0, beta_slow=1.0, truncate=truncate,
                original_max_position_embeddings=1024)
    config = GptOssConfig(**tiny(num_hidden_layers=4, intermediate_size=64, head_dim=32, num_local_experts=6,
                                 num_experts_per_tok=2, sliding_window=16, rope_parameters=yarn,
                                 max_position_embeddings=8192))
    start(e, "gpt-oss", config, head_dim=32, ffn=64, context=8192, base=150000.0)
    e.key("attention.sliding_window", 16)
    expert_keys(e, 6, 64)
    yarn_keys(e, 8.0, 1024)
    llama_like(e, config, permute=False, ffn=False, norms=("attn_norm", "post_attention_norm"))
    for i in range(config.num_hidden_layers):
        source, target = f"model.layers.{i}.", f"blk.{i}."
        e.copy(f"{target}attn_sinks.weight", f"{source}self_attn.sinks", quantise=False)
        e.copy(f"{target}ffn_gate_inp.weight", f"{source}mlp.router.weight", quantise=False)
        e.copy(f"{target}ffn_gate_inp.bias", f"{source}mlp.router.bias")
        both = e[f"{source}mlp.experts.gate_up_proj"].swapaxes(1, 2)  # (experts, 2 * inner, dim), rows alternate
        e.tensor(f"{target}ffn_gate_exps.weight", both[:, 0::2])
        e.tensor(f"{target}ffn_up_exps.weight", both[:, 1::2])
        bias = e[f"{source}mlp.experts.gate_up_proj_bias"]
        e.tensor(f"{target}ffn_gate_exps.bias", bias[:, 0::2])
        e.tensor(f"{target}ffn_up_exps.bias", bias[:, 1::2])
        e.copy(f"{target}ffn_down_exps.weight", f"{source}mlp.experts.down_proj", lambda v: v.swapaxes(1, 2))
        e.copy(f"{target}ffn_down_exps.bias", f"{source}mlp.experts.down_proj_bias")


@family("gpt-oss", yarn="exact")
def gpt_oss(e):
    gptoss(e, False)  # as published


@family("gpt-oss-truncated")
def gpt_oss_truncated(e):
    gptoss(e, True)  # as llama.cpp computes it
