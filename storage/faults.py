"""What a database driver raises, as the errors of this program. Nothing else of a driver leaves the package."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from errors import InputError, StorageBroken, StorageError

log = logging.getLogger(__name__)

# What the driver says → what a person reads (Chinese, English). The first match counts.
_REASONS = (
    ("is locked", "别的程序正占用着它", "another program is using it"),
    ("lock timeout", "别的程序正占用着它", "another program is using it"),
    ("disk is full", "磁盘满了", "the disk is full"),
    ("no space left", "磁盘满了", "the disk is full"),
    ("readonly", "文件只能读，不能写", "its file is read-only"),
    ("read-only", "只能读，不能写", "it is read-only"),
    ("unable to open", "文件打不开", "its file cannot be opened"),
    ("not a database", "这个文件不是数据库", "its file is not a database"),
    ("malformed", "文件已损坏", "its file is damaged"),
    ("disk i/o error", "磁盘读写失败", "the disk cannot be read or written"),
    ("queuepool limit", "同时使用的人太多", "too many people are using it at once"),
    ("too many clients", "同时使用的人太多", "too many people are using it at once"),
    ("authentication failed", "服务器不接受这个用户名或密码", "the server refuses this user or password"),
    ('fatal:  role "', "服务器不接受这个用户名或密码", "the server refuses this user or password"),
    ("no password supplied", "服务器要求密码", "the server asks for a password"),
    ("permission denied", "这个用户没有权限", "this user lacks the right to do that"),
    ("starting up", "数据库服务器正在启动", "the database server is starting"),
    ('fatal:  database "', "服务器上没有这个数据库", "the server has no database of that name"),
    ("connection", "连不上数据库服务器", "the database server cannot be reached"),
)
_UNKNOWN = ("原因不明，详见日志", "for an unexpected reason; the log has the details")

AGAIN = frozenset({"40001", "40P01"})
"""SQLSTATEs of PostgreSQL (serialization failure, deadlock) after which the same work may simply be done again."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns what a driver raises into a StorageError with a reason that a person understands.

    StorageBroken where the same work may simply be done again: nothing of it was kept.
    Text that no database can hold (half a character, NUL, longer than its column) is an InputError.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise _unstorable() from error
    except DataError as error:
        raise _unstorable() from error
    except (DBAPIError, PoolTimeout) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error).lower()
        log.error("database: %s", error)
        zh_reason, reason = next(((zh, en) for mark, zh, en in _REASONS if mark in said), _UNKNOWN)
        kind = StorageBroken if isinstance(error, DBAPIError) and _broken(error) else StorageError
        raise kind(zh_reason=zh_reason, reason=reason) from error


def _broken(error: DBAPIError) -> bool:
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in AGAIN


def _unstorable() -> InputError:
    return InputError(field="text", zh_reason="含有无法保存的字符", reason="it holds characters that cannot be stored")
