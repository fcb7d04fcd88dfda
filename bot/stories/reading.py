"""Story files (YAML) to stories. What is wrong is told with file, story, turn, field and reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.keeping import FEEDBACK_KINDS, VALUED_KINDS, checked_feedback
from bot.stories import values
from bot.stories.expecting import expected
from bot.stories.story import Expected, Feedback, Say, Story, Turn, Visit
from bot.stories.values import Place
from errors import InputError, Lang

STORY_KEYS = ("name", "lang", "capability", "domains", "visitor", "turns")
TURN_KEYS = ("say", "feedback", "visit")


def read_stories(path: Path) -> tuple[Story, ...]:
    """The stories of a file. Those that name no capability have the file's name. Raises StoryError."""
    place = Place(str(path), "the whole file", "file")
    try:
        written = path.read_text(encoding="utf-8")
        _check_names(place, yaml.compose(written, yaml.SafeLoader))
        raw = yaml.safe_load(written)
    except OSError as error:
        raise place.wrong(f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise place.wrong("is not UTF-8 text") from error
    except yaml.YAMLError as error:
        raise place.wrong(" ".join(str(error).split())) from error
    if not isinstance(raw, list) or not raw:
        raise place.wrong("must be a list of stories")
    return tuple(_story(str(path), n, one, path.stem) for n, one in enumerate(raw, 1))


def _story(file: str, n: int, raw: Any, capability: str) -> Story:
    place = Place(file, f"story {n}")
    given = values.mapping(place, raw, STORY_KEYS, ("name", "turns"))
    name = values.text(place.of("name"), given["name"])
    place = Place(file, f"story {n} ({name})")
    turns = values.sequence(place.of("turns"), given["turns"])
    return Story(
        name=name,
        turns=tuple(_turn(Place(file, f"story {n} ({name}), turn {i}"), turn) for i, turn in enumerate(turns, 1)),
        lang=_lang(place.of("lang"), given.get("lang", "zh")),
        capability=values.text(place.of("capability"), given.get("capability", capability)),
        domains=values.texts(place.of("domains"), given["domains"]) if "domains" in given else (),
        visitor=values.text(place.of("visitor"), given["visitor"]) if "visitor" in given else "",
        file=file,
    )


def _lang(place: Place, raw: Any) -> Lang:
    return "zh" if values.one_of(place, raw, ("zh", "en")) == "zh" else "en"


def _turn(place: Place, raw: Any) -> Turn:
    given = values.mapping(place, raw, (*TURN_KEYS, "expect"))
    kinds = [key for key in TURN_KEYS if key in given]
    if len(kinds) != 1:
        raise place.of("turn").wrong(f"needs one of {', '.join(TURN_KEYS)}")
    then = expected(place.of("expect"), given["expect"]) if "expect" in given else Expected()
    match kinds[0]:
        case "say":
            return Say(values.text(place.of("say"), given["say"]), then)
        case "visit":
            values.one_of(place.of("visit"), given["visit"], ("new",))
            return Visit(then)
    return _feedback(place.of("feedback"), given["feedback"], then)


def _feedback(place: Place, raw: Any, then: Expected) -> Feedback:
    given = values.mapping(place, raw, ("nth", "item", "kind", "value"), ("kind",))
    if ("nth" in given) == ("item" in given):
        raise place.wrong("needs either nth or item")
    kind = values.one_of(place.of("kind"), given["kind"], FEEDBACK_KINDS)
    value = values.number(place.of("value"), given["value"]) if "value" in given else None
    if value is not None and kind not in VALUED_KINDS:
        raise place.of("value").wrong(f"{kind} has none")
    try:
        value = checked_feedback(kind, value)
    except InputError as error:
        raise place.of(error.fields["field"]).wrong(error.fields["reason"]) from error
    return Feedback(
        kind=kind,
        nth=values.whole(place.of("nth"), given["nth"], 1) if "nth" in given else 0,
        item=values.text(place.of("item"), given["item"]) if "item" in given else "",
        value=value,
        expected=then,
    )


def _check_names(place: Place, node: Any) -> None:
    """YAML lets a second value of the same name replace the first in silence; here that is an error."""
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            _check_names(place, inner)
    elif isinstance(node, yaml.MappingNode):
        seen = []
        for key, inner in node.value:
            if key.value in seen:
                raise place.wrong(f"line {key.start_mark.line + 1}: “{key.value}” is there twice")
            seen.append(key.value)
            _check_names(place, inner)
