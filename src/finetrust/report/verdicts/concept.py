"""Sentences on concepts: which of them move the answers of a model, and which way."""

from collections.abc import Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.details import rows_in
from finetrust.report.numbers import count, counted, sentence_list
from finetrust.report.verdicts.measured import measured


def concept_sentences(profile: TrustProfile) -> list[str]:
    """Return how many pairs of a concept and a class have to do with each other, and the strongest."""
    whole = measured(profile, "significant_concepts")
    pairs = rows_in(whole.details, "pairs", "concept", "class", "value") if whole else []
    if not pairs:
        return []
    meant = [pair for pair in pairs if pair.get("significant") is True]
    tried = counted(len(pairs), "pair of concept and class", "pairs of concept and class")
    if not meant:
        return [f"Of {tried} none has more to do with each other than random images would show."]
    verb = "has" if len(meant) == 1 else "have"
    strongest = sorted(meant, key=lambda pair: -abs(float(pair["value"])))
    told = sentence_list([_told(pair) for pair in strongest], 4)
    return [f"Of {tried} {count(len(meant))} {verb} to do with each other: {told}."]


def _told(pair: Mapping[str, Any]) -> str:
    way = "for" if float(pair["value"]) > 0 else "against"
    return f"“{pair['concept']}” speaks {way} “{pair['class']}”"
