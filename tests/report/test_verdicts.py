"""Verdicts: the sentences say what the figures say, no more and no less."""

from dataclasses import replace
from typing import Any

import pytest

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.verdicts import verdicts
from finetrust.report.verdicts.accuracy import headline
from finetrust.report.verdicts.cautions import cautions
from finetrust.report.verdicts.comparison import comparison_sentence

BINS = {
    "edges": [0.0, 0.5, 0.9, 1.0],
    "confidence": [None, 0.7, 0.98],
    "accuracy": [None, 0.5, 0.9],
    "count": [0, 10, 30],
}
SHARES = {"accuracy", "recall", "subgroup_accuracy", "corruption_accuracy", "train_overlap"}


def measure(name: str, value: float | None, **facts: Any) -> Measure:
    given: dict[str, Any] = {
        "axis": "accuracy",
        "title": name,
        "ci_low": None if value is None else max(0.0, value - 0.02),
        "ci_high": None if value is None else min(1.0, value + 0.02),
        "n": 200,
        "unit": "%",
        "better": "higher",
        "method": "",
        "reference": "",
        "share": name in SHARES,
        **facts,
    }
    return Measure(name=name, value=value, **given)


def profile(*measures: Measure, fingerprint: str = "a", **facts: Any) -> TrustProfile:
    data = {"name": "pets", "n": 200, "fingerprint": fingerprint, "classes": ["cat", "dog"]}
    return TrustProfile("classification", {}, data, measures, **facts)


def said(axis: str, *measures: Measure, **report: Any) -> str:
    found = {v.axis: v for v in verdicts(profile(*measures), report)}
    return " ".join(found[axis].sentences).replace("\xa0", " ")  # type: ignore[index]


def test_the_headline_is_a_natural_frequency_with_its_interval() -> None:
    found = headline(profile(measure("accuracy", 0.93, ci_low=0.89, ci_high=0.96)))
    assert str(found).replace("\xa0", " ") == (
        "Right in about 93 of 100 cases. It was judged on 200 items, so the true figure most "
        "likely lies between 89 and 96 of 100 (95 % interval)."
    )


def test_the_weakest_class_is_named_with_its_counts() -> None:
    text = said(
        "accuracy",
        measure("accuracy", 0.9),
        measure("recall", 0.95, subset="class=cat", n=100),
        measure("recall", 0.8, subset="class=dog", n=50, ci_low=0.67, ci_high=0.89),
    )
    assert "Right in 180 of 200 items." in text
    assert "most frequent class would be right in 66.7 %" in text
    assert "Weakest class: “dog”, recognised in 40 of 50 items (interval 67.0–89.0 %)." in text


def test_a_class_name_with_an_equals_sign_stays_whole() -> None:
    recalls = [measure("recall", v, subset=f"class={n}") for v, n in ((0.5, "a=b"), (0.9, "c"))]
    assert "“a=b”" in said("accuracy", measure("accuracy", 0.9), *recalls)


def test_classes_that_are_all_recognised_have_no_weakest() -> None:
    recalls = [measure("recall", 1.0, subset=f"class={name}") for name in ("cat", "dog")]
    text = said("accuracy", measure("accuracy", 1.0), *recalls)
    assert "Every class was recognised in all of its items." in text
    assert "Weakest" not in text


def test_overconfidence_is_called_too_sure() -> None:
    ece = measure("ece", 0.11, ci_low=0.05, ci_high=0.16, details={"before": BINS, "after": None})
    text = said("accuracy", measure("accuracy", 0.8), ece)
    assert "off by 11.0 points on average (interval 5.0–16.0 %)" in text
    assert "it is too sure, 91.0 % confident and 80.0 % right" in text
    assert "Of the 30 answers given with more than 90% confidence, 27 were right." in text


def test_the_calibrated_confidence_is_judged_where_there_is_one() -> None:
    after = {**BINS, "confidence": [None, 0.4, 0.8]}
    ece = measure("ece", 0.11, ci_low=0.05, details={"before": BINS, "after": after})
    assert "not sure enough" in said("accuracy", measure("accuracy", 0.8), ece)


def test_an_error_of_confidence_that_cannot_be_shown_is_not_claimed() -> None:
    ece = measure("ece", 0.03, ci_low=0.0, ci_high=0.08, details={"before": BINS})
    text = said("accuracy", measure("accuracy", 0.8), ece)
    assert "On 200 items no error of its confidence can be shown" in text
    assert "up to 8.0 points" in text
    assert "too sure" not in text


def test_stability_tells_the_fall_and_the_hardest_disturbance() -> None:
    table = {"fog": {"1": 0.8, "5": 0.6}, "gaussian_noise": {"1": 0.5, "5": 0.1}}
    text = said(
        "stability",
        measure("corruption_accuracy", 0.5, axis="stability", details=table),
        measure("corruption_accuracy", 0.7, axis="stability", subset="corruption=fog"),
        measure("corruption_accuracy", 0.3, axis="stability", subset="corruption=gaussian_noise"),
        measure("relative_corruption_accuracy", 0.625, axis="stability"),
    )
    assert "Under 2 kinds of disturbance (fog and gaussian noise)" in text
    assert "right in 50.0 % on average, against 80.0 % on the same items untouched" in text
    assert "Hardest: gaussian noise, with 30.0 %." in text
    assert "10.0 %, under gaussian noise of severity 5" in text


def test_under_a_single_severity_the_hardest_disturbance_is_told_once() -> None:
    text = said(
        "stability",
        measure(
            "corruption_accuracy", 0.5, axis="stability", details={"a": {"3": 0.7}, "b": {"3": 0.3}}
        ),
        measure("corruption_accuracy", 0.7, axis="stability", subset="corruption=a"),
        measure("corruption_accuracy", 0.3, axis="stability", subset="corruption=b"),
    )
    assert text.endswith("Hardest: b, with 30.0 %.")


def test_parts_of_the_main_measure_come_before_other_shares() -> None:
    text = said(
        "accuracy",
        measure("accuracy", 0.9),
        *(measure("accuracy", v, subset=f"type={n}") for n, v in (("a", 0.5), ("b", 0.9))),
        *(measure("recall", v, subset=f"class={n}") for n, v in (("a", 0.9), ("b", 0.2))),
    )
    assert "Weakest type: “a”" in text


def test_what_was_not_measured_is_not_known_and_says_why() -> None:
    absent = measure("corruption_accuracy", None, axis="stability", reason="it was not run")
    assert said("stability", absent) == "Not known: it was not run."
    assert "it was not measured" in said("data")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "None of the 200 evaluation items is a copy"),
        (0.005, "1 of the 200 evaluation items is in the training data too"),
        (0.1, "20 of the 200 evaluation items are in the training data too"),
    ],
)
def test_overlap_with_training_data_is_counted(share: float, text: str) -> None:
    overlap = measure("train_overlap", share, axis="data", better="lower")
    assert text in said("data", overlap)


def test_warnings_of_the_data_report_are_counted() -> None:
    assert "The data report has 2 warnings." in said("data", warnings=["a", "b"])


def test_cautions_tell_what_the_figures_hold_for() -> None:
    assert "data like “pets”" in cautions(profile())[-1]


def test_a_difference_is_more_than_chance_only_if_the_intervals_are_apart() -> None:
    good, bad = profile(measure("accuracy", 0.9)), profile(measure("accuracy", 0.7))
    near = profile(measure("accuracy", 0.89))
    assert "more than chance" in str(comparison_sentence(good, bad, "b"))
    assert "more than chance" in str(comparison_sentence(bad, good, "b"))
    assert "may be chance" in str(comparison_sentence(good, near, "b"))


def test_runs_on_other_data_are_not_compared() -> None:
    good = profile(measure("accuracy", 0.9))
    other = replace(good, data={**good.data, "fingerprint": "b"})
    assert comparison_sentence(good, other, "b") is None
    unknown = replace(good, data={"name": "pets"})
    assert comparison_sentence(unknown, unknown, "b") is None
