"""Whether a thing that is named is meant itself, or only something like it."""

from __future__ import annotations

import re
from typing import Literal

LIKE_IT = re.compile(
    r"(?:类似于?|像|好像|相似于?|接近|仿照|风格像|similar to|along the lines of|in the (?:style|vein|spirit|manner) of|"
    r"reminiscent of|such as|akin to|comparable to|same as|else like|more like|(?<!i )(?<!we )(?<!really )(?<!also )"
    r"(?<!don't )(?<!not )(?<!dont )(?<!would )(?<!'d )(?<!’d )(?<!you )(?<!do )(?<!they )(?<!still )(?<!never )\blike)"
    r"\s*(?:the (?:film|movie|book|album|series|novel|song)s? |a )?[《“\"「『‘]?\s*$"
)
WITH_IT = re.compile(r"(?:跟|和|与|同)\s*[《“\"「『]?\s*$")
AS_IT = re.compile(
    r"\s*[》”\"」』’]?\s*(?:那样|那种|那类|这样的|这类|这种|一样|似的|之类|类似|同类"
    r"|同款|差不多|风格|系列那样|-?\s?like\b|-?\s?style\b|-?esque\b)"
)


def role_at(plain: str, start: int, end: int) -> Literal["this", "similar"]:
    """What is meant by the name in these characters of a text in small letters."""
    before = plain[max(0, start - 40) : start]
    after = AS_IT.match(plain, end)
    if LIKE_IT.search(before) or (after and (WITH_IT.search(before) or "一样" not in after.group())):
        return "similar"
    return "this"
