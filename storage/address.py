"""Where a database is: a SQLAlchemy URL, and what may be said in it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from errors import StorageError


def parsed(url: str) -> URL:
    """The URL in parts, if it names a kind of database that is known and lasts."""
    try:
        address = make_url(url)
        if address.drivername in ("postgres", "postgresql"):
            address = address.set(drivername="postgresql+psycopg")
        address.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise _not_understood() from error
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise _not_understood()
    if address.get_backend_name() == "sqlite" and address.database in (None, "", ":memory:"):
        raise StorageError(zh_reason="SQLite 需要一个文件", reason="SQLite needs a file to keep it in")
    return address


def _not_understood() -> StorageError:
    return StorageError(
        zh_reason="地址看不懂，应当像 sqlite:///data/zhiyin.db 或 postgresql://user:password@host/zhiyin",
        reason="its address is not understood; it should look like sqlite:///data/zhiyin.db "
        "or postgresql://user:password@host/zhiyin",
    )


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None for one on a server."""
    address = parsed(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return None
    return Path(address.database.removeprefix("file:").split("?")[0])


def make_folder(address: URL) -> None:
    """Makes the folder of a SQLite file. Raises StorageError."""
    if address.get_backend_name() != "sqlite" or not address.database or address.database.startswith("file:"):
        return
    folder = Path(address.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            zh_reason=f"文件夹 {folder} 建不了（{error.strerror}）",
            reason=f"its folder {folder} cannot be made ({error.strerror})",
        ) from error
