"""Measures with made-up values, in the shapes that the measures of every task have."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from finetrust.core.measure import Axis, Measure

CORRUPTIONS = ("gaussian_noise", "defocus_blur", "fog", "contrast")
TYPOS = ("typos", "casing", "punctuation", "whitespace")


def figure(
    name: str,
    title: str,
    value: float | None,
    *,
    axis: Axis = "accuracy",
    half: float = 0.04,
    n: int = 62,
    **facts: Any,
) -> Measure:
    """Return a measure with an interval of `half` to both sides."""
    given: dict[str, Any] = {
        "unit": "%",
        "better": "higher",
        "method": f"How {title} is computed. Bootstrap over the items.",
        "reference": "A paper",
        **facts,
    }
    low, high = (None, None) if value is None else (max(0.0, value - half), value + half)
    if high is not None and given["unit"] == "%":
        high = min(1.0, high)
    return Measure(name, axis, title, value, low, high, n, **given)


def left_out(*titles: str, axis: Axis = "accuracy") -> list[Measure]:
    """Return measures of other tasks."""
    reason = "the predictions have no column 'logits'"
    return [
        figure(title.lower().replace(" ", "_"), title, None, axis=axis, reason=reason)
        for title in titles
    ]


def by_class(
    name: str, title: str, values: Mapping[str, float], kind: str = "class"
) -> list[Measure]:
    """Return one figure a class."""
    return [
        figure(name, title, value, half=0.09, n=12 + i, subset=f"{kind}={part}")
        for i, (part, value) in enumerate(values.items())
    ]


def under_disturbance(
    name: str,
    title: str,
    untouched: float,
    kinds: Sequence[str],
    severities: Sequence[int],
    **facts: Any,
) -> list[Measure]:
    """Return the main figure under disturbances, of each kind, and relative to the untouched one."""
    table = {
        kind: {str(s): untouched * (1 - 0.12 * (i + 1) * s / severities[-1]) for s in severities}
        for i, kind in enumerate(kinds)
    }
    means = {kind: float(np.mean(list(row.values()))) for kind, row in table.items()}
    mean = float(np.mean(list(means.values())))
    same: dict[str, Any] = {"axis": "stability", **facts}
    return [
        figure(name, title, mean, details=table, **same),
        *(
            figure(name, title, value, subset=f"corruption={kind}", details=table[kind], **same)
            for kind, value in means.items()
        ),
        figure(f"relative_{name}", f"{title}, relative", mean / untouched, **same),
    ]


def overlap(n: int = 62) -> Measure:
    return figure(
        "train_overlap",
        "Evaluation items seen in training",
        0.0,
        axis="data",
        n=n,
        better="lower",
        share=True,
    )


def bins(n: int, lean: float = 0.08) -> dict[str, Any]:
    """Return a reliability diagram of a model that is too sure by `lean`."""
    edges = np.linspace(0, 1, 16)
    middle = (edges[1:] + edges[:-1]) / 2
    counts = np.round(n * middle**2 / (middle**2).sum()).astype(int)
    return {
        "edges": edges.tolist(),
        "confidence": middle.tolist(),
        "accuracy": np.clip(middle - lean, 0, 1).tolist(),
        "count": counts.tolist(),
    }


def ece(name: str, title: str, value: float, n: int, keys: Sequence[str] = ("before",)) -> Measure:
    details = {key: bins(n, lean) for key, lean in zip(keys, (0.15, 0.05), strict=False)}
    return figure(name, title, value, half=0.02, better="lower", details=details)
