"""Whatever is said in whatever catalogue: nothing on a slate breaks a limit, a refusal or a dislike, or comes again.

What must hold is worked out here from how the sentences were made, not by reading them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from zlib import crc32

import jieba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.bot import Bot, Mind
from bot.loading import build_mind
from bot.reply import Card, Slate
from bot.settings import Settings
from errors import Lang
from retrieval.catalogue import FloatArray, build, item_texts
from retrieval.importing import encode_items
from retrieval.items import Item
from storage.database import open_database
from storage.store import Store

EXAMPLES = 220
WIDTH = 64

DOMAINS: dict[Lang, tuple[str, ...]] = {"zh": ("风筝", "茶壶", "帐篷"), "en": ("kite", "teapot", "tent")}
CATEGORIES: dict[Lang, tuple[str, ...]] = {"zh": ("比赛款", "旅行款"), "en": ("contest model", "travel model")}
WORDS: dict[Lang, tuple[str, ...]] = {
    "zh": ("竹编", "复古", "折叠", "陶土", "防水", "蓝色"),
    "en": ("bamboo", "retro", "folding", "clay", "waterproof", "blue"),
}
"""Half of them tags, half of them values of an attribute."""
MAKERS: dict[Lang, tuple[str, ...]] = {"zh": ("云山坊", "石桥铺"), "en": ("Orlo", "Stonebridge")}

# Limits are even, prices and years odd: where a limit itself falls is nobody's mistake.
PRICE_FORMS: tuple[tuple[Lang, str, str], ...] = (
    ("zh", "{n}元以内的{what}", "<"),
    ("zh", "不超过{n}块的{what}", "<"),
    ("zh", "{what}，{n}元以下", "<"),
    ("zh", "{n}元以上的{what}", ">"),
    ("zh", "{n}到{m}元的{what}", "<>"),
    ("en", "{what} under {n} yuan", "<"),
    ("en", "{what} for at most {n} yuan", "<"),
    ("en", "{what} over {n} yuan", ">"),
    ("en", "{what} between {n} and {m} yuan", "<>"),
)
YEAR_FORMS: tuple[tuple[Lang, str, str], ...] = (
    ("zh", "{n}年以后的{what}", ">"),
    ("zh", "{n}年以前的{what}", "<"),
    ("en", "{what} from after {n}", ">"),
    ("en", "{what} made before {n}", "<"),
)
WISHES: tuple[tuple[Lang, str], ...] = (
    ("zh", "想看看{what}"),
    ("zh", "还是推荐几个{what}吧"),
    ("en", "show me some {what}"),
    ("en", "I would like {what}"),
)
REFUSALS: tuple[tuple[Lang, str], ...] = (
    ("zh", "不要{word}的"),
    ("zh", "别给我看{word}的"),
    ("zh", "除了{word}的都行"),
    ("zh", "我讨厌{word}"),
    ("en", "no {word}"),
    ("en", "nothing {word}, please"),
    ("en", "anything but {word}"),
    ("en", "I don't want {word}"),
)
MORE: tuple[tuple[Lang, str], ...] = (("zh", "换一批"), ("zh", "还有别的吗"), ("en", "show me more"), ("en", "more"))
LIFTED: tuple[tuple[Lang, str], ...] = (("zh", "价格无所谓，贵一点也行"), ("en", "forget the budget"))


# -- what there is


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[Lang, tuple[Item, ...]]:
    """A small catalogue in one language, with gaps: things without a price, without a year, not available."""
    lang: Lang = draw(st.sampled_from(("zh", "en")))
    odd = st.integers(0, 499).map(lambda n: 2 * n + 1)
    kinds = st.tuples(
        st.sampled_from(DOMAINS[lang]),
        st.sampled_from(CATEGORIES[lang]),
        st.sampled_from(MAKERS[lang]),
        st.none() | odd,
        st.none() | st.integers(975, 1014).map(lambda n: 2 * n + 1),
        st.sets(st.sampled_from(WORDS[lang][:3]), max_size=2),
        st.sampled_from((*WORDS[lang][3:], "")),
        st.sampled_from((True, True, True, True, False)),
    )
    rows = draw(st.lists(kinds, min_size=4, max_size=18))
    return lang, tuple(_item(lang, n, *row) for n, row in enumerate(rows))


def _item(
    lang: Lang,
    n: int,
    domain: str,
    category: str,
    brand: str,
    price: int | None,
    year: int | None,
    tags: set[str],
    finish: str,
    available: bool,
) -> Item:
    return Item(
        id=f"i{n}",
        title=f"天问{n}" if lang == "zh" else f"Zephyr {n}",
        domain=domain,
        category=category,
        brand=brand,
        price=price,
        currency="CNY" if price else "",
        year=year,
        tags=tuple(sorted(tags)),
        attributes={"finish": finish} if finish else {},
        available=available,
    )


# -- what is said, and what must then hold


@dataclass(frozen=True)
class Bound:
    """A limit as the test knows it: strictly between, for one domain or ("") for all."""

    of: str
    low: float
    high: float
    domain: str

    def broken_by(self, item: Item, priced: set[tuple[str, str]]) -> bool:
        """A number that is not known is outside, where the domain has such numbers at all."""
        if self.domain not in ("", item.domain):
            return False
        value = item.price if self.of == "price" else item.year
        return (self.of, item.domain) in priced if value is None else not self.low < value < self.high


@dataclass
class Rules:
    """What is in force."""

    items: Sequence[Item]
    domain: str = ""
    bounds: list[Bound] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    disliked: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        known = [("price", i.price, i.domain) for i in self.items] + [("year", i.year, i.domain) for i in self.items]
        self.numbered = {(of, domain) for of, value, domain in known if value is not None}

        self.domains = sorted({item.domain for item in self.items})

    def talk_of(self, number: int) -> None:
        """A domain is named; a limit that was said of nothing in particular surely binds the first one."""
        self.domain = self.domains[number % len(self.domains)]
        self.bounds = [replace(bound, domain=bound.domain or self.domain) for bound in self.bounds]

    def limit(self, of: str, low: float, high: float) -> None:
        """A newer limit replaces those on the same for the same things."""
        self.bounds = [b for b in self.bounds if b.of != of or b.domain not in ("", self.domain)]
        self.bounds.append(Bound(of, low, high, self.domain))

    def broken(self, card: Card, *, narrowed: bool) -> list[str]:
        """What a card breaks, in words. `narrowed`: by the last turn, so that what was shown may be the answer."""
        (item,) = (item for item in self.items if item.id == card.item.id)
        about = {item.domain, item.category, item.brand, *item.tags, *map(str, item.attributes.values())}
        out = [f"{bound}" for bound in self.bounds if bound.broken_by(item, self.numbered)]
        out += [f"refused: {word}" for word in sorted(about & self.refused)]
        out += ["disliked"] if item.id in self.disliked else []
        out += ["not available"] if not item.available else []
        out += ["shown before"] if item.id in self.shown and not narrowed else []
        return [f"{item.id}: {why}" for why in out]


@dataclass(frozen=True)
class Step:
    """One turn. `kind`: want, price, year, refuse, more, lift or dislike; the rest picks the sentence."""

    kind: str
    form: int
    what: int
    word: int
    number: int
    names: bool

    def text(self, lang: Lang, rules: Rules) -> str:
        """What is said; the rules change as they must."""
        form = {
            "want": WISHES,
            "price": PRICE_FORMS,
            "year": YEAR_FORMS,
            "refuse": REFUSALS,
            "more": MORE,
            "lift": LIFTED,
        }[self.kind]
        said_in, sentence, *op = form[self.form % len(form)]
        named = self.kind == "want" or (self.kind in ("price", "year") and self.names)
        word = WORDS[lang][self.word % len(WORDS[lang])]
        if named:
            rules.talk_of(self.what)
        if self.kind == "refuse":
            rules.refused.add(word)
        if self.kind == "lift":
            rules.bounds = [bound for bound in rules.bounds if bound.of != "price"]
        n = self.number * 2 if self.kind == "price" else 1950 + self.number % 40 * 2
        if op:
            low = n if ">" in op[0] or op[0] == "<>" else -1
            high = n + 200 if op[0] == "<>" else n if op[0] == "<" else float("inf")
            rules.limit(self.kind, low, high)
        thing = rules.domain if named else ("东西" if said_in == "zh" else "something")
        what = f"{thing}s" if named and lang == "en" else thing
        return sentence.format(what=what, word=word, n=n, m=n + 200)


steps = st.builds(
    Step,
    kind=st.sampled_from(("want", "want", "price", "price", "year", "refuse", "refuse", "more", "lift", "dislike")),
    form=st.integers(0, 71),
    what=st.integers(0, 2),
    word=st.integers(0, 5),
    number=st.integers(20, 450),
    names=st.booleans(),
)


# -- what answers: all real but the encoder and the index


class HashedEncoder:
    """Every pair of letters has a direction of its own: texts that share letters are near."""

    name = "hashed"
    dimension = WIDTH

    def encode(self, texts: Sequence[str], kind: str) -> FloatArray:
        """Texts [n] -> unit vectors [n, d]."""
        rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for a, b in zip(f" {text}", f"{text} ", strict=True):
                row[crc32(f"{a}{b}".encode()) % WIDTH] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


class ExactIndex:
    """The index's search by comparing with everything."""

    def __init__(self, ids: Sequence[str], vectors: FloatArray) -> None:
        self._ids, self._vectors = ids, vectors

    def __len__(self) -> int:
        return len(self._ids)

    def search(self, queries: FloatArray, k: int) -> tuple[list[list[str]], FloatArray]:
        """As `retrieval.index.Index.search`."""
        cosines = queries @ self._vectors.T
        order = np.argsort(-cosines, axis=1)[:, :k]
        return [[self._ids[i] for i in row] for row in order], np.take_along_axis(cosines, order, axis=1)


@pytest.fixture(scope="module", autouse=True)
def _one_dictionary() -> Iterator[None]:
    """Reading jieba's dictionary takes longer than a whole conversation: each catalogue gets a copy of one."""
    known = jieba.Tokenizer()
    known.initialize()

    def copied(self: jieba.Tokenizer, dictionary: object = None) -> None:
        if not self.initialized:
            self.FREQ, self.total, self.initialized = dict(known.FREQ), known.total, True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jieba.Tokenizer, "initialize", copied)
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(open_database(Settings(data_dir=tmp_path_factory.mktemp("limits")).database))


NARROWING = frozenset({"price", "year", "refuse"})
"""Kinds of turns after which what was shown may come again, for it may be all that meets what is asked for now."""


def mind_of(items: Sequence[Item]) -> Mind:
    encoder = HashedEncoder()
    vectors = encode_items([item_texts(item) for item in items], encoder)
    index = ExactIndex([item.id for item in items], vectors)
    mind = build_mind(build(items, vectors), encoder, index, (), Settings(llm="none"))
    return replace(mind, intent_head=None)  # it was trained for an encoder that understands


def converse(store: Store, lang: Lang, items: Sequence[Item], turns: Sequence[Step]) -> tuple[list[str], list[int]]:
    """Plays the turns: what was broken, told with what was said, and how many cards each answer had."""
    mind = mind_of(items)
    bot = Bot(store, lambda: mind)
    rules = Rules(items)
    session, opening = bot.open_session("token", lang)
    cards, said, broken, counts = opening.cards, ["(opening)"], [], list[int]()
    broken += [f"{said}: {why}" for card in cards if not card.item.available for why in ("not available",)]
    for turn in turns:
        if turn.kind == "dislike":
            if cards:
                disliked = cards[turn.what % len(cards)].item.id
                bot.feedback(session.session_id, disliked, "dislike")
                rules.disliked.add(disliked)
                said.append(f"(dislikes {disliked})")
            continue
        said.append(turn.text(lang, rules))
        slate = next(event for event in bot.reply(session.session_id, said[-1]) if isinstance(event, Slate))
        cards = slate.cards or cards
        broken += [
            f"{said}: {why}" for card in slate.cards for why in rules.broken(card, narrowed=turn.kind in NARROWING)
        ]
        rules.shown |= {card.item.id for card in slate.cards}
        counts.append(len(slate.cards))
    return broken, counts


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(catalogue=catalogues(), turns=st.lists(steps, min_size=2, max_size=7))
def test_no_slate_breaks_what_was_said(
    store: Store, catalogue: tuple[Lang, tuple[Item, ...]], turns: list[Step]
) -> None:
    lang, items = catalogue
    broken, _ = converse(store, lang, items, turns)
    assert not broken, "\n".join(broken)


def full(lang: Lang) -> tuple[Item, ...]:
    """Everything that can be had: what is asked for is always there."""
    rows = [
        (domain, category, brand, price, year, tag, finish)
        for domain in DOMAINS[lang]
        for category, brand in zip(CATEGORIES[lang], MAKERS[lang], strict=True)
        for price, year in ((101, 1961), (301, 1991), (701, 2011))
        for tag, finish in zip(WORDS[lang][:3], WORDS[lang][3:], strict=True)
    ]
    return tuple(_item(lang, n, d, c, b, p, y, {t}, f, True) for n, (d, c, b, p, y, t, f) in enumerate(rows))


FORMS = [
    (kind, form)
    for kind, forms in (("price", PRICE_FORMS), ("year", YEAR_FORMS), ("refuse", REFUSALS))
    for form in range(len(forms))
]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_what_can_be_met_is_met_not_avoided(store: Store, lang: Lang, kind: str, form: int) -> None:
    first = Step("want", 0, 1, 0, 0, names=True)
    then = Step(kind, form, 1, 2, 100 if kind == "price" else 15, names=True)
    broken, counts = converse(store, lang, full(lang), [first, then])
    assert not broken, "\n".join(broken)
    assert counts == [3, 3]
