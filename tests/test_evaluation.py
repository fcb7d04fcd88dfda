"""Recorded dialogues: what is read, what a method may know, and how ranks become figures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.evaluation import metrics
from bot.evaluation.command import evaluate
from bot.evaluation.dialogues import Dialogue, Turn, read_dialogues
from bot.evaluation.embedding import KeptEncoder
from bot.evaluation.grounds import Grounds, prepare
from bot.evaluation.methods import SIMPLE, WEIGHTS, View, ours
from bot.evaluation.protocol import Case, Situation, cases, ranking, ranks_of, tie_breaks
from bot.evaluation.ranker import Example, fit
from bot.settings import Settings
from errors import DialogueError, SettingsError
from retrieval.associations import Associations
from retrieval.items import Item
from retrieval.values import Values

ITEMS = [
    Item("a", "Alien", "film", tags=("horror", "space"), attributes={"director": ("Ridley Scott",)}),
    Item("b", "Blade Runner", "film", tags=("space",), attributes={"director": ("Ridley Scott",)}),
    Item("c", "Clue", "film", tags=("comedy",), attributes={"director": ("Jonathan Lynn",)}),
    Item("d", "Dune", "film", tags=("space",), attributes={"director": ("Denis Villeneuve",)}),
]
POSITION = {item.id: i for i, item in enumerate(ITEMS)}


def user(text: str, *items: str) -> Turn:
    return Turn("user", text, items)


def bot(text: str, *recommended: str) -> Turn:
    return Turn("bot", text, recommended, recommended)


def dialogue(*turns: Turn, id_: str = "x") -> Dialogue:
    return Dialogue(id_, "en", turns)


def grounds(*dialogues: Dialogue, train: tuple[Dialogue, ...] = ()) -> Grounds:
    return prepare(ITEMS, dialogues, train, None)


def written(folder: Path, name: str, rows: list[Any]) -> Path:
    path = folder / name
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
    return path


# -- the protocol


def test_a_case_is_what_was_said_before_and_what_is_new() -> None:
    spoken = dialogue(
        user("hi", "a"), bot("Alien? Blade Runner!", "a", "b"), user("no"), bot("Clue", "c"), user("late")
    )
    first, second = cases([spoken], POSITION)
    assert (first.targets, second.targets) == ((1,), (2,))
    assert first.situation.turns == spoken.turns[:1]
    assert second.situation.mentioned == (0, 1)


def test_who_speaks_of_an_item_again_is_no_case() -> None:
    assert not list(cases([dialogue(user("Alien", "a"), bot("Alien!", "a"))], POSITION))


def test_what_was_mentioned_is_not_ranked_and_ties_do_not_follow_the_file() -> None:
    ties = tie_breaks(["a", "b", "c", "d"])
    order = ranking(np.zeros(4, np.float32), [2], ties)
    assert sorted(order) == [0, 1, 3]
    turned = ranking(np.zeros(4, np.float32), [1], tie_breaks(["d", "c", "b", "a"]))
    assert ["abcd"[i] for i in order] == ["dcba"[i] for i in turned]


def test_what_is_no_number_comes_last() -> None:
    assert ranks_of(ranking(np.asarray([np.nan, 1, 2, 3], np.float32), [], tie_breaks(list("abcd"))), [0, 3]) == [4, 1]


@pytest.mark.parametrize("name", [*SIMPLE, "ours"])
def test_no_method_knows_how_its_own_dialogue_goes_on(name: str) -> None:
    """The same beginning with other ends, beside the same other dialogues, is ranked the same."""
    method = {**SIMPLE, "ours": ours(WEIGHTS)}[name]
    others = [dialogue(user("space"), bot("Dune", "d"), id_="y"), dialogue(user("a comedy"), bot("Clue", "c"), id_="z")]
    start = (user("something in space", "a"), bot("well", "b"))
    scores = []
    for rest in ((), (user("a comedy"), bot("Clue", "c"), user("more"), bot("Dune", "d"))):
        found = grounds(dialogue(*start, *rest), *others)
        scores.append(method(View(found, Situation(0, "en", start[:1], (0,)))))
    for other in scores[1:]:
        assert np.allclose(scores[0], other)


def test_with_a_train_part_nothing_is_counted_on_what_is_evaluated() -> None:
    evaluated = dialogue(user("hi"), bot("Clue", "c"), id_="e")
    found = grounds(
        evaluated, dialogue(user("hi"), bot("Clue", "c"), id_="f"), train=(dialogue(user("hi"), bot("Dune", "d")),)
    )
    assert SIMPLE["popularity"](View(found, Situation(0, "en", evaluated.turns[:1], ()))).tolist() == [0, 0, 0, 1]


# -- what the parts read


def test_a_name_brings_what_has_it() -> None:
    spoken = dialogue(user("anything by Ridley Scott?"), bot("Blade Runner", "b"))
    (case,) = cases([spoken], POSITION)
    named = View(grounds(spoken), case.situation).parts["named_last"]
    assert named[0] == named[1] > 0
    assert named[2] == named[3] == 0


def test_values_are_found_as_whole_words_the_longest_alone() -> None:
    values = Values([*ITEMS, Item("e", "E", "film", tags=("outer space",)), Item("f", "F", "film", tags=("喜剧",))])
    assert values.named("an OUTER SPACE horror, spaceship, 要喜剧片") == {"outer space", "horror", "喜剧"}


def test_items_that_an_item_lists_are_links_and_no_values() -> None:
    values = Values([Item("h", "Hotel", "hotel", attributes={"nearby": ("Alien", "Dune")}), *ITEMS])
    assert values.links[0] == {"nearby": [1, 4]}
    assert not values.named("Alien and Dune")


def test_a_lift_is_shrunk_and_leaves_a_session_out() -> None:
    counts = Associations([[("x", 1)], [("x", 1)], [("y", 0)], [("y", 0)]], 3)
    lift = counts.lift({"x": 1.0}, 3)
    assert lift[1] > 0 > lift[0]
    assert lift[1] > counts.lift({"x": 1.0}, 30)[1] > 0
    assert (counts.together({"x": 1.0})[1], counts.together({"x": 1.0}, without=0)[1]) == (2, 1)
    assert np.allclose(counts.lift({"unheard": 1.0}, 3), 0)


# -- figures


def test_figures_by_hand() -> None:
    ranks = np.asarray([1, 4, 20, 60])
    assert metrics.recall_at(ranks, 10) == 0.5
    assert metrics.mrr_at(ranks, 10) == pytest.approx((1 + 1 / 4) / 4)
    assert metrics.ndcg_at([1, 2], 10) == pytest.approx(1)
    assert metrics.ndcg_at([3], 10) == pytest.approx(0.5)
    assert metrics.coverage(np.asarray([[0, 1], [1, -1]]), 4) == 0.5
    assert metrics.diversity(np.eye(2, dtype=np.float32)) == 1
    assert metrics.novelty(np.asarray([0.25, 0.25])) == 2


def test_an_interval_draws_whole_dialogues() -> None:
    values, single = np.asarray([0.0, 1.0] * 50), np.arange(100)
    narrow = metrics.interval(values, single)
    assert narrow[0] < 0.5 < narrow[1]
    wide = metrics.interval(np.repeat([0.0, 1.0], 50), np.repeat([0, 1, 2, 3], 25))
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])


def test_weights_are_learnt_from_choices() -> None:
    random = np.random.default_rng(0)
    examples = [Example(parts, np.asarray([int(parts[1].argmax())])) for parts in random.normal(size=(60, 2, 8))]
    weights = fit(examples, np.zeros(2, np.float32))
    assert weights[1] > 1 > abs(weights[0])


# -- files and the command


def test_bad_lines_are_told_with_file_line_and_field(tmp_path: Path) -> None:
    good = {
        "id": "x",
        "lang": "en",
        "turns": [{"role": "user", "text": ""}, {"role": "bot", "text": "?", "recommended": ["a", "q"]}],
    }
    rows = ["{", {"id": "", "lang": "en", "turns": []}, {"id": "y", "lang": "fr", "turns": []}]
    rows += [{"id": "z", "lang": "en", "turns": [{"role": "dog", "text": "w"}]}]
    rows += [{"id": "v", "lang": "en", "turns": [{"role": "bot", "text": "w", "items": "a"}]}, good]
    read = list(read_dialogues(written(tmp_path, "d.jsonl", rows), POSITION))
    told = [(error.fields["line"], error.fields["field"]) for error in read if isinstance(error, DialogueError)]
    assert told == [
        (1, "line"),
        (2, "id"),
        (3, "lang"),
        (4, "turns[0].role"),
        (5, "turns[0].items"),
        (6, "turns[1].recommended"),
    ]
    assert isinstance(read[-1], Dialogue)
    assert read[-1].turns[1].recommended == ("a",)


def run(
    tmp_path: Path, items: list[Any], rows: list[Any], models_dir: Path, methods: str
) -> tuple[dict[str, Any], int]:
    settings = Settings(data_dir=tmp_path / "data", models_dir=models_dir, llm="none")
    report, errors = evaluate(
        settings,
        written(tmp_path, "c.jsonl", items),
        written(tmp_path, "d.jsonl", rows),
        methods=methods,
        as_data=True,
    )
    return json.loads(report), len(errors)


def one(n: int, text: str, target: str) -> dict[str, Any]:
    turns = [
        {"role": "user", "text": text},
        {"role": "bot", "text": "this", "items": [target], "recommended": [target]},
    ]
    return {"id": f"d{n}", "lang": "en", "turns": turns}


def test_the_command_ranks_what_was_asked_for_first(tmp_path: Path, models_dir: Path) -> None:
    items = [item.as_json() for item in ITEMS]
    rows = [one(1, "a comedy please", "c"), one(2, "something by Denis Villeneuve", "d"), "broken"]
    report, errors = run(tmp_path, items, rows, models_dir, "popularity,ours")
    assert errors == 1
    assert report["targets"] == 2
    assert {"recall@1", "recall@10", "recall@50", "mrr@10"} <= report["methods"]["popularity"].keys()
    assert report["methods"]["ours"]["recall@1"] == 1
    assert (tmp_path / "data" / "evaluation" / "vectors.db").is_file()


def test_a_set_with_one_item(tmp_path: Path, models_dir: Path) -> None:
    report, _ = run(tmp_path, [ITEMS[0].as_json()], [one(1, "", "a")], models_dir, "popularity,bm25,ours")
    assert report["methods"]["ours"]["recall@1"] == 1


def test_nothing_to_evaluate_is_said(tmp_path: Path, models_dir: Path) -> None:
    with pytest.raises(SettingsError, match="no turn puts forward"):
        run(tmp_path, [ITEMS[0].as_json()], [one(1, "hi", "unknown")], models_dir, "popularity")
    with pytest.raises(SettingsError, match="has no items"):
        run(tmp_path, ["{"], [one(1, "hi", "a")], models_dir, "popularity")
    with pytest.raises(SettingsError, match="'best' is none"):
        run(tmp_path, [ITEMS[0].as_json()], [one(1, "hi", "a")], models_dir, "best")


def test_kept_vectors_are_not_encoded_again(tmp_path: Path) -> None:
    class Counting:
        name, dimension, seen = "counting", 2, 0

        def encode(self, texts: Any, kind: str) -> Any:
            self.seen += len(texts)
            return np.tile(np.asarray([[0.6, 0.8]], np.float32), (len(texts), 1))

    encoder = Counting()
    for texts in (["a", "b", "a"], ["b", "c"], []):
        kept = KeptEncoder(lambda: encoder, "counting", tmp_path / "v.db")
        assert len(kept.encode(texts, "query")) == len(texts)
    assert encoder.seen == 3


def test_cases_of_several_dialogues_know_their_own() -> None:
    found = [case.situation.dialogue for case in cases([dialogue(bot("A", "a")), dialogue(bot("B", "b"))], POSITION)]
    assert found == [0, 1]
    assert isinstance(next(iter(cases([dialogue(bot("A", "a"))], POSITION))), Case)
