"""How much of the heat lies beside the objects."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.interpretability.explained_tables import step_of
from finetrust.trust.interpretability.shortcuts.heat_share import heat_share

STEP = TRIAL = "localisation"


@measure(
    "background_reliance",
    axis="interpretability",
    topic="shortcut",
    title="Heat in the background",
    better="lower",
    meaning="How much of what speaks for the true class lies beside the object.",
    method="Share of the positive heat of the chosen explanation outside the masks or boxes of the objects, "
    "for the true class, mean over items; BCa bootstrap over items. The details hold what even heat would "
    "have there.",
    reference="Wang et al. 2020, arXiv:1910.01279, section 5.2 (energy-based pointing game)",
    unit="%",
    needs=("logits",),
    secondary=True,
)
def background_reliance(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share; the details hold ``even``, that of the pixels."""
    table = step_of(evidence, STEP, TRIAL)
    shares, even = 1 - table["explanation.energy"], 1 - table["area"]
    yield heat_share(evidence, table.ids, shares, even, {})
