"""Prompts as token ids."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from bot.phrasing.language_model import Prompt


@dataclass(frozen=True)
class Encoded:
    """A prompt as token ids: the head that all prompts with this system part share, the facts of an item, the rest.

    The parts are tokenised one by one, so that the ids of one never depend on what stands beside it. `begins`: how the
    line may well begin.
    """

    head: tuple[int, ...]
    facts: tuple[int, ...]
    rest: tuple[int, ...]
    begins: tuple[int, ...] = ()


def encode(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> Encoded:
    """The prompt under the tokenizer's chat template, or as plain paragraphs where it has none.

    Only the template's own text may hold control tokens; in the user's part they are read as plain characters.
    """
    mark = "\0"
    text = f"{tokenizer.bos_token or ''}{prompt.system}\n\n{mark}\n"
    if tokenizer.chat_template:
        turns = [{"role": "system", "content": prompt.system}, {"role": "user", "content": mark}]
        text = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    before, _, after = text.partition(mark)
    head = _ids(tokenizer, before)
    facts = _ids(tokenizer, prompt.facts + "\n", plain=True) if prompt.facts else ()
    rest = _ids(tokenizer, prompt.user, plain=True) + _ids(tokenizer, after)
    return Encoded(head, facts, rest, _ids(tokenizer, prompt.begins, plain=True) if prompt.begins else ())


def _ids(tokenizer: PreTrainedTokenizerBase, text: str, *, plain: bool = False) -> tuple[int, ...]:
    return tuple(tokenizer(text, add_special_tokens=False, split_special_tokens=plain).input_ids)
