"""What the page and the interface say on their own, in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from errors import Lang

GREETING: dict[Lang, str] = {
    "zh": "你好，我是知音。说说你喜欢什么、不要什么、预算多少，我边听边挑。",
    "en": "Hello, I am Zhiyin. Tell me what you like, what you don't, and your budget; I pick as I listen.",
}
EXAMPLES: dict[str, tuple[str, str]] = {
    "clothing": (
        "我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤",
        "I like browsing fashionable clothes, especially brand-name T-shirts and jeans",
    ),
    "film": ("想看一部节奏慢一点的科幻电影，不要恐怖的", "A slow-paced science-fiction film, nothing scary"),
    "book": ("最近想读点推理小说，有什么推荐", "I'd like to read a mystery novel"),
    "course": ("零基础想学摄影，有没有免费的课", "I want to learn photography from scratch"),
    "recipe": ("半小时能做好的家常菜", "A home-style dish I can cook in half an hour"),
    "electronics": ("500元以内的蓝牙耳机", "Bluetooth headphones under 500 yuan"),
    "exercise": ("每天在家练二十分钟，不用器材", "A home workout without equipment"),
    "music": ("晚上一个人听的安静音乐", "Quiet music for the evening"),
}
MOST_SUGGESTIONS = 4


def greeting(lang: Lang) -> str:
    """What a new visitor reads first."""
    return GREETING[lang]


def suggestions(domains: Sequence[tuple[str, str]], lang: Lang) -> list[str]:
    """Example wishes that this catalogue can answer. `domains`: (domain, its commonest category in `lang`)."""
    known = [EXAMPLES[name][lang == "en"] for name in EXAMPLES if name in {domain for domain, _ in domains}]
    other = [
        f"想看看{category}" if lang == "zh" else f"Show me some {category}"
        for domain, category in domains
        if domain not in EXAMPLES
    ]
    return (known + other)[:MOST_SUGGESTIONS]
