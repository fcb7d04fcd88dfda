"""Written sentences as token ids: read, parted into what is taught and what is held out, packed for one step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from bot.phrasing.decode import encode
from bot.phrasing.examples import request_of
from bot.phrasing.prompts import prompt
from errors import InputError, ZhiyinError

LONGEST = 512
"""Tokens of an example with its prefix: what every layer of both architectures sees at once."""
MOST_NAMED = 10
"""Bad lines that one error names."""


@dataclass(frozen=True)
class Example:
    """One written line as token ids, without the prefix that all share.

    `key`: of the line; `items`: of each thing it is about (or of the wish, where there is none); stable over runs.
    `domains`: of those things.
    """

    key: int
    items: frozenset[int]
    domains: frozenset[str]
    rest: tuple[int, ...]
    answer: tuple[int, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """The rest of the prompt and the answer."""
        return (*self.rest, *self.answer)


@dataclass(frozen=True)
class Parts:
    """The examples, parted: `items` are about things, `domains` about kinds of things that are never taught."""

    taught: tuple[Example, ...]
    items: tuple[Example, ...]
    domains: tuple[Example, ...]


@dataclass(frozen=True)
class Packed:
    """Several examples as one sequence of L tokens.

    `ids`, `positions` [1, L]; `sizes`: tokens of the prefix and of each example; `at` [t]: where the answers'
    tokens `targets` [t] are asked.
    """

    ids: Tensor
    positions: Tensor
    sizes: tuple[int, ...]
    at: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> Packed:
        """The same, on another device."""
        ids, positions, at, targets = (part.to(device) for part in (self.ids, self.positions, self.at, self.targets))
        return Packed(ids, positions, self.sizes, at, targets)


def read_examples(
    paths: Sequence[Path], tokenizer: PreTrainedTokenizerBase
) -> tuple[tuple[int, ...], tuple[Example, ...]]:
    """(the prefix that all prompts share, the examples). Raises InputError that names bad lines by file and line."""
    heads: set[tuple[int, ...]] = set()
    examples: list[Example] = []
    bad: list[str] = []
    for path in paths:
        for where, row in _rows(path):
            try:
                head, example = _example(row, tokenizer)
            except (KeyError, TypeError, ValueError, AttributeError, ZhiyinError) as error:
                bad.append(f"{where} ({_why(error)})")
                continue
            heads.add(head)
            examples.append(example)
    if bad:
        named = "; ".join(bad[:MOST_NAMED]) + ("; …" if len(bad) > MOST_NAMED else "")
        count = len(bad)
        raise InputError(
            field="sentences",
            zh_reason=f"{count} 行不能用：{named}",
            reason=f"{count} line{'s' if count > 1 else ''} cannot be used: {named}",
        )
    if not examples:
        raise InputError(field="sentences", zh_reason="一句也没有", reason="there is none in the files")
    (head,) = heads
    return head, tuple(examples)


def divide(examples: Sequence[Example], held_out: int, held_domains: frozenset[str]) -> Parts:
    """Hold out what is about one of the `held_domains`, and of the rest all about every `held_out`-th thing."""
    domains = tuple(example for example in examples if example.domains & held_domains)
    others = [example for example in examples if not example.domains & held_domains]
    held = [any(item % held_out == 0 for item in example.items) for example in others]
    taught = tuple(example for example, out in zip(others, held, strict=True) if not out)
    return Parts(taught, tuple(example for example, out in zip(others, held, strict=True) if out), domains)


def pack(prefix: Sequence[int], examples: Sequence[Example]) -> Packed:
    """The prefix, then the examples one after another, each placed as if it followed the prefix at once."""
    ids, positions = list(prefix), list(range(len(prefix)))
    at: list[int] = []
    for example in examples:
        first = len(ids) + len(example.rest) - 1
        at += range(first, first + len(example.answer))
        ids += example.ids
        positions += range(len(prefix), len(prefix) + len(example.ids))
    return Packed(
        ids=torch.tensor([ids]),
        positions=torch.tensor([positions]),
        sizes=(len(prefix), *(len(example.ids) for example in examples)),
        at=torch.tensor(at),
        targets=torch.tensor([token for example in examples for token in example.answer]),
    )


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    """(file and line, text) of every line that is not blank."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(field=str(path), zh_reason="读不了这个文件", reason=f"it cannot be read ({error})") from error
    for number, row in enumerate(text.split("\n"), 1):
        if row.strip():
            yield f"{path}:{number}", row


def _example(row: str, tokenizer: PreTrainedTokenizerBase) -> tuple[tuple[int, ...], Example]:
    """(the prompt's head, the example) of one line of a file."""
    raw = json.loads(row)
    line = raw["line"]
    if not isinstance(line, str) or not line.strip() or "\n" in line:
        raise ValueError("line must be one line of text")
    encoded = encode(tokenizer, prompt(request_of(raw)))
    answer = tokenizer(line + "\n", add_special_tokens=False, split_special_tokens=True).input_ids
    rest = (*encoded.facts, *encoded.rest)
    if len(encoded.head) + len(rest) + len(answer) >= LONGEST:
        raise ValueError(f"longer than {LONGEST} tokens")
    things = [raw[name] for name in ("facts", "one", "two") if name in raw]
    about = [str(thing.get("title", "")) for thing in things] or [str(raw.get("wish", ""))]
    domains = frozenset(str(thing.get("domain", "")) for thing in things)
    example = Example(_key(row), frozenset(map(_key, about)), domains, rest, (*answer, tokenizer.eos_token_id))
    return encoded.head, example


def _key(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest())


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the field {error.args[0]} is missing or has an unknown value"
    if isinstance(error, AttributeError):
        return "a field has the wrong type"
    return str(error)
