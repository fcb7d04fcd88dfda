"""The store that the settings name."""

from __future__ import annotations

from datetime import timedelta

from bot.settings import Settings
from storage.database import open_database
from storage.store import Store


def open_store(settings: Settings) -> Store:
    """The database, opened with the operator's keys. Raises StorageError, EncryptionKeyError."""
    engine = open_database(settings.database, cipher=settings.cipher)
    return Store(engine, session_life=timedelta(days=settings.session_days))
