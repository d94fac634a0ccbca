"""Mixtures of experts: a router chooses who works on a token."""

from family_oracle.export import family
from family_oracle.shared import common_keys, llama_like, rope, tiny


def experts(e, i, config):
    inner = config.moe_intermediate_size
    source, target = f"model.layers.{i}.mlp.", f"blk.{i}.ffn_"
    e.copy(f"{target}gate_inp.weight", f"{source}gate.weight", quantise=False)
    both = e[f"{source}experts.gate_up_proj"]  # (experts, 2 * inner, dim): gate rows, then up rows
    e.tensor(f"{target}gate_exps.weight", both[:, :inner])
    e.tensor(f"{target}up_exps.weight", both[:, inner:])
    e.copy(f"{target}down_exps.weight", f"{source}experts.down_proj")


@family("qwen3moe")
def qwen3moe(e):
    from transformers import Qwen3MoeConfig

    config = Qwen3MoeConfig(**tiny(head_dim=32, rope_parameters=rope(1e6), num_experts=6, num_experts_per_tok=2,
                                   moe_intermediate_size=32, norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[]))
    e.begin("qwen3moe", config)
    common_keys(e, config, 4, 2, 32, 96)
    e.key("attention.layer_norm_rms_epsilon", config.rms_norm_eps)
    e.key("rope.freq_base", 1e6)
    e.key("expert_count", 6)
    e.key("expert_used_count", 2)
    e.key("expert_feed_forward_length", 32)
    llama_like(e, config, permute=False, qk_norm=True, ffn=False)
    for i in range(config.num_hidden_layers):
        experts(e, i, config)


@family("mixtral")
def mixtral(e):
    from transformers import MixtralConfig

    config = MixtralConfig(**tiny(num_local_experts=4, num_experts_per_tok=2, sliding_window=None,
                                  rope_parameters=rope(1e6)))
    config.num_experts, config.moe_intermediate_size = 4, 96
    e.begin("llama", config)
    common_keys(e, config, 4, 2, 0, 96)
    e.key("attention.layer_norm_rms_epsilon", config.rms_norm_eps)
    e.key("rope.dimension_count", 16)
    e.key("rope.freq_base", 1e6)
    e.key("expert_count", 4)
    e.key("expert_used_count", 2)
    llama_like(e, config, permute=True, ffn=False)
    for i in range(config.num_hidden_layers):
        experts(e, i, config)


def gptoss(e, truncate):
    from transformers import GptOssConfig

    yarn = rope(150000.0, "yarn", factor=8.0, beta_fast=32.0, beta_slow=1.0, truncate=truncate,
                original_max_position_embeddings=1024)
    config = GptOssConfig(**tiny(num_hidden_layers=4, intermediate_size=64, head_dim=32, num_local_experts=6,
                                 num_experts_per_tok=2, sliding_window=16, rope_parameters=yarn,
                                 max_position_embeddings=8192))
    e.begin("gpt-oss", config)
    common_keys(e, config, 4, 2, 32, 64, 8192)
    e.key("attention.layer_norm_rms_epsilon", config.rms_norm_eps)
    e.key("attention.sliding_window", 16)
    e.key("expert_count", 6)
    e.key("expert_used_count", 2)
    e.key("expert_feed_forward_length", 64)
    e.key("rope.freq_base", 150000.0)
    e.key("rope.scaling.type", "yarn")
    e.key("rope.scaling.factor", 8.0)
    e.key("rope.scaling.original_context_length", 1024)
    e.key("rope.scaling.yarn_beta_fast", 32.0)
    e.key("rope.scaling.yarn_beta_slow", 1.0)
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
