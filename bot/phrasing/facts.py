"""An item's facts as short labelled texts: what prompts, plain sentences, checks and cards speak from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from errors import Lang
from retrieval.items import AttributeValue, Item

LABELS: Mapping[str, tuple[str, str]] = {
    "title": ("名称", "title"),
    "category": ("类别", "kind"),
    "brand": ("出自", "by"),
    "price": ("价格", "price"),
    "year": ("年份", "year"),
    "tags": ("标签", "tags"),
    "description": ("简介", "about"),
    "color": ("颜色", "color"),
    "material": ("材质", "material"),
    "season": ("季节", "season"),
    "audience": ("适合人群", "for"),
    "style": ("风格", "style"),
    "fit": ("版型", "fit"),
    "size": ("尺寸", "size"),
    "level": ("难度级别", "level"),
    "duration_minutes": ("时长（分钟）", "minutes"),
    "country": ("国家地区", "country"),
    "language": ("语言", "language"),
    "weeks": ("周数", "weeks"),
    "servings": ("份数", "servings"),
    "calories": ("热量（千卡）", "calories"),
    "difficulty": ("难度", "difficulty"),
    "platform": ("平台", "platform"),
    "battery_hours": ("续航（小时）", "battery hours"),
    "waterproof": ("防水", "waterproof"),
    "weight_g": ("重量（克）", "weight in grams"),
    "pages": ("页数", "pages"),
    "episodes": ("集数", "episodes"),
    "schedule": ("时间安排", "schedule"),
    "members": ("成员数", "members"),
    "region": ("地区", "region"),
    "equipment": ("器材", "equipment"),
}
CURRENCIES: Mapping[str, tuple[str, str]] = {
    "CNY": ("{}元", "{} yuan"),
    "USD": ("{}美元", "${}"),
    "EUR": ("{}欧元", "€{}"),
    "GBP": ("{}英镑", "£{}"),
    "JPY": ("{}日元", "¥{}"),
    "HKD": ("{}港元", "HK${}"),
}


def label(name: str, lang: Lang) -> str:
    """The field's or attribute's name as a person reads it; an unknown one is shown as it is."""
    zh, en = LABELS.get(name, (name.replace("_", " "),) * 2)
    return zh if lang == "zh" else en


def number(value: float) -> str:
    """A number to two decimals, without a useless ".0"."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def price(item: Item, lang: Lang) -> str:
    """The price as said: 199元, 199 yuan, 免费; empty where the item is not for sale."""
    if item.price is None:
        return ""
    if item.price == 0:
        return "免费" if lang == "zh" else "free"
    amount = number(item.price)
    zh, en = CURRENCIES.get(item.currency or "CNY", (f"{{}} {item.currency}",) * 2)
    return (zh if lang == "zh" else en).format(amount)


def value_text(value: AttributeValue, lang: Lang) -> str:
    """An attribute's value as said."""
    if isinstance(value, bool):
        return {True: ("是", "yes"), False: ("否", "no")}[value][lang == "en"]
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, str):
        return value
    return listed(value, lang)


def listed(values: Iterable[str], lang: Lang) -> str:
    """Several texts as a list in a sentence."""
    return ("、" if lang == "zh" else ", ").join(values)


def facts(item: Item, lang: Lang) -> Iterator[tuple[str, str]]:
    """All facts of a localised item as (field, text), the telling ones first; absent ones are left out."""
    yield "title", item.title
    if item.category or item.domain:
        yield "category", item.category or item.domain
    if item.brand:
        yield "brand", item.brand
    if item.price is not None:
        yield "price", price(item, lang)
    if item.year is not None:
        yield "year", str(item.year)
    for name, value in item.attributes.items():
        yield name, value_text(value, lang)
    if item.tags:
        yield "tags", listed(item.tags, lang)
    if item.description:
        yield "description", item.description
