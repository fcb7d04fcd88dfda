"""What the interface answers, as types: they describe it to programs and are what the fuzzing holds answers to."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

FeedbackKind = Literal["like", "dislike", "hide", "click", "browse", "purchase", "rating", "undo"]
AttributeValue = str | float | bool | list[str]


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable; `detail` is a sentence in the caller's language."""

    type: str
    status: int
    title: str
    detail: str
    code: str
    field: str | None = Field(default=None, description="The input that is wrong, where one is.")
    request_id: str | None = Field(default=None, description="The request, as the operator's log names it.")


class BecauseOut(BaseModel):
    """One true reason; `turn_id`: the message it came from."""

    kind: str
    text: str
    turn_id: str | None


class CardOut(BaseModel):
    """An item on a slate, in the visitor's language. `score` is the sum of `parts`."""

    id: str
    title: str
    domain: str
    category: str | None
    brand: str | None
    price: float | None
    currency: str | None
    year: int | None
    tags: list[str]
    url: str | None
    image_url: str | None
    description: str | None
    attributes: dict[str, AttributeValue]
    score: float
    parts: dict[str, float]
    because: list[BecauseOut]


class QuestionOut(BaseModel):
    """What Zhiyin asks with a slate, and answers to tap."""

    field: str
    text: str
    answers: list[str]


class SlateOut(BaseModel):
    """What is shown, best first. `unmet`: wishes that nothing in the catalogue meets."""

    slate_id: str
    items: list[CardOut]
    unmet: list[str]
    question: QuestionOut = Field(default=None, description="Only where something is asked.")  # type: ignore[assignment]


class SiteOut(BaseModel):
    """What is set of the site; names that are not set are left out."""

    name: str
    title: str = ""
    greeting: str = ""
    accent: str = ""


class SessionOut(BaseModel):
    """A new session. The token is told here only."""

    session_id: str
    token: str
    greeting: str
    suggestions: list[str]
    slate: SlateOut
    site: SiteOut = Field(default=None, description="Only for a site with a name.")  # type: ignore[assignment]
    privacy_notice: str = Field(  # type: ignore[assignment]
        default=None, description="Only where the operator has set one; it is at the end of the greeting, too."
    )


class ReplyOut(BaseModel):
    """A whole reply. `text`: the opening; `lines`: words by item id; `complete`: false where it was cut off."""

    turn_id: str
    slate: SlateOut
    text: str
    lines: dict[str, str]
    intent: str
    complete: bool
    words: Literal["model", "plain", "mixed"]
    words_reason: str | None
    timings_ms: dict[str, float]


class WordOut(BaseModel):
    """A word of an interest."""

    text: str
    weight: float
    turn_id: str | None
    pinned: bool


class ThreadOut(BaseModel):
    """One line of interest."""

    label: str
    weight: float
    domain: str
    words: list[WordOut]
    pinned: bool
    source: Literal["said", "profile"]


class RefusalOut(BaseModel):
    """What is not wanted."""

    text: str
    turn_id: str | None
    pinned: bool


class ConstraintOut(BaseModel):
    """A hard limit. `values`: for "is", the values of which an item must have one."""

    field: str
    op: str
    value: float | None
    values: list[str]
    text: str
    domain: str
    turn_id: str | None
    pinned: bool


class WeightOut(BaseModel):
    """How much a thread weighed."""

    label: str
    weight: float


class MomentOut(BaseModel):
    """The weights after a turn."""

    turn_id: str
    weights: list[WeightOut]


class InterestOut(BaseModel):
    """What was heard, as the visitor may see and edit it."""

    threads: list[ThreadOut]
    refusals: list[RefusalOut]
    constraints: list[ConstraintOut]
    sentiment: float
    history: list[MomentOut]


class TurnOut(BaseModel):
    """One message of the visitor or of the bot; `items`: what was shown with it."""

    turn_id: str
    role: Literal["user", "bot"]
    text: str
    lines: dict[str, str]
    items: list[str]
    created_at: str
    complete: bool
    words: str = Field(default=None, description="Of the bot's: who wrote it.")  # type: ignore[assignment]
    words_reason: str | None = None


class ConversationOut(BaseModel):
    """A session as it stands."""

    session_id: str
    lang: str
    turns: list[TurnOut]
    interest: InterestOut
    before: str = Field(  # type: ignore[assignment]
        default=None, description="Only where there are older turns: pass it as `before` to have them."
    )


class FeedbackOut(BaseModel):
    """That it was kept."""

    feedback_id: str


class KeptFeedbackOut(BaseModel):
    """A piece of feedback."""

    feedback_id: str
    item_id: str
    kind: FeedbackKind
    value: float | None
    turn_id: str | None
    undone: bool
    created_at: str


class FeedbackListOut(BaseModel):
    """Feedback, the newest first."""

    feedback: list[KeptFeedbackOut]
    after: str = Field(default=None, description="Only where there is more: pass it as `after`.")  # type: ignore[assignment]


class ItemOut(BaseModel):
    """An item in the catalogue's own schema; what it does not have is left out."""

    id: str
    title: str
    domain: str
    category: str = ""
    brand: str = ""
    price: float = 0
    currency: str = ""
    year: int = 0
    tags: list[str] = []
    description: str = ""
    url: str = ""
    image_url: str = ""
    attributes: dict[str, AttributeValue] = {}
    available: bool = True
    published_at: str = ""
    i18n: dict[str, dict[str, Any]] = {}


class ItemListOut(BaseModel):
    """Items by id."""

    items: list[ItemOut]
    after: str = Field(default=None, description="Only where there are more: pass it as `after`.")  # type: ignore[assignment]


class PartOut(BaseModel):
    """A part of a score; `share` of all that speaks for the item."""

    name: str
    label: str
    value: float
    share: float


class InsteadOut(BaseModel):
    """Who would stand there."""

    id: str
    title: str


class ChangeOut(BaseModel):
    """What would be without one thing that was heard."""

    kind: str
    label: str
    item_id: str | None
    thread: str
    score: float
    rank: int | None
    instead: InsteadOut | None


class WhyOut(BaseModel):
    """Why an item is where it is."""

    item_id: str
    score: float
    rank: int | None
    moved: bool
    parts: list[PartOut]
    because: list[BecauseOut]
    without: list[ChangeOut]


class ExportOut(BaseModel):
    """All that is held on a session."""

    session: dict[str, Any]
    messages: list[dict[str, Any]]
    slates: list[dict[str, Any]]
    feedback: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    interest: dict[str, Any]
