"""Coverage of prediction sets: how often they hold the true class, beside what was promised."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.accuracy.conformal.quantile import coverage_interval
from finetrust.trust.accuracy.conformal.sets import Sets, absent_parts, each_sets
from finetrust.trust.accuracy.conformal.words import SETS, WHOLE
from finetrust.trust.accuracy.intervals import RESAMPLES, resampled_means, wilson


@measure(
    "conformal_coverage",
    axis="accuracy",
    title="True class in the prediction set (90 % promised)",
    better="higher",
    method=f"Share of test items whose prediction set holds the true class. {SETS} Wilson score "
    "interval. The details say in which interval this share lies in 95 % of all draws of so many "
    "validation and test items (beta-binomial), whatever the model.",
    reference="Vovk 2012, arXiv:1209.2673, proposition 2a; Angelopoulos & Bates 2021, "
    "arXiv:2107.07511, section 3.2",
    unit="%",
    needs=("target", "logits"),
    share=True,
    meaning=f"How often the right answer is among those that predict --set names. {WHOLE}",
    topic="conformal",
)
def conformal_coverage(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the coverage of LAC sets at 90 %, then of every method at every coverage.

    The details hold ``asked``, ``n_validation``, the ``threshold``, ``expected`` (the interval in which
    the coverage lies by its law; None where there are several thresholds), and for several
    thresholds ``pooled``, the classes or groups whose validation items are too few for one of their
    own, and ``takes``, how many it takes.
    """
    for sets, subset in each_sets(evidence):
        n, hits = len(sets.covered), int(sets.covered.sum())
        low, high = wilson(hits, n)
        yield Estimate(
            hits / n,
            float(low),
            float(high),
            n,
            subset,
            {
                "asked": sets.asked,
                "n_validation": sets.n_validation,
                "expected": _expected(sets),
                **sets.facts,
            },
            replicates=partial(_resampled, sets.covered, evidence.seed),
            secondary=bool(subset),
        )
    yield from absent_parts(evidence)


def _expected(sets: Sets) -> list[float] | None:
    if "pooled" in sets.facts:
        return None
    return list(coverage_interval(sets.n_validation, sets.asked, len(sets.covered)))


def _resampled(covered: np.ndarray, seed: int) -> np.ndarray:
    return resampled_means(covered[:, None], RESAMPLES, seed)[:, 0]
