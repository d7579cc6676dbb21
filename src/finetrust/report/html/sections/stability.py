"""Stability: question by question what the trials found, and examples of what they do to single items."""

from markupsafe import Markup

from finetrust.core.measure import Measure, Topic
from finetrust.report.html.section import section
from finetrust.report.html.strips import ANCHOR, TITLE, strips_part
from finetrust.report.html.template import fill
from finetrust.report.html.topic import anchor_of, topic_part
from finetrust.report.judged import measures_of
from finetrust.report.report_data import ReportData
from finetrust.report.strips import strips_of
from finetrust.report.topics import QUESTIONS, by_topic

FOLDED_KINDS = ("corruption", "set", "score", "variant")


def _parts(data: ReportData) -> list[tuple[str, str]]:
    asked = [(anchor_of(topic), QUESTIONS[topic]) for topic in _topics(data) if QUESTIONS[topic]]
    return [*asked, *([(ANCHOR, TITLE)] if strips_of(data.profile) else [])]


@section("stability", order=40, title="Stability", parts=_parts)
def stability(data: ReportData) -> Markup | None:
    """Return the parts of the stability axis, question by question, and the strips of examples."""
    parts = [
        topic_part(topic, measures, data, FOLDED_KINDS) for topic, measures in _topics(data).items()
    ]
    if not parts:
        return None
    return fill("sections/stability.html.j2", parts=parts, strips=strips_part(data))


def _topics(data: ReportData) -> dict[Topic, list[Measure]]:
    if data.profile is None:
        return {}
    return by_topic(measures_of(data.profile, "stability"))
