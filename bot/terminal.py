"""The conversation in a terminal: the same bot, the same store."""

from __future__ import annotations

import sys

from bot.bot import Bot
from bot.database import open_store
from bot.importing import index_lock
from bot.loading import Loader
from bot.phrasing.facts import price
from bot.reply import Card, Delta, Reply, Slate
from bot.settings import Settings
from bot.setup import set_up
from bot.web.texts import greeting
from errors import Lang, SettingsError, ZhiyinError
from storage.records import new_token


def chat(settings: Settings, lang: Lang) -> None:
    """Talks until end of input or an empty line. Raises SettingsError where a running app holds the index."""
    set_up(settings)
    with index_lock(settings) as held:
        if not held:
            raise SettingsError(
                name="ZHIYIN_DATA_DIR", reason="the app is running on it; use the page, or another folder"
            )
        store = open_store(settings)
        loader = Loader(settings, store)
        loader.start()
        try:
            loader.wait()
            _talk(Bot(store, loader), lang)
        finally:
            loader.close()


def _talk(bot: Bot, lang: Lang) -> None:
    session, _ = bot.open_session(new_token(), lang)
    print(greeting(lang))
    while text := _ask():
        try:
            _answer(bot, session.session_id, text, lang)
        except ZhiyinError as error:
            print(error.say(lang))


def _ask() -> str:
    print("\n> ", end="", flush=True)
    return sys.stdin.readline().strip()


def _answer(bot: Bot, session_id: str, text: str, lang: Lang) -> None:
    cards: dict[str, Card] = {}
    for event in bot.reply(session_id, text):
        match event:
            case Slate():
                cards = {card.item.id: card for card in event.cards}
            case Delta(part="opening", text=words):
                print(words, end="", flush=True)
            case Reply():
                print()
                for number, (item_id, card) in enumerate(cards.items(), 1):
                    head = [card.item.title, price(card.item, lang), str(card.item.year or "")]
                    print(f" {number}. " + " · ".join(part for part in head if part))
                    print(f"    {event.lines.get(item_id, '')}")
                    print("    ↳ " + "; ".join(because.text for because in card.because))
            case Delta():
                pass
