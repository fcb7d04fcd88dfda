"""`zhiyin learn`: feedback in, better weights out, or the reason why there are none."""

from __future__ import annotations

from dataclasses import asdict, replace

from bot.database import open_store
from bot.learning.examples import PARTS, examples, halves
from bot.learning.fitting import FEWEST, Fitted, fitted
from bot.learning.versions import SHIPPED, Versions
from bot.settings import Settings
from retrieval.score import ScoreWeights


def learn(settings: Settings) -> str:
    """Learns from the operator's database; a new version is used only if it is better on what was held out."""
    versions = Versions(settings.data_dir)
    found = examples(open_store(settings).judged_slates())
    train, held_out = halves(found)
    if len(train) < FEWEST or len(held_out) < FEWEST // 2:
        return (
            f"too little to learn from: {len(train)} judged slates and {len(held_out)} held out; "
            f"needed: {FEWEST} and {FEWEST // 2}. Version {versions.current} stays."
        )
    result = fitted(train, held_out)
    told = (
        f"learnt from {result.learnt_from} slates; on {result.held_out} held out, NDCG@10 {result.before:.3f} -> "
        f"{result.after:.3f} (gain {result.after - result.before:+.3f}, 95 % {result.gain[0]:+.3f} to "
        f"{result.gain[1]:+.3f})"
    )
    if not result.better:
        return f"{told}\nnot better beyond doubt: version {versions.current} stays"
    number = versions.add(scaled(versions.weights(), result), {"report": told, "result": asdict(result)})
    return f"{told}\nversion {number} is stored and will be used; zhiyin learn --rollback goes back"


def roll_back(settings: Settings) -> str:
    """Goes back by one version."""
    number = Versions(settings.data_dir).roll_back()
    return f"version {number} is used" + (" (as shipped)" if number == SHIPPED else "")


def scaled(weights: ScoreWeights, result: Fitted) -> ScoreWeights:
    """The weights, each times what was learnt of its part."""
    factors = dict(zip(PARTS, result.factors, strict=True))
    return replace(weights, **{name: getattr(weights, name) * factor for name, factor in factors.items()})
