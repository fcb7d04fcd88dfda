"""How a line speaks: exaggeration, claims of health, claims about itself, repetition, the wrong language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.phrasing.check.source import holds
from bot.phrasing.check.violation import Violation
from errors import Lang
from retrieval.segment import HAN, LATIN, fold

EXAGGERATED = re.compile(
    r"最(?!近|后|初|终|少要|多可|多能|多容|低消|迟|晚|早)[^，。]?|完美|绝对|必备|必看|必读|必买|必入|第一名|极致|无与伦比|顶级|顶尖|首选|"
    r"独一无二|史上|神器|超值|秒杀|天花板|无敌|世界级|全网|闭眼入|不容错过|爆款|"
    r"\b(?:best|perfect(?:ly)?|must-(?:have|see|read)|ultimate|guaranteed?|unbeatable|flawless|unrivall?ed|top-notch|"
    r"world-class|number one|unmissable|greatest|finest|incredible|amazing|stunning)\b|"
    r"\bthe (?:most|(?!nearest|latest|rest|west|forest|guest|harvest|test|next|past|chest|nest|quest|east|request|"
    r"contest|pest|closest|interest|earliest|first)\w+est)\b",
    re.IGNORECASE,
)
HEALTH = re.compile(
    r"治好|根治|疗效|治疗|治愈|缓解|减轻|助眠|安神|降血[压糖脂]|降[压糖脂]|减肥|瘦身|燃脂|排毒|养生|美白|抗衰|防癌|抗癌|免疫力|消炎|"
    r"止痛|护肝|祛[湿痘斑]|改善睡眠|养胃|补血|明目|"
    r"\b(?:cur(?:es?|ing)|heal(?:s|ing)?|treats?|reliev(?:es?|ing)|lowers? (?:your )?blood|detox\w*|immun\w+|"
    r"burns? fat|weight loss|lose weight|anti-?ag(?:e?ing)|prevents? (?:cancer|illness|disease)|therapeutic|"
    r"improves? (?:your )?(?:sleep|health|digestion))\b",
    re.IGNORECASE,
)
CLAIMS = re.compile(
    r"我(?:也|刚|刚刚|今天|昨天|昨晚|最近|正|正在|以前|自己|家|都|就)*(?:吃|喝|睡|饿|困|累了|冷|热|逛|看过|听过|读过|去过|穿过|用过|尝过|住过|试过"
    r"|买过|出门|下班|起床|爸|妈|朋友|心情|身体|最爱)|我(?:很|好|挺|真)?(?:累|饿|困|难过|开心)(?!你)|"
    r"一定能|一定会|保证|包你|肯定能|肯定会|马上就(?:到|有|好)|明天就有|我去买|替你买|给你买|帮你(?:下单|预订|订|买)|"
    r"\bI(?:'ve|’ve| have| also| just| too| recently| once)* (?:ate|eaten|had (?:lunch|dinner|breakfast|a)|drank|slept|"
    r"watched|listened|read it|tried|wore|worn|visited|bought|walked|live[ds]? in|grew up)\b|"
    r"\bI(?:['’]m| am| feel) (?:also |so |very |a bit |really )*(?:tired|hungry|sleepy|cold|hot|sad|happy|excited|"
    r"human|doing (?:great|well|fine))\b|\bmy (?:day|friend|wife|husband|mother|father|family|lunch|dinner|weekend|"
    r"favou?rite|house|home|cat|dog)\b|\b(?:promise|definitely|for sure|I will find|I['’]ll find|I['’]ll buy|"
    r"I['’]ll book|I['’]ll order)\b",
    re.IGNORECASE,
)
"""What a program cannot say of itself, and what none can promise."""
WEATHER = re.compile(
    r"天气|下雨|下雪|晴天|大太阳|\b(?:weather|sunny|rainy|raining|snowing|outside today)\b", re.IGNORECASE
)
UNCLAIMED = re.compile(
    r"(?:can['’]?t|cannot|not|won['’]t|don['’]t|never|不能|没法|无法|不敢|不会|没)\s?$", re.IGNORECASE
)
INSIDE_A_WORD = r"(?<=[A-Za-z])(?=[A-Za-z])"
REPEATED = re.compile(rf"(?!{INSIDE_A_WORD})(.{{4,}})\1(?!{INSIDE_A_WORD})")
SAID_TWICE = re.compile(r"([一-鿿\d、]{5,}).*\1|\b(\w+ \w+ \w+)\b.*\b\2\b", re.IGNORECASE)
ECHO = re.compile(r"(?:^|[，。；,.;])\s*([^，。；,.;]{2,})[，。；,.;]\s*\1(?=\W|$)", re.IGNORECASE)
"""A clause and then the same again, or what begins with it."""

FOREIGN = 3
"""So many foreign words alone may be a name; more are a sentence."""


def manner(line: str, source: str) -> Iterator[Violation]:
    """Words that are too big, that speak of healing, or of the speaker, unless the source has them."""
    for kind, pattern in (("exaggeration", EXAGGERATED), ("health", HEALTH), ("claim", CLAIMS), ("weather", WEATHER)):
        if kind == "weather" and pattern.search(source):
            continue
        for match in pattern.finditer(line):
            if not holds(source, fold(match.group())) and not (
                kind == "claim" and UNCLAIMED.search(line[: match.start()])
            ):
                yield Violation(kind, match.group())


def repetition(line: str, source: str, *, parallel: bool = False) -> Iterator[Violation]:
    """What is said twice in one line, if the source does not say it twice. `parallel`: two things are told of in turn,
    so that words may come again, only not at once."""
    found = (*REPEATED.finditer(line), *ECHO.finditer(line), *(() if parallel else SAID_TWICE.finditer(line)))
    for match in found:
        said = next(filter(None, match.groups()))
        if source.count(fold(said)) < 2:
            yield Violation("repetition", said)


def language(line: str, source: str, lang: Lang) -> Iterator[Violation]:
    """A line in the other language; single words of it must come from the source."""
    han = HAN.findall(line)
    if lang == "zh":
        strange = [word for word in LATIN.findall(line) if not word.isdigit() and not _has_word(source, word)]
        if not han and len(LATIN.findall(line)) > FOREIGN:
            yield Violation("language", line)
        elif strange and (not han or any(len(word) > 1 for word in strange)):
            yield Violation("language", line if not han else " ".join(strange))
    elif (strange := [c for c in han if c not in source]) or len(han) > len(line) / 2:
        yield Violation("language", "".join(strange) or line)


def _has_word(source: str, word: str) -> bool:
    """Whether the source has a Latin word, whole or with its numbers beside it (USB 3, 28h)."""
    return holds(source, fold(word)) or fold(word).lstrip("0123456789") in source
