"""Accuracy: is it right, for whom, does it know when it is not, when should it abstain."""

from markupsafe import Markup

from finetrust.core.measure import Measure, Topic
from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.html.topic import anchor_of, topic_part
from finetrust.report.judged import measures_of
from finetrust.report.report_data import ReportData
from finetrust.report.topics import QUESTIONS, by_topic


def _parts(data: ReportData) -> list[tuple[str, str]]:
    return [(anchor_of(topic), QUESTIONS[topic]) for topic in _topics(data) if QUESTIONS[topic]]


@section("accuracy", order=30, title="Accuracy", parts=_parts)
def accuracy(data: ReportData) -> Markup | None:
    """Return the parts of the accuracy axis, question by question."""
    parts = [topic_part(topic, measures, data) for topic, measures in _topics(data).items()]
    return fill("sections/accuracy.html.j2", parts=parts) if parts else None


def _topics(data: ReportData) -> dict[Topic, list[Measure]]:
    return by_topic(measures_of(data.profile, "accuracy")) if data.profile else {}
