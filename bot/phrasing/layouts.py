"""How the two architectures lie in a GGUF file, and what they are in transformers: names, configuration, tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gguf import GGUFReader, TokenType
from tokenizers import AddedToken
from transformers import AutoTokenizer, Gemma3TextConfig, GemmaTokenizer, PreTrainedConfig, Qwen2Config

Read = Callable[[str], Any]
"""The value of a key of the file."""

BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
WORDS = "model.embed_tokens.weight"
NORM = {"output_norm.weight": "model.norm.weight"}
LOCAL_ROPE = 10_000.0
"""Base of the rotary angles in Gemma's local layers; its files give the global one only."""
GEMMA_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message['content'] }}"
    "{{ '\\n\\n' if message['role'] == 'system' else '\\n' }}{% endfor %}"
)
"""The base model knows no turns: the system part, an empty line, the user's part, a line for the answer."""


@dataclass(frozen=True)
class Layout:
    """One architecture.

    `outer`, `block`: names of the file -> of transformers, outside the blocks and inside of one; `unused`: tensors left
    out; `norm_offset`: what the file's norm weights have more; `config`, `tokenizer`: made from the file.
    """

    outer: Mapping[str, str]
    block: Mapping[str, str]
    config: Callable[[Read], PreTrainedConfig]
    tokenizer: Callable[[Path, Read], Any]
    unused: frozenset[str] = frozenset()
    norm_offset: float = 0.0

    def name(self, name: str) -> str:
        """`blk.3.attn_q.bias` -> `model.layers.3.self_attn.q_proj.bias`. Raises KeyError for an unknown tensor."""
        if name in self.outer:
            return self.outer[name]
        _, layer, part, kind = name.split(".")
        return f"model.layers.{layer}.{self.block[part]}.{kind}"


def _shared(read: Read, architecture: str) -> dict[str, Any]:
    """What both configurations call alike."""
    return {
        "dtype": "float16",
        "vocab_size": len(read("tokenizer.ggml.tokens")),
        "hidden_size": read(f"{architecture}.embedding_length"),
        "intermediate_size": read(f"{architecture}.feed_forward_length"),
        "num_hidden_layers": read(f"{architecture}.block_count"),
        "num_attention_heads": read(f"{architecture}.attention.head_count"),
        "num_key_value_heads": read(f"{architecture}.attention.head_count_kv"),
        "max_position_embeddings": read(f"{architecture}.context_length"),
        "rms_norm_eps": round(read(f"{architecture}.attention.layer_norm_rms_epsilon"), 12),
        "tie_word_embeddings": True,
        "eos_token_id": read("tokenizer.ggml.eos_token_id"),
        "pad_token_id": read("tokenizer.ggml.padding_token_id"),
    }


def _qwen_config(read: Read) -> PreTrainedConfig:
    return Qwen2Config(
        architectures=["Qwen2ForCausalLM"],
        rope_parameters={"rope_type": "default", "rope_theta": read("qwen2.rope.freq_base")},
        **_shared(read, "qwen2"),
    )


def _gemma_config(read: Read) -> PreTrainedConfig:
    width = read("gemma3.attention.key_length")
    return Gemma3TextConfig(
        architectures=["Gemma3ForCausalLM"],
        head_dim=width,
        query_pre_attn_scalar=width,
        sliding_window=read("gemma3.attention.sliding_window"),
        bos_token_id=read("tokenizer.ggml.bos_token_id"),
        rope_parameters={
            "full_attention": {"rope_type": "default", "rope_theta": read("gemma3.rope.freq_base")},
            "sliding_attention": {"rope_type": "default", "rope_theta": LOCAL_ROPE},
        },
        **_shared(read, "gemma3"),
    )


def _qwen_tokenizer(gguf: Path, read: Read) -> Any:
    return AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)


def _gemma_tokenizer(gguf: Path, read: Read) -> Any:
    """Byte-pair encoding over the file's pieces, whose order is that of the merges (the file holds none)."""
    pieces = [_spelled(piece) for piece in read("tokenizer.ggml.tokens")]
    types = read("tokenizer.ggml.token_type")
    tokenizer = GemmaTokenizer(
        vocab={piece: index for index, piece in enumerate(pieces)},
        merges=merges(pieces, skip=frozenset(p for p, t in zip(pieces, types, strict=True) if t == TokenType.CONTROL)),
        add_bos_token=read("tokenizer.ggml.add_bos_token"),
    )
    given = list(zip(pieces, types, strict=True))
    # The thousands of control pieces that are kept for later use never come up, and would slow every text.
    control = [piece for piece, kind in given if kind == TokenType.CONTROL and not piece.startswith("<unused")]
    own = [piece for piece, kind in given if kind == TokenType.USER_DEFINED and not piece.startswith("▁")]
    tokenizer.add_tokens([AddedToken(piece, normalized=False, special=True) for piece in control], special_tokens=True)
    tokenizer.add_tokens([AddedToken(piece, normalized=False) for piece in own])
    tokenizer.chat_template = GEMMA_TEMPLATE
    return tokenizer


def _spelled(piece: str) -> str:
    """The file writes runs of spaces as such, all other pieces with the mark of SentencePiece."""
    return "▁" * len(piece) if piece.isspace() and " " in piece else piece


def merges(pieces: Sequence[str], skip: Iterable[str] = ()) -> list[Any]:
    """Every way to put a piece together from two others, in the order of the pieces."""
    known = set(pieces).difference(skip)
    return [
        (piece[:cut], piece[cut:])
        for piece in pieces
        if piece in known
        for cut in range(len(piece) - 1, 0, -1)
        if piece[:cut] in known and piece[cut:] in known
    ]


LAYOUTS = {
    # The file holds the word table twice: as input in 5 bits, as output in 8. The model ties the two, so the finer one
    # serves as both.
    "qwen2": Layout(
        outer=NORM | {"output.weight": WORDS},
        block=BLOCK | {"ffn_norm": "post_attention_layernorm"},
        config=_qwen_config,
        tokenizer=_qwen_tokenizer,
        unused=frozenset({"token_embd.weight"}),
    ),
    "gemma3": Layout(
        outer=NORM | {"token_embd.weight": WORDS},
        block=BLOCK
        | {
            "attn_q_norm": "self_attn.q_norm",
            "attn_k_norm": "self_attn.k_norm",
            "post_attention_norm": "post_attention_layernorm",
            "ffn_norm": "pre_feedforward_layernorm",
            "post_ffw_norm": "post_feedforward_layernorm",
        },
        config=_gemma_config,
        tokenizer=_gemma_tokenizer,
        # transformers multiplies by 1 + weight.
        norm_offset=1.0,
    ),
}


def layout_of(reader: GGUFReader) -> tuple[Layout, Read]:
    """The layout of a file, and how its keys are read. Raises KeyError for an unknown architecture or a missing key."""

    def read(key: str) -> Any:
        field = reader.get_field(key)
        if field is None:
            raise KeyError(key)
        return field.contents()

    return LAYOUTS[read("general.architecture")], read
