"""`python -m tests.audit`: writes lines with the language model, audits them, and reports."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter

from bot.phrasing.bases import base_of
from bot.phrasing.language_model import LanguageModel
from bot.phrasing.models import language_model
from bot.phrasing.prompts import prompt
from bot.phrasing.watched import Watched
from bot.settings import read_settings

from .report import as_json, as_text, summary
from .sources import BLIND, HERE, Said, held_out, sample, stories

PATIENCE = 600.0
"""Seconds for a reply: what is audited is the words, not the speed."""
Replies = Sequence[tuple[Said, ...]]


def main() -> None:
    """Writes, audits, reports."""
    options = _options()
    settings = read_settings(**({"llm": options.model} if options.model else {}))
    if options.few_shot and (base := base_of(settings.llm)):
        # A folder has no adapter and gets the fuller instruction with its examples.
        settings = settings.model_copy(update={"llm": str(base.folder(settings.models_dir))})
    found = language_model(settings)
    model: LanguageModel | None = Watched(found, PATIENCE) if found else None
    sources: Mapping[str, Iterator[tuple[Said, ...]]] = {
        "sentences": held_out(model),
        **{
            name: stories(model, settings, HERE / name / "catalogue.jsonl", [HERE / name / "stories.yaml"], 1000, 0)
            for name in BLIND
        },
        "sample": sample(model, settings, options.stories, options.seed),
    }
    heard: dict[str, Replies] = {}
    reports = {}
    for name in options.source or sources:
        begun = perf_counter()
        heard[name] = list(islice(sources[name], options.limit))
        lines = [said for reply in heard[name] for said in reply]
        reports[name] = {**summary(lines), "seconds": round(perf_counter() - begun, 1)}
        print(as_text(name, reports[name], lines), flush=True)
    if options.out:
        _write(options.out, heard, reports)
    if options.show:
        print("\n".join(_shown([reply for replies in heard.values() for reply in replies], options.show, options.seed)))
    if isinstance(model, Watched):
        model.close()


def _write(folder: Path, heard: Mapping[str, Replies], reports: Mapping[str, Mapping[str, object]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [as_json(source, said) for source, replies in heard.items() for reply in replies for said in reply]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "lines.jsonl").write_text(text, encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(reports, ensure_ascii=False, indent=2), encoding="utf-8")


def _shown(replies: Replies, count: int, seed: int) -> Iterator[str]:
    """Replies drawn by chance, half of them Chinese, as markdown, with what each line was written from."""
    written = [reply for reply in replies if any(said.line.outcome != "fixed" for said in reply)]
    for lang in ("zh", "en"):
        known = [reply for reply in written if reply[0].request.lang == lang]
        for number, reply in enumerate(Random(seed).sample(known, min(count // 2, len(known))), 1):
            yield f"\n### {lang} {number}. {reply[0].request.wish or '–'}\n"
            for said in reply:
                asked = " / ".join(prompt(said.request).text.split("\n"))
                yield f"- **{said.text}** ({said.line.outcome})\n  - {asked}"


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.add_argument("--source", action="append", choices=("sentences", *BLIND, "sample"), help="default: all")
    parser.add_argument("--model", help="as ZHIYIN_LLM; none: plain sentences")
    parser.add_argument("--few-shot", action="store_true", help="the base without adapter, with examples in the prompt")
    parser.add_argument("--limit", type=int, help="replies of each source")
    parser.add_argument("--stories", type=int, default=60, help="stories over the sample catalogue")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for lines.jsonl and report.json")
    parser.add_argument("--show", type=int, default=0, help="replies to print, half Chinese, half English")
    return parser.parse_args()


if __name__ == "__main__":
    main()
