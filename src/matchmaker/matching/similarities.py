"""The similarities that make a score, in the order in which everything lists them. To add one, add it here."""

from __future__ import annotations

from typing import Final

from matchmaker.matching.keywords import KeywordSimilarity
from matchmaker.matching.lexical import LexicalSimilarity
from matchmaker.matching.samples import SampleSimilarity
from matchmaker.matching.semantic import SemanticSimilarity
from matchmaker.matching.similarity import Similarity

SIMILARITIES: Final[tuple[type[Similarity], ...]] = (
    KeywordSimilarity,
    LexicalSimilarity,
    SemanticSimilarity,
    SampleSimilarity,
)
NAMES: Final = tuple(similarity.name for similarity in SIMILARITIES)
