"""All that one catalogue teaches about messages, each part built once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bot.understanding.asked import Asked
from bot.understanding.attributes import NumericField, numeric_fields
from bot.understanding.concepts import Concepts
from bot.understanding.mentions import Mentions
from bot.understanding.terms import TermReader
from bot.understanding.vocabulary import Vocabulary


@dataclass(frozen=True)
class Knowledge:
    """What the readers of a message share. Read-only."""

    vocabulary: Vocabulary

    @cached_property
    def numbers(self) -> tuple[NumericField, ...]:
        """What numbers the catalogue's items have."""
        return numeric_fields(self.vocabulary.catalogue)

    @cached_property
    def concepts(self) -> Concepts:
        """What the catalogue has of audiences, levels, seasons and colours."""
        return Concepts(self.vocabulary.catalogue)

    @cached_property
    def asked(self) -> Asked:
        """The words that ask for the catalogue's fields."""
        return Asked(self.vocabulary.catalogue, self.numbers, self.vocabulary.domain_names)

    @cached_property
    def mentions(self) -> Mentions:
        """Finds titles and creators."""
        return Mentions(self.vocabulary)

    @cached_property
    def terms(self) -> TermReader:
        """Reads the words."""
        return TermReader(self.vocabulary, self.concepts)
