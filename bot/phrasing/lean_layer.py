"""The layers of the lean forward pass, in that part of Python which TorchScript runs without Python.

Of a step's many small operations the interpreter takes as much time as their arithmetic, and it holds its lock, for
which all who serve visitors wait; so the layers are compiled, and one call runs them all.
"""

# No annotations from __future__: TorchScript reads those of a module's attributes as they are.
import warnings

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, silu

Span = tuple[int, int, int, int]
"""Rows of the memory that follow each other: the first, how many, tokens of each in this pass, slots that are seen."""


class Layer(nn.Module):
    """One layer. Norms that the architecture lacks are None."""

    heads_norm: Tensor | None
    attention_out_norm: Tensor | None
    feed_out_norm: Tensor | None

    def __init__(
        self,
        *,
        shared: int,
        width: int,
        epsilon: float,
        local: bool,
        smooth: bool,
        attention_in: nn.Module,
        attention_out: nn.Module,
        feed_in: nn.Module,
        feed_out: nn.Module,
        attention_norm: Tensor,
        heads_norm: Tensor | None,
        attention_out_norm: Tensor | None,
        feed_norm: Tensor,
        feed_out_norm: Tensor | None,
    ) -> None:
        """The weights and what they mean.

        Args:
            shared: heads of keys and of values, each of which several heads of queries share.
            width: of a head.
            epsilon: of the norms.
            local: whether it sees the sliding window only.
            smooth: whether its gates are GELU (Gemma) or SiLU (Qwen).
            attention_in: queries, keys and values of all heads. The queries are scaled in its weights or `heads_norm`.
            attention_out, feed_out: back to the width of the model.
            feed_in: the gates, then what they let through.
            attention_norm, feed_norm: before these.
            heads_norm: [heads + shared, width] of queries and keys.
            attention_out_norm, feed_out_norm: after these.
        """
        super().__init__()
        self.shared, self.width, self.epsilon = shared, width, epsilon
        self.local, self.smooth = local, smooth
        self.attention_in, self.attention_out = attention_in, attention_out
        self.feed_in, self.feed_out = feed_in, feed_out
        self.attention_norm, self.feed_norm = attention_norm, feed_norm
        self.heads_norm = heads_norm
        self.attention_out_norm, self.feed_out_norm = attention_out_norm, feed_out_norm

    def forward(
        self, hidden: Tensor, turns: Tensor, places: Tensor, spans: list[Span], masks: list[Tensor], held: list[Tensor]
    ) -> None:
        """Changes `hidden` [tokens, width] and writes the tokens' keys and values into the memory.

        Args:
            hidden: the tokens of all lines.
            turns: complex [tokens, 1, width / 2] of the rotary embedding.
            places: [tokens · shared] where keys and values go.
            spans: where the tokens' lines are.
            masks: for each span what is added to the products of queries and keys.
            held: the layer's keys and values, [rows, shared, slots, width] each.
        """
        x = self.attention_in(normed(hidden, self.attention_norm, self.epsilon))
        x = x.view(len(hidden), -1, self.width)
        turned = normed(x[:, : -self.shared], self.heads_norm, self.epsilon)
        torch.view_as_complex(turned.view(len(hidden), -1, self.width // 2, 2)).mul_(turns)
        held[0].view(-1, self.width).index_copy_(0, places, turned[:, -self.shared :].reshape(-1, self.width))
        held[1].view(-1, self.width).index_copy_(0, places, x[:, -self.shared :].reshape(-1, self.width))
        seen = self.attention_out(self.attend(turned[:, : -self.shared], spans, masks, held))
        hidden += normed(seen, self.attention_out_norm, self.epsilon)
        gates, values = self.feed_in(normed(hidden, self.feed_norm, self.epsilon)).chunk(2, dim=1)
        opened = gelu(gates, approximate="tanh") if self.smooth else silu(gates)
        hidden += normed(self.feed_out(opened.mul_(values)), self.feed_out_norm, self.epsilon)

    def attend(self, query: Tensor, spans: list[Span], masks: list[Tensor], held: list[Tensor]) -> Tensor:
        """softmax(query · key) · value of every token: [tokens, heads, width] -> [tokens, heads · width]."""
        out: list[Tensor] = []
        start = 0
        for (first, rows, size, used), mask in zip(spans, masks):  # noqa: B905 (TorchScript knows no strict)
            asked = query[start : start + rows * size]
            start += rows * size
            # One matrix for each row and shared head: [tokens · heads that share it, width] against [slots, width].
            asked = asked.reshape(rows, size, self.shared, -1, self.width).transpose(1, 2)
            asked = asked.reshape(rows * self.shared, -1, self.width)
            keys = held[0][first : first + rows, :, :used].flatten(0, 1)
            values = held[1][first : first + rows, :, :used].flatten(0, 1)
            weights = torch.bmm(asked, keys.transpose(1, 2)).add_(mask).softmax(dim=-1)
            seen = torch.bmm(weights, values).view(rows, self.shared, size, -1).transpose(1, 2)
            out.append(seen.reshape(rows * size, -1))
        return out[0] if len(out) == 1 else torch.cat(out)


class Stack(nn.Module):
    """Layers, one after another."""

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(
        self,
        hidden: Tensor,
        turns: list[Tensor],
        places: Tensor,
        spans: list[Span],
        masks: list[list[Tensor]],
        held: list[list[Tensor]],
    ) -> None:
        """As the layers' own. `turns`, `masks`: for layers that see all, then for local ones; `held`: by layer."""
        for number, layer in enumerate(self.layers):
            kind = 1 if layer.local else 0
            layer(hidden, turns[kind], places, spans, masks[kind], held[number])


def normed(x: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:
    """RMS norm over the last dimension (Zhang & Sennrich, 2019); on a CPU torch's own takes twice as long.

    Without a weight there is no norm.
    """
    if weight is None:
        return x
    return (x.square().mean(dim=-1, keepdim=True).add_(epsilon).rsqrt_() * x).mul_(weight)


def compiled(layers: list[Layer]) -> nn.Module:
    """The layers as one program of TorchScript."""
    with warnings.catch_warnings():
        # torch announces its end; the pinned version has it, and what is to follow takes minutes to compile.
        warnings.filterwarnings("ignore", message=".*torch.jit.script.* is deprecated", category=DeprecationWarning)
        made: nn.Module = torch.jit.script(Stack(layers))
        return made
