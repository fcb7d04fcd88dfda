"""What the page and the interface say on their own, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from errors import Lang

GREETING: dict[Lang, str] = {
    "zh": "你好，我是知音。说说你喜欢什么、不要什么、预算多少，我边听边挑。",
    "en": "Hello, I am Zhiyin. Tell me what you like, what you don't, and your budget; I pick as I listen.",
}
SURPRISE: dict[Lang, str] = {"zh": "随便看看，给我点惊喜", "en": "Surprise me"}


@dataclass(frozen=True)
class Example:
    """A wish somebody might have. `needs`: each of these groups must be in the catalogue, in one of its words."""

    zh: str
    en: str
    needs: tuple[tuple[str, ...], ...]

    def said(self, lang: Lang) -> str:
        """The wish in a language."""
        return self.zh if lang == "zh" else self.en


EXAMPLES: dict[str, Example] = {
    "clothing": Example(
        "我喜欢浏览一些时尚的衣服，特别是品牌T恤和牛仔裤",
        "I like browsing fashionable clothes, especially brand-name T-shirts and jeans",
        (("t恤", "t-shirt"), ("牛仔裤", "jeans")),
    ),
    "film": Example(
        "想看一部节奏慢一点的科幻电影，不要恐怖的",
        "A slow-paced science-fiction film, nothing scary",
        (("科幻", "sci-fi", "science fiction"),),
    ),
    "book": Example(
        "最近想读点推理小说，有什么推荐", "I'd like to read a mystery novel", (("推理", "mystery", "detective"),)
    ),
    "course": Example(
        "零基础想学摄影，有没有免费的课", "I want to learn photography from scratch", (("摄影", "photography"),)
    ),
    "recipe": Example(
        "半小时能做好的家常菜", "A home-style dish I can cook in half an hour", (("家常", "home cooking", "homemade"),)
    ),
    "electronics": Example(
        "500元以内的蓝牙耳机",
        "Bluetooth headphones under 500 yuan",
        (("蓝牙", "bluetooth"), ("耳机", "headphone", "earphone")),
    ),
    "exercise": Example(
        "每天在家练二十分钟，不用器材", "A home workout without equipment", (("在家", "at home", "home workout"),)
    ),
    "music": Example("晚上一个人听的安静音乐", "Quiet music for the evening", (("安静", "quiet", "calm"),)),
}


def greeting(lang: Lang) -> str:
    """What a new visitor reads first."""
    return GREETING[lang]
