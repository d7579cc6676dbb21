"""How far the methods agree on which places of an image count."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.interpretability.choice import title_of
from finetrust.trust.interpretability.explained_tables import step_of
from finetrust.trust.interpretability.sanity.estimates import correlation, mean_of, part, summary
from finetrust.trust.interpretability.sanity.found import AGREEMENT, TRIAL, Found, found_in
from finetrust.trust.interpretability.sanity.wording import ITEMS
from finetrust.trust.trials.same_items import same_items


@measure(
    "explanation_agreement",
    axis="interpretability",
    topic="believed",
    title="Agreement of explanations: rank correlation",
    better="higher",
    meaning="Whether other methods name the same places as the one that explains: 1 means the same order of "
    "all places, 0 that one says nothing about the other.",
    method="Rank correlation of the map with that of each other candidate, the mean over these; then each "
    "pair. The details hold how many of the highest 10 % of the places both name (by chance 10 %). A map "
    "that is the same everywhere has no order. Agreement does not prove that they are right. "
    f"{ITEMS} BCa bootstrap over items.",
    reference="Krishna et al. 2022, arXiv:2202.01602, section 3",
    needs=("logits",),
)
def explanation_agreement(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the mean over the pairs with the method that explains, then every pair."""
    found = found_in(evidence)
    if len(found.methods) < 2:
        raise NotApplicable("only one method was tried")
    table = step_of(evidence, AGREEMENT, TRIAL)
    _, table = same_items([evidence.clean, table], "no item that was explained is judged")
    pairs = [name.removesuffix(".rank") for name in table.columns if name.endswith(".rank")]
    ranks = {pair: np.asarray(table[f"{pair}.rank"], dtype=np.float64) for pair in pairs}
    tops = {pair: np.asarray(table[f"{pair}.top"], dtype=np.float64) for pair in pairs}
    tried = {
        pair: np.asarray(table[f"{pair}.compared"]).astype(bool)
        if f"{pair}.compared" in table
        else np.ones(len(table), dtype=bool)
        for pair in pairs
    }
    with_chosen = [pair for pair in pairs if found.chosen in pair.split("|")]
    known = [pair for pair in with_chosen if np.isfinite(ranks[pair]).any()]
    yield _of_chosen(evidence, found, table.ids, ranks, tops, tried, known)
    for pair in pairs:
        one, two = pair.split("|")
        rows = tried[pair]
        details = {
            "methods": [one, two],
            "titles": [title_of(one), title_of(two)],
            "with_chosen": pair in with_chosen,
            "top_overlap": summary(tops[pair][rows], evidence.seed, part),
        }
        yield mean_of(
            evidence, table.ids[rows], ranks[pair][rows], f"methods={one},{two}", details,
            correlation, secondary=True,
        )  # fmt: skip


def _of_chosen(
    evidence: Evidence,
    found: Found,
    ids: np.ndarray,
    ranks: dict[str, np.ndarray],
    tops: dict[str, np.ndarray],
    tried: dict[str, np.ndarray],
    pairs: list[str],
) -> Estimate | Absence:
    """Return the mean over the pairs, of the items on which all of them were compared."""
    if not pairs:
        return Absence("on no item two maps could be compared", "")
    rows = np.all([tried[pair] for pair in pairs], axis=0)
    means = np.mean([ranks[pair][rows] for pair in pairs], axis=0)
    overlap = np.mean([tops[pair][rows] for pair in pairs], axis=0)
    details = {
        **found.facts(found.chosen),
        "pairs": len(pairs),
        "top_overlap": summary(overlap, evidence.seed, part),
    }
    return mean_of(evidence, ids[rows], means, "", details, correlation)
