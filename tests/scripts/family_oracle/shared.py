"""What the families' functions share."""

from family_oracle.export import CONTEXT, EPSILON, VOCABULARY


def tiny(**more):
    base = dict(
        vocab_size=VOCABULARY, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=CONTEXT, tie_word_embeddings=False, bos_token_id=0,
        eos_token_id=0, pad_token_id=None, rms_norm_eps=EPSILON,
    )
    base.update(more)
    return base


def rope(theta=10000.0, kind="default", **more):
    return dict(rope_type=kind, rope_theta=theta, **more)


def common_keys(export, config, heads, kv_heads, head_dim, ffn, context=CONTEXT):
    export.key("context_length", context)
    export.key("embedding_length", config.hidden_size)
    export.key("block_count", config.num_hidden_layers)
    export.key("feed_forward_length", ffn)
    export.key("attention.head_count", heads)
    export.key("attention.head_count_kv", kv_heads)
    if head_dim:
        export.key("attention.key_length", head_dim)
        export.key("attention.value_length", head_dim)


def start(export, architecture, config, *, norm="rms", kv_heads=2, head_dim=0, ffn=96, context=CONTEXT, rotated=0, base=0.0,
          **choices):
    """What the keys of nearly every family begin with. `head_dim`, `rotated` and `base`: 0 = not in the file. `choices`: see Export.begin."""
    export.begin(architecture, config, **choices)
    common_keys(export, config, 4, kv_heads, head_dim, ffn, context)
    export.key("attention.layer_norm_rms_epsilon" if norm == "rms" else "attention.layer_norm_epsilon", EPSILON)
    if rotated:
        export.key("rope.dimension_count", rotated)
    if base:
        export.key("rope.freq_base", base)


def yarn_keys(export, factor, trained):
    export.key("rope.scaling.type", "yarn")
    export.key("rope.scaling.factor", factor)
    export.key("rope.scaling.original_context_length", trained)
    export.key("rope.scaling.yarn_beta_fast", 32.0)
    export.key("rope.scaling.yarn_beta_slow", 1.0)


def expert_keys(export, count, inner=0):
    """Two of `count` experts work on a token. `inner`: 0 = as wide as the feed-forward that the file states."""
    export.key("expert_count", count)
    export.key("expert_used_count", 2)
    if inner:
        export.key("expert_feed_forward_length", inner)


def pairs_first(rows, heads):
    """Llama's order of the rows of a query or key matrix: value i and value i + d/2 of a head become neighbours."""
    size = rows.shape[0] // heads
    return rows.reshape(heads, 2, size // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def llama_like(export, config, *, permute, qk_norm=False, norms=("attn_norm", "ffn_norm"), ffn=True):
    """Names that most families share. `norms`: where the layer's input and post-attention norms go; None = it has none."""
    heads, kv = config.num_attention_heads, config.num_key_value_heads
    export.copy("token_embd.weight", "model.embed_tokens.weight")
    export.copy("output_norm.weight", "model.norm.weight")
    if not config.tie_word_embeddings:
        export.copy("output.weight", "lm_head.weight")
    for i in range(config.num_hidden_layers):
        source, target = f"model.layers.{i}.", f"blk.{i}."
        for which, n in (("q", heads), ("k", kv), ("v", None)):
            reorder = (lambda v, n=n: pairs_first(v, n)) if permute and n else None
            for part in ("weight", "bias"):
                if f"{source}self_attn.{which}_proj.{part}" in export:
                    export.copy(f"{target}attn_{which}.{part}", f"{source}self_attn.{which}_proj.{part}", reorder)
            if qk_norm and which != "v":
                export.copy(f"{target}attn_{which}_norm.weight", f"{source}self_attn.{which}_norm.weight")
        for part in ("weight", "bias"):
            if f"{source}self_attn.o_proj.{part}" in export:
                export.copy(f"{target}attn_output.{part}", f"{source}self_attn.o_proj.{part}")
        if norms[0]:
            export.copy(f"{target}{norms[0]}.weight", f"{source}input_layernorm.weight")
        if norms[1]:
            export.copy(f"{target}{norms[1]}.weight", f"{source}post_attention_layernorm.weight")
        if f"{source}mlp.gate_up_proj.weight" in export:  # rows of the gate first
            export.copy(f"{target}ffn_up.weight", f"{source}mlp.gate_up_proj.weight")
            export.copy(f"{target}ffn_down.weight", f"{source}mlp.down_proj.weight")
        elif ffn:
            for which in ("gate", "up", "down"):
                export.copy(f"{target}ffn_{which}.weight", f"{source}mlp.{which}_proj.weight")
