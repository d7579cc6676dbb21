"""Signs that gradients hide how easily a model is fooled, so that robust accuracy flatters it.

Athalye, Carlini & Wagner, "Obfuscated Gradients Give a False Sense of Security", ICML 2018, section
3.1; Carlini et al., "On Evaluating Adversarial Robustness", 2019, section 5; and the flags of the
authors' code of AutoAttack.
"""

from collections.abc import Iterator, Mapping
from functools import reduce

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.trust.stability.adversarial.found import TRIAL, Found, found_in, share_of
from finetrust.trust.stability.adversarial.grids import NORM_TITLES

TOLERATED = 0.01
"""A share of items that moves robust accuracy by a point at most is no ground for a warning."""

SIGNS: Mapping[str, str] = {
    "zero_gradient": "the gradient is zero, so that attacks by gradients do not know where to go",
    "unbounded": "no attack succeeds even where the whole image may be replaced",
    "single_step": "one step breaks the answer where several smaller ones do not",
    "black_box": "an attack that sees no gradients breaks what those by gradients do not",
}


@measure(
    "gradient_masking",
    axis="stability",
    topic="attack",
    title="Items that show signs of masked gradients",
    better="lower",
    method="Share of the items that the network answers right which show at least one of four signs, in "
    "either norm; below, each sign. A warning is given where the lower end of a sign's interval is above "
    f"{TOLERATED * 100:g} %. Wilson interval.",
    meaning="For these images the attacks could not do their work, so that the accuracy under attack may "
    "look better than it is.",
    reference="Athalye et al. 2018, arXiv:1802.00420, section 3.1; Carlini et al. 2019, arXiv:1902.06705",
    unit="%",
    needs=("logits",),
    share=True,
    secondary=True,
)
def gradient_masking(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share with any sign, then with each.

    The details hold ``warning``, a text or None, and ``signs``, those that give rise to it.
    """
    norms = list(_norms(evidence))
    right = norms[0].right
    if not right.any():
        raise NotApplicable("no untouched image is answered right, so that nothing was attacked")
    ids = norms[0].table.ids[right]
    shown = {
        name: reduce(np.logical_or, [found[name] for found in map(_signs, norms)])[right]
        for name in _signs(norms[0])
    }
    parts = [share_of(evidence, ids, holds, f"sign={name}") for name, holds in shown.items()]
    alarming = [name for name, part in zip(shown, parts, strict=True) if part.ci_low > TOLERATED]
    any_sign = reduce(np.logical_or, list(shown.values()))
    details = {"warning": _warning(alarming), "signs": {name: SIGNS[name] for name in alarming}}
    yield share_of(evidence, ids, any_sign, "", details)
    yield from parts
    for name in SIGNS.keys() - shown.keys():
        yield Absence("the attack that sees no gradients is no part of this effort", f"sign={name}")


def _norms(evidence: Evidence) -> Iterator[Found]:
    tables = evidence.tables(TRIAL)
    for norm in NORM_TITLES:
        if norm in tables:
            yield found_in(evidence, norm)


def _signs(found: Found) -> dict[str, np.ndarray]:
    signs = {
        "zero_gradient": found.column("zero_gradient"),
        "unbounded": ~found.column("boundless"),
        "single_step": found.column("single_step") & ~found.column("multi_step"),
    }
    if "black_box" in found.table:
        signs["black_box"] = found.column("black_box")
    return signs


def _warning(alarming: list[str]) -> str | None:
    if not alarming:
        return None
    why = "; ".join(SIGNS[name] for name in alarming)
    return (
        "The accuracy under attack is probably too high, because the gradients of the network hide how "
        f"it can be fooled: for more than {TOLERATED * 100:g} % of the items {why}."
    )
