"""How often ``predict`` marks inputs as unfamiliar: familiar ones in vain, unfamiliar ones rightly."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    percentile_interval,
    resampled_means,
    wilson,
)
from finetrust.trust.stability.ood.familiarity import (
    FALSE_ALARMS,
    familiarity,
    fewest_false_alarms,
)
from finetrust.trust.stability.ood.judged import CHOICE_WORDS, Distance, Judged, judged

_REFERENCE = "Bates et al. 2023, arXiv:2104.08279; Laxhammar & Falkman 2015"
_MARKED = (
    "An input is marked where no more than 5 % of the validation items are as unusual, itself counted "
    f"among them. {CHOICE_WORDS}"
)


@measure(
    "ood_false_alarm_rate",
    axis="stability",
    topic="unfamiliar",
    title="Familiar inputs marked as unfamiliar",
    better="lower",
    method=f"Share of the items that predict marks as unfamiliar. {_MARKED} It is 5 % or less for items like "
    "the validation data. Wilson interval.",
    reference=_REFERENCE,
    unit="%",
    share=True,
    meaning="How often the model is wary of an ordinary input in vain; about 5 % are meant to be.",
    per_group=False,
)
def ood_false_alarm_rate(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share of the familiar items that are marked."""
    found = judged(evidence)
    marked = _marked(found, found.familiar[found.chosen])
    low, high = wilson(marked.sum(), len(marked))
    yield Estimate(
        float(marked.mean()),
        float(low),
        float(high),
        len(marked),
        details={
            "score": found.chosen,
            "promised": FALSE_ALARMS,
            "validation": len(found.validated()),
            "ids": found.ids[marked][:100].tolist(),
        },
        replicates=partial(_replicates, evidence, found.ids, marked),
    )


def mean_share(marked: Sequence[np.ndarray], seed: int) -> tuple[float, float, float]:
    """Return the mean over some sets of the share that is marked, and its interval.

    Of one set Wilson's; of several by draws of each share from its posterior under Jeffreys' prior.

    Parameters
    ----------
    marked : sequence of bool array (m,)
    seed : int
    """
    value = float(np.mean([each.mean() for each in marked]))
    if len(marked) == 1:
        low, high = map(float, wilson(marked[0].sum(), len(marked[0])))
        return value, low, high
    rng = np.random.default_rng((seed, 2))
    drawn = [
        rng.beta(each.sum() + 0.5, len(each) - each.sum() + 0.5, size=10 * RESAMPLES)
        for each in marked
    ]
    low, high = percentile_interval(np.mean(drawn, axis=0))
    return value, min(low, value), max(high, value)


def _register(distance: Distance) -> None:
    @measure(
        f"ood_detection_rate_{distance}",
        axis="stability",
        topic="unfamiliar",
        title=f"Unfamiliar inputs marked as such ({distance})",
        better="higher",
        method=f"Share of the unfamiliar items that predict marks. {_MARKED} Mean over the sets. Wilson "
        "interval of one set; of several by draws of each share from its posterior under Jeffreys' prior.",
        reference=_REFERENCE,
        unit="%",
        meaning="How many of the inputs that are none of the model's classes predict would mark.",
        per_group=False,
    )
    def ood_detection_rate(evidence: Evidence) -> Iterator[Estimate]:
        """Yield the mean over the sets, then each set."""
        found = judged(evidence)
        sets = found.at(distance)
        marked = {name: _marked(found, one[found.chosen]) for name, one in sets.items()}
        details = {
            "score": found.chosen,
            "promised": FALSE_ALARMS,
            "validation": len(found.validated()),
        }
        n = sum(map(len, marked.values()))
        yield Estimate(*mean_share(list(marked.values()), evidence.seed), n, details=details)
        for name, each in marked.items():
            yield Estimate(*mean_share([each], evidence.seed), len(each), f"set={name}", details)


_register("near")
_register("far")


def _marked(found: Judged, unusual: np.ndarray) -> np.ndarray:
    """Return which items are marked as unfamiliar: bool array (n,)."""
    validation = found.validated()
    if fewest_false_alarms(len(validation)) > FALSE_ALARMS:
        raise NotApplicable(
            f"with {len(validation)} validation items nothing can be marked at 5 % false alarms; it takes "
            f"{round(1 / FALSE_ALARMS) - 1} at least"
        )
    return familiarity(unusual, validation) <= FALSE_ALARMS


def _replicates(evidence: Evidence, ids: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """Return the share on every shared resample of the clean items, some of which were scored."""
    rows = {name: row for row, name in enumerate(evidence.clean.ids.tolist())}
    columns = np.zeros((len(evidence.clean), 2))
    for name, one in zip(ids.tolist(), marked, strict=True):
        if name in rows:
            columns[rows[name]] = 1, one
    means = resampled_means(columns, RESAMPLES, evidence.seed)
    with np.errstate(invalid="ignore"):
        return means[:, 1] / means[:, 0]
