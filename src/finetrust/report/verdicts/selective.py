"""Sentences on abstaining: how much it can answer itself at a risk that is promised."""

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import noun_of
from finetrust.report.names import subset_value
from finetrust.report.numbers import SPACE, frequency, percent, sentence_list, value_of
from finetrust.report.verdicts.measured import measured


def selective_sentences(profile: TrustProfile) -> list[str]:
    """Return which share of the inputs it may answer, and how well confidence tells right from wrong."""
    sentences = []
    levels = [m for m in profile.subsets("coverage_at_risk") if m.applies]
    if levels:
        told = [
            f"{value_of(level)} if {_spaced(subset_value(level))} errors are allowed"
            for level in levels
        ]
        sentences.append(
            f"Of the {noun_of(profile.data)} it may answer {sentence_list(told)}; the others go to a "
            f"person. The thresholds were chosen on validation data, and the promise holds with "
            f"95{SPACE}% probability."
        )
    separates = measured(profile, "failure_auroc") or measured(profile, "failure_auroc[score=msp]")
    if separates is not None and separates.value is not None:
        sentences.append(
            f"Of a right and a wrong answer, drawn at random, it was surer of the right one in "
            f"{frequency(separates.value)} cases."
        )
    return sentences


def _spaced(risk: str) -> str:
    return risk.replace("%", f"{SPACE}%") if risk.endswith("%") else percent(float(risk))
