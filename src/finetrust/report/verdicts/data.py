"""Sentences on the data: whether the test is a fair one, and what the data report found."""

from collections.abc import Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.numbers import counted
from finetrust.report.verdicts.evaluation_data import evaluation_data_sentences


def data_sentences(profile: TrustProfile, data_report: Mapping[str, Any]) -> list[str]:
    """Return how far the test can be believed, and how many warnings the data report has."""
    return [*evaluation_data_sentences(profile), *_findings(data_report)]


def _findings(data_report: Mapping[str, Any]) -> list[str]:
    found = len(data_report.get("warnings") or ())
    return [f"The data report has {counted(found, 'warning', 'warnings')}."] if found else []
