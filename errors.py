"""The one error family.

ZhiyinError
├── InputError            what a person sent is wrong; says which field
│   ├── TextTooLong
│   └── BodyTooLarge
├── CatalogueError        a catalogue line is wrong; says file, line and field
│   └── DialogueError     a line of recorded dialogues is wrong; says the same
├── StoryError            a story file is wrong; says file, story, turn and field
├── NotFound              no such session, item or turn
├── Unauthorized          no token, or the wrong one
│   ├── SessionExpired    the token was right, but its session was not used for too long
│   ├── WrongIdentity     a visitor's identity without its proof, or with a wrong one
│   ├── LoggedOut         a reviewer must log in
│   └── WrongPassword     a reviewer's name or password is wrong
├── Forbidden             a reader tries to change something
├── WrongOrigin           called from a site that is not let in
├── Conflict              the same thing is being done by somebody else
├── TooMany               more than the limits allow; says when to come again
│   └── Busy              everybody together asks more than can be answered now
├── NotReady              models or catalogue are still loading
│   └── Stopping          the app is ending; another one may answer
├── SettingsError         a setting is wrong; says its name and what is allowed
├── ModelError            a model is missing, damaged, or failed while it wrote
│   └── ModelSlow         it did not write in time
├── StorageError          the database cannot be read or written now
│   ├── StorageBroken     a transaction was broken off and not kept; it may be done again
│   └── EncryptionKeyError  what is stored was encrypted with another key than the settings have
└── VectorIndexError      the vector index cannot be read or written now

Every error carries a sentence in Chinese and in English for the person at the edge (`say`);
what else happened belongs in the log (`__cause__`).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Lang = Literal["zh", "en"]


class ZhiyinError(Exception):
    """Base of the family. `fields` fill the sentence's placeholders.

    `code` is stable and machine-readable, `status` the HTTP status at the web edge.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    zh: ClassVar[str] = "出了点问题，请稍后再试。"
    en: ClassVar[str] = "Something went wrong; please try again shortly."

    def __init__(self, **fields: Any) -> None:
        super().__init__(fields)
        self.fields = fields

    def say(self, lang: Lang = "en") -> str:
        """The sentence a person reads."""
        return (self.zh if lang == "zh" else self.en).format_map(self.fields)

    def __str__(self) -> str:
        return self.say("en")


class InputError(ZhiyinError):
    """Fields: `field`, `zh_reason`, `reason`."""

    code = "bad_input"
    status = 422
    zh = "{field}：{zh_reason}。"
    en = "{field}: {reason}."


class TextTooLong(InputError):
    """Fields: `field`, `limit`, `length`."""

    code = "text_too_long"
    status = 413
    zh = "这段话有 {length} 个字符，最多 {limit} 个，请分几次说。"
    en = "That text has {length} characters; the limit is {limit}. Please say it in parts."


class BodyTooLarge(InputError):
    """Fields: `limit` (bytes)."""

    code = "body_too_large"
    status = 413
    zh = "请求太大了，最多 {limit} 字节。"
    en = "The request is too large; the limit is {limit} bytes."


class CatalogueError(ZhiyinError):
    """Fields: `file`, `line`, `field`, `reason`."""

    code = "bad_catalogue"
    status = 422
    zh = "{file} 第 {line} 行，{field}：{reason}"
    en = "{file}:{line}: {field}: {reason}"


class DialogueError(CatalogueError):
    """Fields: as CatalogueError."""

    code = "bad_dialogue"


class StoryError(ZhiyinError):
    """Fields: `file`, `place` (which story and turn), `field`, `reason`."""

    code = "bad_story"
    status = 422
    zh = "{file}，{place}，{field}：{reason}"
    en = "{file}: {place}: {field}: {reason}"


class NotFound(ZhiyinError):
    """Fields: `what` (session, item, turn), `id`."""

    code = "not_found"
    status = 404
    zh = "找不到 {what} {id}。"
    en = "There is no {what} {id}."


class Unauthorized(ZhiyinError):
    """No fields."""

    code = "unauthorized"
    status = 401
    zh = "这次会话的凭证缺失或不对。"
    en = "This session's token is missing or wrong."


class SessionExpired(Unauthorized):
    """No fields."""

    zh = "这次会话太久没用，已经过期，请重新开始。"
    en = "This session was not used for too long and has expired; please open a new one."


class WrongIdentity(Unauthorized):
    """No fields."""

    zh = "访客身份没有证明，或证明不对（visitor_hash）。"
    en = "The visitor's identity lacks its proof, or the proof is wrong (visitor_hash)."


class LoggedOut(Unauthorized):
    """No fields."""

    code = "logged_out"
    zh = "请先登录。"
    en = "Please log in first."


class WrongPassword(Unauthorized):
    """No fields."""

    code = "wrong_password"
    zh = "用户名或密码不对。"
    en = "The name or the password is wrong."


class Forbidden(ZhiyinError):
    """Fields: `name` (of the reviewer)."""

    code = "forbidden"
    status = 403
    zh = "{name} 只有阅读权限，不能修改；需要编辑者来做。"
    en = "{name} may read but not change anything; an editor can do this."


class WrongOrigin(ZhiyinError):
    """Fields: `origin`."""

    code = "origin"
    status = 403
    zh = "来自 {origin} 的请求不被接受；请站点管理员把它加进允许的来源。"
    en = "Calls from {origin} are not accepted; the operator can add it to the allowed origins."


class Conflict(ZhiyinError):
    """Fields: `zh_reason`, `reason`."""

    code = "conflict"
    status = 409
    zh = "{zh_reason}。"
    en = "{reason}."


class TooMany(ZhiyinError):
    """Fields: `seconds`: when to come again."""

    code = "too_many"
    status = 429
    zh = "请求太多了，请 {seconds} 秒后再试。"
    en = "Too many requests; please try again in {seconds} s."


class Busy(TooMany):
    """Fields: as TooMany."""

    code = "busy"
    zh = "现在人很多，请 {seconds} 秒后再试。"
    en = "Many people are asking right now; please try again in {seconds} s."


class NotReady(ZhiyinError):
    """Fields: `missing`: what is still being loaded."""

    code = "not_ready"
    status = 503
    zh = "还在准备（{missing}），请稍等片刻。"
    en = "Still getting ready ({missing}); please wait a moment."


class Stopping(NotReady):
    """No fields."""

    code = "stopping"
    zh = "正在重启，请稍等片刻再说一次。"
    en = "It is being restarted; please say that again in a moment."


class SettingsError(ZhiyinError):
    """Fields: `name`, `reason`."""

    code = "bad_setting"
    zh = "设置 {name} 有误：{reason}"
    en = "Setting {name} is wrong: {reason}"


class ModelError(ZhiyinError):
    """Fields: `model`, `reason`."""

    code = "model"
    status = 503
    zh = "模型 {model} 用不了：{reason}"
    en = "The model {model} cannot be used: {reason}"


class ModelSlow(ModelError):
    """Fields: as ModelError."""

    code = "model_slow"


class StorageError(ZhiyinError):
    """Fields: `zh_reason`, `reason`."""

    code = "storage"
    status = 503
    zh = "数据库现在读写不了：{zh_reason}"
    en = "The database cannot be used now: {reason}"


class StorageBroken(StorageError):
    """Fields: as StorageError."""


class EncryptionKeyError(StorageError):
    """Fields: as StorageError."""

    code = "encryption_key"
    zh = "保存的文字解不开：{zh_reason}"
    en = "The stored texts cannot be read: {reason}"


class VectorIndexError(ZhiyinError):
    """Fields: `reason`."""

    code = "index"
    status = 503
    zh = "向量索引现在读写不了：{reason}"
    en = "The vector index cannot be used now: {reason}"
