"""Numbers as people write them: 300, 1,200, 1.5k, 三百, 一百五, 两千."""

from __future__ import annotations

import re

DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}
NUMBER = r"(?:\d[\d,]*(?:\.\d+)?\s?(?:k\b|[百千万])?|[零一二两三四五六七八九十百千万]+)"
"""A pattern for one number, to be built into others."""
_ARABIC = re.compile(r"([\d,]+(?:\.\d+)?)\s?(k|[百千万])?", re.IGNORECASE)


def parse_number(text: str) -> float | None:
    """The value of a number in either script; None where it is none.

    >>> parse_number("一百五"), parse_number("1.5k"), parse_number("两千"), parse_number("1,200")
    (150.0, 1500.0, 2000.0, 1200.0)
    """
    text = text.strip().lower()
    if match := _ARABIC.fullmatch(text):
        digits = match[1].replace(",", "")
        scale = 1_000 if match[2] == "k" else UNITS.get(match[2] or "", 1)
        return float(digits) * scale if digits else None
    return _chinese(text)


def _chinese(text: str) -> float | None:
    total, section, digit, last_unit = 0, 0, -1, 1
    for char in text:
        if char in DIGITS:
            if digit > 0 and last_unit == 1:
                return None
            digit = DIGITS[char]
            last_unit = 10 if char in "零〇" else last_unit
        elif char in UNITS:
            unit = UNITS[char]
            if unit == 10_000:
                total, section = (total + section + max(digit, 0)) * unit, 0
            else:
                section += (1 if digit < 0 else digit) * unit
            digit, last_unit = -1, unit
        else:
            return None
    if digit > 0:
        # 一百五 is 150, not 105: a bare digit counts the next lower unit.
        section += digit * (last_unit // 10 if last_unit >= 100 else 1)
    return float(total + section) if text else None
