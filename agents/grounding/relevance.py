"""What passages can be to a question, and how rare its words are among the documents."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Found = Literal["answer", "near", "nothing"]
"""What the passages are to the question: they speak of it; they come near it; they have nothing to do with it."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare each of the question's terms is in the tenant's documents.

    Attributes:
        frequencies: term -> number of chunks that have it; every term of the question is there.
        chunks: how many chunks there are.
    """

    frequencies: Mapping[str, int]
    chunks: int

    def among(self, term: str) -> float:
        """How much a term tells apart among these documents, 0.4 to 1; nearly 1 for all where they are few."""
        share = (self.frequencies.get(term, 0) + 0.5) / (self.chunks + 20)
        return min(1.0, max(0.4, -math.log(share) / math.log(40.0)))
