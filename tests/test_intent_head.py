"""The head that decides where no rule does: its sentences, its scores on what it has not seen, its use."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bot.bot import Mind
from bot.understanding.intent_head import (
    SURE,
    FloatArray,
    IntentHead,
    Labelled,
    fit,
    from_bytes,
    held_out,
    intent_head,
    labelled,
    to_bytes,
)
from bot.understanding.turn import Intent, Turn

EXAMPLES = labelled()


@pytest.fixture(scope="module")
def vectors(mind: Mind) -> FloatArray:
    return mind.encoder.encode([example.text for example in EXAMPLES], "query")


@pytest.fixture(scope="module")
def shipped(mind: Mind) -> IntentHead:
    return intent_head(mind.encoder, embedded=True)


def turn(text: str, intent: Intent) -> Turn:
    return Turn(text, "zh", intent, certain=False)


def test_every_intent_has_sentences_of_both_languages_and_none_twice() -> None:
    counts = Counter((example.intent, example.lang) for example in EXAMPLES)
    assert all(counts[intent, lang] >= 20 for intent in Intent for lang in ("zh", "en"))
    assert len({example.text for example in EXAMPLES}) == len(EXAMPLES)


def test_what_was_left_out_is_mostly_right_and_more_so_where_the_head_decides(vectors: FloatArray) -> None:
    scores = held_out(vectors, EXAMPLES)
    assert scores.accuracy >= 0.78
    assert scores.decided >= 0.5
    assert scores.right_when_decided >= 0.92
    assert scores.by_intent[Intent.CARE] >= 0.85


def test_the_head_that_ships_is_the_one_that_the_sentences_give(vectors: FloatArray, shipped: IntentHead) -> None:
    made = fit(vectors, EXAMPLES)
    assert made.intents == shipped.intents
    same = (made.probabilities(vectors).argmax(axis=1) == shipped.probabilities(vectors).argmax(axis=1)).mean()
    assert same >= 0.99


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("could you check my bank balance", Intent.OUT_OF_SCOPE),
        ("I feel like killing myself", Intent.CARE),
        ("这几个都看腻了", Intent.REJECT),
        ("哪个更值得看", Intent.COMPARE),
        ("帮我挑一件吧，我懒得想", Intent.ANYTHING),
    ],
)
def test_it_decides_what_it_was_not_shown(mind: Mind, shipped: IntentHead, text: str, intent: Intent) -> None:
    vector = mind.encoder.encode([text], "query")[0]
    assert shipped.intent(vector, turn(text, Intent.ASK)) is intent


def test_an_unsure_head_leaves_the_guess_of_the_rules() -> None:
    flat = IntentHead(
        (Intent.ASK, Intent.MORE),
        np.zeros(3, dtype=np.float32),
        np.zeros((3, 2), dtype=np.float32),
        np.zeros(2, dtype=np.float32),
    )
    assert SURE > 0.5
    assert flat.intent(np.ones(3, dtype=np.float32), turn("", Intent.REFINE)) is Intent.REFINE


def test_a_head_is_kept_whole(shipped: IntentHead, vectors: FloatArray) -> None:
    again = from_bytes(to_bytes(shipped))
    assert again.intents == shipped.intents
    assert np.array_equal(again.probabilities(vectors), shipped.probabilities(vectors))


def test_a_head_of_two_clear_groups_tells_them_apart() -> None:
    examples = [Labelled(f"{i}", Intent.MORE if i % 2 else Intent.ASK, "en") for i in range(20)]
    points = np.asarray([[1, 0.1 * i] if i % 2 else [-1, 0.1 * i] for i in range(20)], dtype=np.float32)
    head = fit(points, examples)
    guesses = [head.intents[k] for k in head.probabilities(points).argmax(axis=1)]
    assert guesses == [example.intent for example in examples]
