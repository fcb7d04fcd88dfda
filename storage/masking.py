"""Personal numbers in a text, masked: phone numbers, mail addresses, Chinese identity cards, bank cards.

What only looks like one stays: an identity card needs its check digit (GB 11643), a bank card that of Luhn.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])\d{6}[ -]?(?:19|20)\d{6}[ -]?\d{3}[0-9Xx](?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9A-Za-z.])\d(?:[ -]?\d){12,18}(?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])(?:\+?86[ -]?|0086[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z])")
_LANDLINE = re.compile(r"(?<![0-9A-Za-z.-])(?:\(0\d{2,3}\)|0\d{2,3}[ -])[ -]?\d{7,8}(?![0-9A-Za-z])")
_FOREIGN = re.compile(r"(?<![0-9A-Za-z.])(?:\+|00)[1-9](?:[ ().-]{0,2}\d){7,13}(?![0-9A-Za-z])")
_NORTH_AMERICA = re.compile(r"(?<![0-9A-Za-z.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-.])[2-9]\d{2}[-.]\d{4}(?![0-9A-Za-z])")

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"

_WIDE = str.maketrans("０１２３４５６７８９＠－＋Ｘ", "0123456789@-+X")
"""Wide forms, one character each, so that places in both texts are the same."""


def mask(text: str) -> str:
    """The text with personal numbers replaced by [mail], [id], [card] and [phone]; the same again for what it gave."""
    plain = text.translate(_WIDE)
    found: list[tuple[int, int, str]] = []
    for pattern, name, holds in (
        (_MAIL, "[mail]", None),
        (_IDENTITY, "[id]", is_identity),
        (_CARD, "[card]", is_bank_card),
        (_MOBILE, "[phone]", None),
        (_LANDLINE, "[phone]", None),
        (_FOREIGN, "[phone]", None),
        (_NORTH_AMERICA, "[phone]", None),
    ):
        for match in pattern.finditer(plain):
            apart = all(match.end() <= start or match.start() >= end for start, end, _ in found)
            if apart and (holds is None or holds(match.group())):
                found.append((match.start(), match.end(), name))
    for start, end, name in sorted(found, reverse=True):
        text = text[:start] + name + text[end:]
    return text


def masked(value: Any, how: Callable[[str], str] = mask) -> Any:
    """A JSON value with every text in it masked; names of fields stay, and ids and times, which have no such form."""
    match value:
        case str():
            return how(value)
        case Mapping():
            return {key: masked(inner, how) for key, inner in value.items()}
        case list() | tuple():
            return [masked(inner, how) for inner in value]
        case _:
            return value


def is_identity(text: str) -> bool:
    """Whether 18 characters are a Chinese identity number: the check digit of GB 11643 (ISO 7064, MOD 11-2)."""
    signs = re.sub(r"[ -]", "", text).upper()
    month, day = int(signs[10:12]), int(signs[12:14])
    total = sum(weight * int(sign) for weight, sign in zip(_WEIGHTS, signs[:17], strict=True))
    return 1 <= month <= 12 and 1 <= day <= 31 and _CHECKS[total % 11] == signs[17]


def is_bank_card(text: str) -> bool:
    """Whether 13 to 19 digits pass Luhn's check (ISO/IEC 7812) and begin as cards do."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return digits[0] in (3, 4, 5, 6) and (sum(doubled) + sum(digits[::-2])) % 10 == 0


class Masking(logging.Filter):
    """Masks what goes into a log: the message with its arguments, and the text of an error."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass."""
        record.msg, record.args = mask(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        return True


def mask_logs() -> None:
    """Masks all that the root logger's handlers write."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(present, Masking) for present in handler.filters):
            handler.addFilter(Masking())
