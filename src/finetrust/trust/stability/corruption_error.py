"""Corruption error: how often the model is wrong under each common corruption, and mCE.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", ICLR 2019, section 4.1.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    bca_interval,
    bootstrap_share,
    resampled_means,
)
from finetrust.trust.accuracy.probabilities import is_right
from finetrust.trust.accuracy.ratios import share_interval
from finetrust.trust.accuracy.right.baseline import paired_difference
from finetrust.trust.stability.corruption_reference import CorruptionReference, reference_of
from finetrust.trust.stability.corruption_replicates import shared_means
from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.trials.matched import matched

REFERENCE = "Hendrycks & Dietterich 2019, arXiv:1903.12261, section 4.1"
NEEDS = ("target", "logits")


@measure(
    "corruption_error",
    axis="stability",
    topic="damage",
    title="Error under common corruptions",
    better="lower",
    method="Share of wrong answers on corrupted copies of the items (n counts the items), every type "
    "counting the same and within a type every severity; the extra types of the benchmark have "
    "figures of their own and do not count in the mean. Not divided by the errors of another model. "
    "BCa bootstrap interval over items, each taken with all its copies.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    share=True,
    meaning="How often the model is wrong on inputs with noise, blur, changed light and the like.",
    secondary=True,
)
def corruption_error(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean over the types, then each type.

    The details of the whole hold a heat map: ``types``, ``severities``, ``errors`` (types,
    severities; None where a severity was not run), the ``clean`` error of the same items, and which
    types are ``extra``.
    """
    wrong = Wrong.of(evidence)
    yield _estimate(evidence, wrong.ids, wrong.mean(wrong.counted), "", wrong.heat_map())
    for name in wrong.by_type:
        yield _estimate(evidence, wrong.ids, wrong.mean([name]), f"corruption={name}", {})


@measure(
    "mean_corruption_error",
    axis="stability",
    topic="damage",
    title="Mean corruption error (mCE)",
    better="lower",
    method="The errors under a type of corruption, summed over its severities and divided by those of "
    "a reference model, averaged over the types. The reference is a run that the user names, or, on "
    "the 1,000 classes of ImageNet with all 15 types at all 5 severities, AlexNet with its published "
    "errors; those of the reference are taken as exact. BCa bootstrap interval over items, each taken "
    "with all its copies.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    meaning="How much the model errs under corruption, where the errors of the reference model are "
    "100 %.",
    secondary=True,
)
def mean_corruption_error(evidence: Evidence) -> Iterator[Estimate]:
    """Yield mCE, then the corruption error (CE) of each type; the details name the reference."""
    wrong, reference = Wrong.of(evidence), reference_of(evidence)
    reference.check(wrong.severities())
    units = {name: reference.error(name) for name in wrong.counted}
    errors = {name: wrong.mean([name]) for name in units}
    yield from _normalised(evidence, reference, errors, units, _share)


@measure(
    "relative_mean_corruption_error",
    axis="stability",
    topic="damage",
    title="Relative mean corruption error (relative mCE)",
    better="lower",
    method="By how much the error rises from untouched items to a type of corruption, over all its "
    "severities, divided by the rise of a reference model, averaged over the types; reference and "
    "condition as for mCE. BCa bootstrap interval over items, untouched and corrupted together.",
    reference=REFERENCE,
    unit="%",
    needs=NEEDS,
    meaning="How much accuracy is lost to corruption, where the loss of the reference model is 100 %.",
    secondary=True,
)
def relative_mean_corruption_error(evidence: Evidence) -> Iterator[Estimate]:
    """Yield relative mCE, then the relative CE of each type; the details name the reference."""
    wrong, reference = Wrong.of(evidence), reference_of(evidence)
    reference.check(wrong.severities())
    units = {name: reference.rise(name) for name in wrong.counted}
    rises = {name: wrong.mean([name]) - wrong.clean for name in units}
    yield from _normalised(evidence, reference, rises, units, _rise)


@dataclass(frozen=True, eq=False)
class Wrong:
    """Which items are answered wrongly: float arrays (n,) of 0 and 1, on the same n items.

    Parameters
    ----------
    ids : str array (n,)
    clean : array
    by_type : mapping of str to mapping of int to array
        By corruption and severity.
    """

    ids: np.ndarray
    clean: np.ndarray
    by_type: Mapping[str, Mapping[int, np.ndarray]]

    @classmethod
    def of(cls, evidence: Evidence) -> "Wrong":
        """Read them off the clean and the corrupted predictions; NaN is wrong.

        Raises
        ------
        NotApplicable
            If there are no corrupted items.
        """
        clean, by_type = matched(evidence)
        wrong = {
            name: {
                severity: 1.0 - is_right(table, evidence.calibration)
                for severity, table in sorted(of.items())
            }
            for name, of in sorted(by_type.items())
        }
        return cls(clean.ids, 1.0 - is_right(clean, evidence.calibration), wrong)

    @property
    def counted(self) -> list[str]:
        """The types that count in a mean over types: all but the extra ones.

        Raises
        ------
        NotApplicable
            If there are none.
        """
        found = [name for name in self.by_type if not is_extra(name)]
        if not found:
            raise NotApplicable("only extra types of corruption were run, which are in no mean")
        return found

    def mean(self, names: list[str]) -> np.ndarray:
        """Return the error of each item, types counting the same: float array (n,)."""
        return np.mean(
            [np.mean(list(self.by_type[name].values()), axis=0) for name in names], axis=0
        )

    def severities(self) -> dict[str, tuple[int, ...]]:
        """Return the severities of each type that counts."""
        return {name: tuple(self.by_type[name]) for name in self.counted}

    def heat_map(self) -> dict:
        """Return the error by type and severity as JSON values."""
        severities = sorted({severity for of in self.by_type.values() for severity in of})
        return {
            "types": list(self.by_type),
            "severities": severities,
            "errors": [
                [float(of[severity].mean()) if severity in of else None for severity in severities]
                for of in self.by_type.values()
            ],
            "clean": float(self.clean.mean()),
            "extra": [name for name in self.by_type if is_extra(name)],
        }


def is_extra(name: str) -> bool:
    """Return whether a type is one of the four that the benchmark keeps for validation."""
    return name in corruptions.names() and corruptions.get(name).extra


def _estimate(
    evidence: Evidence, ids: np.ndarray, wrong: np.ndarray, subset: str, details: Mapping
) -> Estimate:
    low, high = bootstrap_share(wrong, evidence.seed)
    replicates = partial(_replicates, evidence, ids, wrong)
    return Estimate(float(wrong.mean()), low, high, len(wrong), subset, details, replicates)


def _normalised(
    evidence: Evidence,
    reference: CorruptionReference,
    figures: Mapping[str, np.ndarray],
    units: Mapping[str, float],
    of_alike: Callable[[float, int], tuple[float, float]],
) -> Iterator[Estimate]:
    """Yield the mean over the types of figures (n,) in units of the reference, then each type.

    Where all items have the same value, which then is in every resample, the interval is that of the
    figure itself, `of_alike` of its value and n, in units of the reference.
    """
    ids = matched(evidence)[0].ids
    for subset, names in (("", list(units)), *((f"corruption={name}", [name]) for name in units)):
        values = np.mean([figures[name] / units[name] for name in names], axis=0)
        value = float(values.mean())
        if np.ptp(values) < 1e-12:
            scale = float(np.mean([1 / units[name] for name in names]))
            low, high = (bound * scale for bound in of_alike(value / scale, len(values)))
            low, high = min(low, value), max(high, value)
        else:
            replicates = resampled_means(values[:, None], RESAMPLES, evidence.seed)[:, 0]
            low, high = bca_interval(value, replicates, values)
        details = {"reference": reference.name}
        shared = partial(_replicates, evidence, ids, values)
        yield Estimate(value, low, high, len(values), subset, details, shared)


def _share(value: float, n: int) -> tuple[float, float]:
    return share_interval(min(max(value, 0.0), 1.0), n)


def _rise(value: float, n: int) -> tuple[float, float]:
    return paired_difference(max(value, 0.0) * n, max(-value, 0.0) * n, n)


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]
