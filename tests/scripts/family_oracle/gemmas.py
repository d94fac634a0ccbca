"""Gemma: from the second on norms before and after each branch, and most layers with a window."""

from family_oracle.export import CONTEXT, VOCABULARY, family
from family_oracle.shared import common_keys, rope, start, tiny


def gemma_norms(e, i, plus):
    for target, source in (("attn_norm", "input_layernorm"), ("post_attention_norm", "post_attention_layernorm"),
                           ("ffn_norm", "pre_feedforward_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm")):
        e.copy(f"blk.{i}.{target}.weight", f"model.layers.{i}.{source}.weight", plus=plus)


def gemma_layers(e, config, qk_norm, sandwich=True):
    e.copy("token_embd.weight", "model.embed_tokens.weight")
    e.copy("output_norm.weight", "model.norm.weight", plus=1.0)
    for i in range(config.num_hidden_layers):
        source, target = f"model.layers.{i}.", f"blk.{i}."
        for which in "qkvo":
            name = "attn_output" if which == "o" else f"attn_{which}"
            e.copy(f"{target}{name}.weight", f"{source}self_attn.{which}_proj.weight")
            if qk_norm and which in "qk":
                e.copy(f"{target}attn_{which}_norm.weight", f"{source}self_attn.{which}_norm.weight", plus=1.0)
        if sandwich:
            gemma_norms(e, i, 1.0)
        else:
            e.copy(f"{target}attn_norm.weight", f"{source}input_layernorm.weight", plus=1.0)
            e.copy(f"{target}ffn_norm.weight", f"{source}post_attention_layernorm.weight", plus=1.0)
        for which in ("gate", "up", "down"):
            e.copy(f"{target}ffn_{which}.weight", f"{source}mlp.{which}_proj.weight")


@family("gemma")
def gemma(e):
    from transformers import GemmaConfig

    config = GemmaConfig(**tiny(head_dim=32, tie_word_embeddings=True, hidden_act="gelu_pytorch_tanh",
                                hidden_activation="gelu_pytorch_tanh", rope_parameters=rope(10000.0)))
    start(e, "gemma", config, head_dim=32, embedding_deviation=0.2, zero_centred_norms=True)
    gemma_layers(e, config, False, sandwich=False)


@family("gemma2")
def gemma2(e):
    from transformers import Gemma2Config

    config = Gemma2Config(**tiny(num_hidden_layers=4, head_dim=32, query_pre_attn_scalar=32, sliding_window=16,
                                 attn_logit_softcapping=5.0, final_logit_softcapping=3.0, tie_word_embeddings=True,
                                 hidden_activation="gelu_pytorch_tanh", rope_parameters=rope(10000.0)))
    e.begin("gemma2", config, embedding_deviation=0.2, zero_centred_norms=True)
    common_keys(e, config, 4, 2, 32, 96)
    e.key("attention.layer_norm_rms_epsilon", config.rms_norm_eps)
    e.key("attn_logit_softcapping", 5.0)
    e.key("final_logit_softcapping", 3.0)
    e.key("attention.sliding_window", 16)
    gemma_layers(e, config, False)


@family("gemma3")
def gemma3(e):
    from transformers import Gemma3TextConfig

    types = ["full_attention" if i % 6 == 5 else "sliding_attention" for i in range(7)]
    config = Gemma3TextConfig(**tiny(
        num_hidden_layers=7, num_key_value_heads=1, head_dim=32, query_pre_attn_scalar=32, sliding_window=16,
        layer_types=types, tie_word_embeddings=True, hidden_activation="gelu_pytorch_tanh",
        rope_parameters={"full_attention": rope(1e6, "linear", factor=8.0), "sliding_attention": rope(10000.0)}))
    e.begin("gemma3", config, embedding_deviation=0.2, zero_centred_norms=True)
    common_keys(e, config, 4, 1, 32, 96)
    e.key("attention.layer_norm_rms_epsilon", config.rms_norm_eps)
    e.key("attention.sliding_window", 16)
    e.key("rope.freq_base", 1e6)
    e.key("rope.scaling.type", "linear")
    e.key("rope.scaling.factor", 8.0)
    gemma_layers(e, config, True)


def gemma4(e, flavour):
    from transformers import Gemma4TextConfig

    small = flavour == "e"  # per-layer embeddings, shared keys and values, K and V apart
    types = ["full_attention" if i % 3 == 2 else "sliding_attention" for i in range(9 if small else 6)]
    layers, shared = len(types), 3 if small else 0
    more = dict(num_kv_shared_layers=shared, use_double_wide_mlp=True, hidden_size_per_layer_input=32) if small else dict(
        hidden_size_per_layer_input=0, attention_k_eq_v=True, num_global_key_value_heads=1)
    if flavour == "moe":
        more.update(enable_moe_block=True, num_experts=6, top_k_experts=2, moe_intermediate_size=32)
    config = Gemma4TextConfig(**tiny(
        num_hidden_layers=layers, head_dim=16, global_head_dim=32, sliding_window=16, layer_types=types,
        tie_word_embeddings=True, hidden_activation="gelu_pytorch_tanh", final_logit_softcapping=3.0,
        vocab_size_per_layer_input=VOCABULARY,
        rope_parameters={"full_attention": rope(1e6, "proportional", partial_rotary_factor=0.25),
                         "sliding_attention": rope(10000.0)}, **more))
    e.begin("gemma4", config, embedding_deviation=0.2, query_key_gain=0.45)
    slides = [t == "sliding_attention" for t in types]
    e.key("context_length", CONTEXT)
    e.key("embedding_length", 64)
    e.key("block_count", layers)
    e.key("feed_forward_length", [96 if i < layers - shared else 192 for i in range(layers)] if small else 96)
    e.key("attention.head_count", 4)
    e.key("attention.head_count_kv", 2 if small else [2 if s else 1 for s in slides])
    e.key("attention.key_length", 32)
    e.key("attention.value_length", 32)
    e.key("attention.key_length_swa", 16)
    e.key("attention.value_length_swa", 16)
    e.key("attention.layer_norm_rms_epsilon", config.rms_norm_eps)
    e.key("attention.sliding_window", 16)
    e.key("attention.sliding_window_pattern", slides)
    e.key("attention.shared_kv_layers", shared)
    e.key("embedding_length_per_layer_input", 32 if small else 0)
    e.key("final_logit_softcapping", 3.0)
    e.key("rope.freq_base", 1e6)
    e.key("rope.freq_base_swa", 10000.0)
    e.key("rope.dimension_count", 32)
    e.key("rope.dimension_count_swa", 16)
    if flavour == "moe":
        e.key("expert_count", 6)
        e.key("expert_used_count", 2)
        e.key("expert_feed_forward_length", 32)
    e.constant("rope_freqs.weight", [1.0] * 4 + [1e30] * 12)
    e.copy("token_embd.weight", "model.embed_tokens.weight")
    e.copy("output_norm.weight", "model.norm.weight")
    if small:
        e.copy("per_layer_token_embd.weight", "model.embed_tokens_per_layer.weight")
        e.copy("per_layer_model_proj.weight", "model.per_layer_model_projection.weight")
        e.copy("per_layer_proj_norm.weight", "model.per_layer_projection_norm.weight")
    for i in range(layers):
        source, target = f"model.layers.{i}.", f"blk.{i}."
        for which in "qkvo":
            name = "attn_output" if which == "o" else f"attn_{which}"
            if f"{source}self_attn.{which}_proj.weight" in e:
                e.copy(f"{target}{name}.weight", f"{source}self_attn.{which}_proj.weight")
            if f"{source}self_attn.{which}_norm.weight" in e:
                e.copy(f"{target}attn_{which}_norm.weight", f"{source}self_attn.{which}_norm.weight")
        gemma_norms(e, i, 0.0)
        for which in ("gate", "up", "down"):
            e.copy(f"{target}ffn_{which}.weight", f"{source}mlp.{which}_proj.weight")
        e.copy(f"{target}layer_output_scale.weight", f"{source}layer_scalar", lambda v: v.reshape(1))
        if small:
            for name, theirs in (("inp_gate", "per_layer_input_gate"), ("proj", "per_layer_projection"),
                                 ("post_norm", "post_per_layer_input_norm")):
                e.copy(f"{target}{name}.weight", f"{source}{theirs}.weight")
        if flavour == "moe":
            e.copy(f"{target}ffn_gate_inp.weight", f"{source}router.proj.weight", quantise=False)
            e.copy(f"{target}ffn_gate_inp.scale", f"{source}router.scale")
            e.copy(f"{target}ffn_down_exps.scale", f"{source}router.per_expert_scale")
            e.copy(f"{target}ffn_gate_up_exps.weight", f"{source}experts.gate_up_proj")
            e.copy(f"{target}ffn_down_exps.weight", f"{source}experts.down_proj")
            for name, theirs in (("pre_ffw_norm_2", "pre_feedforward_layernorm_2"),
                                 ("post_ffw_norm_1", "post_feedforward_layernorm_1"),
                                 ("post_ffw_norm_2", "post_feedforward_layernorm_2")):
                e.copy(f"{target}{name}.weight", f"{source}{theirs}.weight")


@family("gemma4")
def gemma4_dense(e):
    gemma4(e, "dense")  # 12B, 31B


@family("gemma4-moe")
def gemma4_moe(e):
    gemma4(e, "moe")  # 26B-A4B


@family("gemma4-e")
def gemma4_e(e):
    gemma4(e, "e")  # E2B, E4B
