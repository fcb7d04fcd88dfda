"""Calls that may come twice: an idempotency key makes sure that each is done once and answered the same.

What was answered lies in the database, so that a restart or another replica changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from threading import Event
from typing import Any

from bot.bot import Bot
from bot.phrasing.outcomes import words_of
from bot.reply import Reply, ReplyEvent, Slate
from errors import Conflict, InputError
from storage.records import MessageRecord, RequestRecord, utc_now

LOOK_EVERY = 0.05
LONGEST_WAIT = 30.0
"""Seconds that a repeated call waits for the first one to end."""
ELSEWHERE = timedelta(seconds=20)
"""How long another replica may be writing a reply; after that it has died."""
LEASE, LEASE_HERE = timedelta(seconds=5), timedelta(seconds=60)
"""How long a call may be without any answer before it counts as dead and its key is taken over. A slate takes well
under a second; where this process is still at work on the session, the call is alive for longer."""


@dataclass(frozen=True)
class Once:
    """One call of a session with its key."""

    bot: Bot
    session_id: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, bot: Bot, session_id: str, key: str, call: str, body: dict[str, Any]) -> Once:
        """`call`, `body`: what is asked; another question under the same key is refused."""
        asked = json.dumps([call, body], sort_keys=True, ensure_ascii=True)
        return cls(bot, session_id, key, sha256(asked.encode()).hexdigest())

    def earlier(self) -> dict[str, Any] | None:
        """Takes the key: None where it is new, else what the call was answered. Waits for one that is running.

        Raises InputError where the key was used for something else, Conflict where there is no answer yet.
        """
        waiting = Event()
        for _ in range(int(LONGEST_WAIT / LOOK_EVERY)):
            lease = LEASE_HERE if self.bot.replying(self.session_id) else LEASE
            found = self.bot.store.claim_request(self.session_id, self.key, self.fingerprint, lease)
            if found is None:
                return None
            if found.fingerprint != self.fingerprint:
                raise InputError(
                    field="Idempotency-Key",
                    zh_reason="这个键已经用于另一个请求",
                    reason="this key was used for another request already",
                )
            if found.answer is not None and (_whole(found) or self._ended(found)):
                return self._completed(dict(found.answer))
            waiting.wait(LOOK_EVERY)
        raise Conflict(zh_reason="同一个请求还在处理中", reason="the same request is still being answered")

    def done(self, **answer: Any) -> None:
        """Keeps what was answered."""
        self.bot.store.answer_request(self.session_id, self.key, answer)

    def undone(self) -> None:
        """Nothing was done: the same call may try again."""
        self.bot.store.release_request(self.session_id, self.key)

    def remembered(self, steps: Generator[ReplyEvent, None, None]) -> Generator[ReplyEvent, None, None]:
        """The reply as it comes, its slate and its end kept on the way."""
        begun = False
        try:
            with closing(steps):
                for event in steps:
                    if isinstance(event, Slate):
                        begun = True  # its slate was kept as the key's answer in the same step
                    elif isinstance(event, Reply):
                        self.done(reply=event.as_json())
                    yield event
        finally:
            if not begun:
                self.undone()

    def _completed(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer; of a reply that was cut off, as far as it came."""
        return {"reply": self._cut_off(answer["slate"])} if "slate" in answer else answer

    def _ended(self, found: RequestRecord) -> bool:
        """Whether nobody writes the reply any more, in this process or, for all that can be known, in another."""
        if not self.bot.replicas:
            return not self.bot.replying(self.session_id)
        if self.bot.replying(self.session_id):
            return False
        assert found.answer is not None
        message = self._message(found.answer["slate"])
        stored = message is None or message.complete or bool(message.timings)
        return stored or found.created_at < utc_now() - ELSEWHERE

    def _message(self, slate: dict[str, Any]) -> MessageRecord | None:
        store = self.bot.store
        turns = {shown.slate_id: shown.turn_id for shown in store.slates(self.session_id)}
        turn_id = turns.get(slate["slate_id"])
        return next((m for m in store.messages(self.session_id) if m.turn_id == turn_id), None)

    def _cut_off(self, slate: dict[str, Any]) -> dict[str, Any]:
        message = self._message(slate)
        if message is None:
            raise Conflict(zh_reason="这个回答没有留下来", reason="that answer was not kept")
        words, reason = words_of(message.line_outcomes.values())
        return {
            "turn_id": message.turn_id,
            "slate": slate,
            "text": message.text,
            "lines": dict(message.lines),
            "intent": message.intent or "",
            "complete": message.complete,
            "words": words,
            "words_reason": reason or None,
            "timings_ms": dict(message.timings),
        }


def _whole(found: RequestRecord) -> bool:
    return found.answer is not None and "slate" not in found.answer


def replayed(reply: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A reply of earlier as events: the slate, the words of each part in one piece, the end."""
    yield "slate", reply["slate"]
    for part, text in {"opening": reply["text"], **reply["lines"]}.items():
        if text:
            yield "delta", {"part": part, "text": text}
    yield "done", reply


def at_once(once: Once | None, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Does something that has its answer at once, kept with the key; only the first time, where there is one."""
    if once is None:
        return do()
    if (earlier := once.earlier()) is not None:
        return dict(earlier["answer"])
    try:
        answer = do()
    except BaseException:
        once.undone()
        raise
    return answer
