"""The `zhiyin` command: what an operator does from a shell."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.data_commands import DATA_COMMANDS, add_data_commands
from bot.settings import read_settings
from errors import ZhiyinError
from storage.masking import mask_logs


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command; the exit status is 0, 1 for what was refused, 2 for wrong arguments."""
    parsed = _parser().parse_args(arguments)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch reads it once: waiting threads do not spin
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    mask_logs()
    try:
        sys.exit(_COMMANDS[parsed.command](parsed))
    except ZhiyinError as error:
        print(f"zhiyin: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zhiyin", description="知音: a conversational recommender")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("setup", help="unpack the models, make the database, load the sample catalogue")
    load = commands.add_parser("import", help="load catalogue files (JSONL or CSV)")
    load.add_argument("files", nargs="+", type=Path, metavar="FILE")
    load.add_argument("--replace", action="store_true", help="also remove items that are not in the files")
    load.add_argument("--dry-run", action="store_true", help="check the files and say what would change")
    run = commands.add_parser("serve", help="run the app")
    run.add_argument("--host")
    run.add_argument("--port", type=int)
    talk = commands.add_parser("chat", help="the same conversation in a terminal")
    talk.add_argument("--lang", choices=("zh", "en"), default="zh")
    test = commands.add_parser("test", help="play stories and say which expectation failed")
    test.add_argument("stories", nargs="+", type=Path, metavar="STORY.yaml")
    test.add_argument("--catalog", type=Path, metavar="FILE", help="play over another catalogue than your own")
    test.add_argument("--methods", default="ours", help="beside each other: ours,last,mean (the status is the first's)")
    test.add_argument("--words", action="store_true", help="let the language model phrase; plain sentences otherwise")
    test.add_argument("--json", action="store_true", help="the report as JSON")
    judge = commands.add_parser("eval", help="how well recorded dialogues' next items are found")
    judge.add_argument("--catalog", type=Path, required=True, metavar="FILE")
    judge.add_argument("--dialogues", type=Path, required=True, metavar="FILE")
    judge.add_argument("--train", type=Path, metavar="FILE", help="dialogues to count and learn from")
    judge.add_argument("--methods", metavar="NAMES", help="comma-separated; ablation: ours without each group of parts")
    judge.add_argument("--no-vectors", action="store_true", help="encode nothing: quick, and ours without that part")
    judge.add_argument("--limit", type=int, default=0, metavar="N", help="only the first N dialogues")
    judge.add_argument("--json", action="store_true", help="the report as JSON")
    visit = commands.add_parser("simulate", help="how soon simulated visitors find what they are after")
    visit.add_argument("--catalog", type=Path, metavar="FILE", help="another catalogue than your own")
    visit.add_argument("--visitors", type=int, default=100)
    visit.add_argument("--lang", choices=("zh", "en"))
    visit.add_argument("--seed", type=int, default=0)
    visit.add_argument("--json", action="store_true", help="the report as JSON")
    learn = commands.add_parser("learn", help="fit the score's weights to what visitors made of what was shown")
    learn.add_argument("--rollback", action="store_true", help="go back to the version before")
    add_data_commands(commands)
    bench = commands.add_parser("bench", help="measure this machine and print a table")
    bench.add_argument("--items", type=int, default=10_000, help="size of the catalogue to measure with")
    bench.add_argument("--no-llm", action="store_true", help="leave the language model out")
    train = commands.add_parser("train", help="train the adapter that phrases replies")
    train.add_argument("sentences", nargs="*", type=Path, metavar="FILE", help="JSONL; the project's own by default")
    train.add_argument("--base", default="embedded", help="embedded, qwen, gemma or a folder of transformers")
    train.add_argument("--out", type=Path, default=Path("adapter"), help="where the adapter goes")
    train.add_argument("--epochs", type=float, default=2.0, help="how often each sentence is seen")
    train.add_argument("--share", type=float, default=0.6, help="share of the layers that are adapted, the upper ones")
    train.add_argument("--rate", type=float, default=3e-4, help="learning rate at its highest")
    return parser


def _setup(parsed: argparse.Namespace) -> int:
    from bot.setup import say, set_up

    set_up(read_settings())
    say("ready        zhiyin serve")
    return 0


def _import(parsed: argparse.Namespace) -> int:
    from bot.database import open_store
    from bot.importing import import_files
    from bot.setup import progress_bar

    settings = read_settings()
    store = open_store(settings)
    with progress_bar("import") as show:
        report = import_files(
            parsed.files, settings, store, replace=parsed.replace, dry_run=parsed.dry_run, progress=show
        )
    for error in report.errors:
        print(error, file=sys.stderr)
    would = "would be " if parsed.dry_run else ""
    print(
        f"{report.taken} items read: {report.new} {would}new, {report.changed} {would}changed, "
        f"{report.removed} {would}removed; {len(report.errors)} lines refused"
    )
    if parsed.replace and report.errors:
        print("nothing was removed, because some lines were refused", file=sys.stderr)
    if not report.indexed:
        print("the app is running: it takes the changes up within seconds")
    return 1 if report.errors else 0


def _serve(parsed: argparse.Namespace) -> int:
    from bot.serving import serve

    given = {name: getattr(parsed, name) for name in ("host", "port") if getattr(parsed, name) is not None}
    serve(read_settings(**given))
    return 0


def _chat(parsed: argparse.Namespace) -> int:
    from bot.terminal import chat

    chat(read_settings(), parsed.lang)
    return 0


def _test(parsed: argparse.Namespace) -> int:
    from bot.stories.command import play_files

    report, all_met = play_files(
        parsed.stories,
        read_settings(),
        catalogue=parsed.catalog,
        methods=parsed.methods,
        words=parsed.words,
        as_json=parsed.json,
    )
    print(report)
    return 0 if all_met else 1


def _eval(parsed: argparse.Namespace) -> int:
    from bot.evaluation.command import DEFAULT_METHODS, evaluate

    report, refused = evaluate(
        read_settings(),
        parsed.catalog,
        parsed.dialogues,
        parsed.train,
        methods=parsed.methods or DEFAULT_METHODS,
        limit=parsed.limit,
        vectors=not parsed.no_vectors,
        as_data=parsed.json,
    )
    for error in refused:
        print(error, file=sys.stderr)
    print(report)
    return 1 if refused else 0


def _simulate(parsed: argparse.Namespace) -> int:
    from bot.simulation.command import simulate

    print(
        simulate(
            read_settings(),
            parsed.catalog,
            visitors=parsed.visitors,
            lang=parsed.lang,
            seed=parsed.seed,
            as_data=parsed.json,
        )
    )
    return 0


def _learn(parsed: argparse.Namespace) -> int:
    from bot.learning.command import learn, roll_back

    settings = read_settings()
    print(roll_back(settings) if parsed.rollback else learn(settings))
    return 0


def _bench(parsed: argparse.Namespace) -> int:
    from bot.bench.table import bench

    print(bench(read_settings(), items=parsed.items, words=not parsed.no_llm))
    return 0


def _train(parsed: argparse.Namespace) -> int:
    from bot.phrasing.bases import base_of
    from bot.phrasing.training import SENTENCES, TrainingParameters, train

    settings = read_settings()
    base = base_of(parsed.base)
    train(
        parsed.sentences or SENTENCES,
        base.folder(settings.models_dir) if base else Path(parsed.base),
        parsed.out,
        epochs=parsed.epochs,
        parameters=TrainingParameters(share=parsed.share, learning_rate=parsed.rate),
    )
    return 0


_COMMANDS = {
    **DATA_COMMANDS,
    "setup": _setup,
    "import": _import,
    "serve": _serve,
    "chat": _chat,
    "test": _test,
    "eval": _eval,
    "simulate": _simulate,
    "learn": _learn,
    "bench": _bench,
    "train": _train,
}
