"""The verdict on each axis: the question it answers, its main figure, and sentences about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetrust.core.measure import Axis, Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of
from finetrust.report.names import AXIS_TITLES
from finetrust.report.verdicts.accuracy import accuracy_sentences
from finetrust.report.verdicts.confidence import confidence_sentences
from finetrust.report.verdicts.data import data_sentences
from finetrust.report.verdicts.interpretability import interpretability_sentences
from finetrust.report.verdicts.stability import stability_sentences

QUESTIONS: Mapping[Axis, str] = {
    "accuracy": "Is it right, for whom, and does it know when it is not?",
    "stability": "Does it stay right when the input changes a little?",
    "interpretability": "Why does it answer so?",
    "data": "Is the test a fair one?",
}


@dataclass(frozen=True)
class Verdict:
    """What is said about one axis.

    Parameters
    ----------
    axis : str
    title, question : str
    headline : Measure or None
        The figure shown large; None where it does not apply.
    sentences : tuple of str
    """

    axis: Axis
    title: str
    question: str
    headline: Measure | None
    sentences: tuple[str, ...]


def verdicts(profile: TrustProfile, data_report: Mapping[str, Any] | None = None) -> list[Verdict]:
    """Return the verdicts on the three axes and on the data, in the order they are read.

    Parameters
    ----------
    profile : TrustProfile
    data_report : mapping, optional
        The data report of the run, as JSON values.
    """
    sentences: Mapping[Axis, list[str]] = {
        "accuracy": accuracy_sentences(profile) + confidence_sentences(profile),
        "stability": stability_sentences(profile),
        "interpretability": interpretability_sentences(profile),
        "data": data_sentences(profile, data_report or {}),
    }
    return [
        Verdict(axis, AXIS_TITLES[axis], question, _measured(profile, axis), tuple(sentences[axis]))
        for axis, question in QUESTIONS.items()
    ]


def _measured(profile: TrustProfile, axis: Axis) -> Measure | None:
    headline = headline_of(profile, axis)
    return headline if headline is not None and headline.applies else None
