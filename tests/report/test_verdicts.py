"""Verdicts: the sentences say what the figures say, no more and no less."""

from dataclasses import replace
from typing import Any

import pytest

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.verdicts import verdicts
from finetrust.report.verdicts.accuracy import headline
from finetrust.report.verdicts.by_topic import topic_sentences
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
    assert "right in 50.0 % on average (48.0–52.0 %, 200 items), against 80.0 % on the same" in text
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


def stable(name: str, value: float | None, **facts: Any) -> Measure:
    return measure(name, value, axis="stability", **facts)


def test_confidence_under_damage_is_told_beside_that_untouched() -> None:
    curve = {"curve": [{"severity": 0, "ece": 0.01}, {"severity": 5, "ece": 0.3}]}
    measures = (
        stable("corruption_accuracy", 0.7, details={}),
        stable("corruption_ece", 0.19, details=curve, ci_low=0.17, ci_high=0.2),
        stable("corruption_confidence_gap", 0.15, ci_low=0.1, ci_high=0.2),
    )
    told = " ".join(topic_sentences("damage", profile(*measures))).replace("\xa0", " ")
    assert "off by 19.0 points on average (interval 17.0–20.0 %), against 1.0 points" in told
    assert told.endswith("untouched: it is too sure there.")


def test_harmless_changes_tell_how_many_answers_flip_and_under_which_most() -> None:
    flips = (
        stable("harmless_any_flip", 0.3, n=100, better="lower", ci_low=0.2, ci_high=0.4),
        stable("harmless_any_flip", 0.29, subset="change=shift", better="lower"),
        stable("harmless_any_flip", 0.01, subset="change=jpeg", better="lower"),
    )
    text = said("stability", *flips)
    assert "flips the answer about 30 of 100 items (20.0–40.0 %), most often shift: 29.0 %" in text


def test_an_attack_tells_its_size_what_is_left_and_what_was() -> None:
    curve = {"eps": [0.0, 4 / 255], "accuracy": [0.95, 0.4], "reference": 4 / 255}
    robust = stable("robust_accuracy", 0.4, details={"curves": {"linf": curve}})
    text = said("stability", robust)
    assert "at most 4 of 255 levels" in text
    assert "right in 40.0 % (38.0–42.0 %, 200 items), against 95.0 % without" in text
    assert "too high" not in text
    masked = stable("gradient_masking", 0.5, details={"warning": "They hide it."})
    assert "This is probably too high." in said("stability", robust, masked)


def test_unfamiliar_inputs_near_and_far_are_told_apart() -> None:
    measures = (
        stable("ood_auroc_near", 0.62),
        stable("ood_auroc_far", 0.97),
        stable("ood_detection_rate_far", 0.8),
        stable("ood_false_alarm_rate", 0.06, better="lower"),
    )
    told = " ".join(topic_sentences("unfamiliar", profile(*measures))).replace("\xa0", " ")
    assert "inputs of unknown classes stranger than ordinary ones in 62 of 100 pairs" in told
    assert "inputs quite unlike its data in 97 of 100 pairs" in told
    assert "marks 80.0 % of the inputs quite unlike its data as unfamiliar, and 6.0 % of" in told


def test_training_again_tells_the_answers_that_would_be_others() -> None:
    measures = (
        stable("churn", 0.08, better="lower"),
        stable("unstable_items", 0.2, better="lower", details={"models": 9}),
        stable("accuracy_spread", 0.012, better="lower"),
    )
    told = " ".join(topic_sentences("retrained", profile(*measures))).replace("\xa0", " ")
    assert "another answer in 8 of 100 cases (6.0–10.0 %, 200 items)" in told
    assert "9 models trained alike do not agree on 40 of 200 items." in told
    assert "up and down by 1.2 points" in told


def test_only_flips_of_numerics_are_worth_a_line_of_the_summary() -> None:
    none = stable("numerics_flips", 0.0, better="lower", ci_low=0.0, ci_high=0.02)
    way = stable("numerics_flips", 0.0, better="lower", subset="variant=bf16")
    assert said("stability", none, way).startswith("Not known")
    (told,) = topic_sentences("numerics", profile(none, way))
    assert "(1 ways), none" not in told
    some = stable("numerics_flips", 0.01, better="lower")
    flipping = stable("numerics_flips", 0.01, better="lower", subset="variant=bf16")
    text = said("stability", some, flipping)
    assert "answers to 2 of 200 items depend on how" in text
    assert text.endswith(": bf16.")
