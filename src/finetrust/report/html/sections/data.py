"""Data: whether the test can be trusted, and the data report that was made before training."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.html.topic import topic_part
from finetrust.report.judged import measures_of, noun_of
from finetrust.report.names import words
from finetrust.report.numbers import count, counted
from finetrust.report.plots.bar import stacked_bar
from finetrust.report.report_data import ReportData
from finetrust.report.topics import by_topic

CLASSES_SHOWN = 25
PROBLEMS_SHOWN = 20
COPIES = {"exact_duplicates": "Exact copies", "near_duplicates": "Near copies"}


@section("data", order=60, title="Data")
def data(data: ReportData) -> Markup | None:
    """Return what was measured of the test itself, and the data report of the run."""
    topics = by_topic(measures_of(data.profile, "data")) if data.profile else {}
    parts = [topic_part(topic, measures, data) for topic, measures in topics.items()]
    report = _report(data.data_report) if data.data_report else None
    return fill("sections/data.html.j2", parts=parts, report=report) if parts or report else None


def _report(report: Mapping[str, Any]) -> Markup:
    splits = dict(report.get("splits") or {})
    classes = _classes(splits)
    return fill(
        "sections/data_report.html.j2",
        report=report,
        splits={name: (split or {}).get("n", 0) for name, split in splits.items()},
        inputs=noun_of(report),
        counted=report.get("counted") or noun_of(report),
        classes=classes[:CLASSES_SHOWN],
        more_classes=classes[CLASSES_SHOWN:],
        findings=_findings(report),
        copies=[(title, report.get(key) or {}) for key, title in COPIES.items()],
        shown=PROBLEMS_SHOWN,
    )


def _classes(splits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each class with its counts in the splits, the largest first."""
    counts = {name: (split or {}).get("classes") or {} for name, split in splits.items()}
    names = list(dict.fromkeys(name for of in counts.values() for name in of))
    rows = [
        {"name": name, "counts": [(split, int(of.get(name, 0))) for split, of in counts.items()]}
        for name in names
    ]
    rows.sort(key=lambda row: -sum(n for _, n in row["counts"]))
    most = max((sum(n for _, n in row["counts"]) for row in rows), default=1)
    for row in rows:
        told = ", ".join(f"{count(n)} {split or 'items'}" for split, n in row["counts"])
        row["bar"] = stacked_bar(row["counts"], most, title=f"{row['name']}: {told}")
    return rows


def _findings(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    def copies(key: str) -> str:
        found = report.get(key) or {}
        across = int(found.get("across_splits") or 0)
        pairs = counted(int(found.get("n_pairs") or 0), "pair", "pairs")
        return f"{pairs}, {count(across)} across splits"

    facts = [
        (words(noun_of(report)), count(int(report.get("n") or 0))),
        ("Unusable, left out", count(len(report.get("unreadable") or ()))),
    ]
    if report.get("problems"):
        problems = int(report.get("n_problems") or len(report["problems"]))
        facts.append(("Problems with labels", count(problems)))
    facts += [
        *((title, copies(key)) for key, title in COPIES.items()),
        ("Copies with different labels", count(len(report.get("conflicting_labels") or ()))),
    ]
    if any((split or {}).get("classes") for split in (report.get("splits") or {}).values()):
        facts += [
            ("Classes without items", _names(report.get("empty_classes"))),
            ("Classes with a single item", _names(report.get("single_item_classes"))),
        ]
    sizes = report.get("sizes") or {}
    if sizes.get("median"):
        low, middle, high = (_size(sizes.get(key)) for key in ("min", "median", "max"))
        told = middle if low == high else f"{low} to {high}, median {middle}"
        facts.append((f"Sizes in {sizes.get('unit', 'pixels')}", told))
    return facts


def _size(size: Any) -> str:
    return "×".join(str(side) for side in size or "?")


def _names(names: Any) -> str:
    return ", ".join(str(name) for name in names) if names else "none"
