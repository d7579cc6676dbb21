"""What to do next: each planted defect is found with its remedy, and a clean profile raises no alarm."""

from collections.abc import Mapping
from typing import Any

import pytest
from synthetic_measures import by_class, ece, figure

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.next_steps import Gravity, Step, next_steps
from finetrust.report.next_steps.step import Finding, findings

SPLITS = {"splits": {"train": {"n": 900}, "val": {"n": 300}, "test": {"n": 300}}}


def accuracy(value: float = 0.95, n: int = 1000, half: float = 0.014, **facts: Any) -> Measure:
    return figure("accuracy", "Accuracy", value, n=n, half=half, share=True, **facts)


def profile(*measures: Measure, classes: tuple[str, ...] = ("cat", "dog")) -> TrustProfile:
    data = {"name": "pets", "n": 1000, "classes": list(classes), "inputs": "images"}
    return TrustProfile("classification", {}, data, measures)


def steps(*measures: Measure, report: Mapping[str, Any] | None = None) -> list[Step]:
    return next_steps(profile(*measures), report or SPLITS)


def only(*measures: Measure, report: Mapping[str, Any] | None = None) -> Step:
    (step,) = steps(*measures, report=report)
    return step


def told(step: Step) -> str:
    return step.finding.replace("\xa0", " ")


def recall(**values: float) -> list[Measure]:
    return [
        figure("recall", "Recall", v, n=500, half=0.03, subset=f"class={name}", share=True)
        for name, v in values.items()
    ]


def overlap(value: float, **facts: Any) -> Measure:
    return figure(
        "train_overlap", "Seen", value, n=1000, axis="data", better="lower", share=True, **facts
    )


def clean() -> list[Measure]:
    """Return figures of a sound model on sound data."""
    return [
        overlap(0.0),
        accuracy(),
        *recall(cat=0.96, dog=0.94),
        figure("ece", "Calibration error", 0.012, half=0.008, better="lower"),
        figure("gain_over_baseline", "Gain", 0.2, half=0.03),
        figure("group_gap.accuracy", "Gap", 0.03, half=0.03, better="lower", topic="groups"),
        figure("non_finite_outputs", "No answer", 0.0, axis="stability", share=True, n=1000),
        figure("corruption_accuracy", "Disturbed", 0.90, axis="stability", details={}),
        figure("relative_corruption_accuracy", "Kept", 0.94, axis="stability"),
        figure("equalised_odds_gap", "Gap of odds", 0.04, subset="sex", better="lower"),
        figure("coverage_at_risk", "Answers", 0.9, subset="risk=5%", share=True),
        figure("risk_when_answering", "Wrong", 0.04, subset="risk=5%", details={"promised": 0.05}),
    ]


def test_a_clean_profile_raises_no_alarm() -> None:
    assert steps(*clean()) == []


def test_a_profile_of_nothing_raises_no_alarm() -> None:
    assert next_steps(profile()) == []


def test_measures_that_do_not_apply_raise_no_alarm() -> None:
    absent = [figure(m.name, m.title, None, axis=m.axis, reason="there are none") for m in clean()]
    assert steps(*absent) == []


def test_leaked_test_items_are_counted_and_to_be_removed() -> None:
    step = only(accuracy(), overlap(0.02))
    assert "20 evaluation images were also in the training data" in told(step)
    assert "Remove such copies" in step.remedy
    assert step.gravity is Gravity.GRAVE
    assert only(accuracy(), overlap(0.001)).gravity is Gravity.MINOR


def test_copies_across_splits_are_told_once() -> None:
    report = {**SPLITS, "near_duplicates": {"across_splits": 2}}
    assert "2 pairs of copies lie in two different splits" in told(only(accuracy(), report=report))
    assert len(steps(accuracy(), overlap(0.02), report=report)) == 1


def test_an_overconfident_model_is_to_be_calibrated() -> None:
    too_sure = ece("ece", "Calibration error", 0.12, 900)
    step = only(accuracy(), too_sure)
    assert "off by 12.0 points" in told(step)
    assert "it is too sure" in told(step)
    assert "`--calibration auto`" in step.remedy


def test_calibrated_and_still_too_sure_points_at_the_data() -> None:
    step = only(accuracy(), ece("ece", "Calibration error", 0.12, 900, ("before", "after")))
    assert "differ from" in step.remedy


def test_an_error_of_confidence_within_chance_is_no_finding() -> None:
    assert steps(accuracy(), ece("ece", "Calibration error", 0.03, 900)) == []


def test_a_network_worse_than_a_plain_model_is_grave() -> None:
    worse = figure("gain_over_baseline", "Gain", -0.1, half=0)
    step = only(accuracy(), Measure(**{**worse.to_dict(), "ci_low": -0.12, "ci_high": -0.08}))
    assert "worse than a plain model" in told(step)
    assert step.gravity is Gravity.GRAVE


def test_a_gain_that_may_be_chance_is_told() -> None:
    gain = figure("gain_over_baseline", "Gain", 0.01, half=0.03)
    assert "may be chance" in told(only(accuracy(), gain))


def test_the_group_that_is_served_worst_is_named() -> None:
    gap = figure(
        "group_gap.accuracy", "Gap", 0.15, half=0.06, better="lower", topic="groups",
        details={"column": "site", "best": "north", "worst": "south"},
    )  # fmt: skip
    step = only(accuracy(), gap)
    assert "By “site”, “south” is served worse than “north”: a gap of 15.0 points" in told(step)
    assert "“south”" in step.remedy


def test_a_weak_slice_is_found() -> None:
    weak = figure(
        "accuracy", "Accuracy", 0.6, n=50, subset="slice=brightness: darkest fifth", share=True,
        topic="groups", details={"found": True, "rest": 0.97},
    )  # fmt: skip
    sound = figure(
        "accuracy", "Accuracy", 0.9, n=50, subset="slice=brightness: middle fifth", share=True,
        topic="groups", secondary=True, details={"found": False, "rest": 0.94},
    )  # fmt: skip
    step = only(accuracy(), weak, sound)
    assert "brightness: darkest fifth (right in 30 of 50, the rest in 97.0 %)" in told(step)
    assert step.gravity is Gravity.GRAVE


def test_unequal_treatment_of_a_protected_attribute_is_found() -> None:
    gap = figure("equalised_odds_gap", "Equalised odds gap", 0.15, subset="sex", better="lower")
    step = only(accuracy(), gap)
    assert "equalised odds gap by “sex” is 15.0 points" in told(step)


def test_a_test_that_is_too_small_says_how_many_items_it_takes() -> None:
    step = only(accuracy(0.8, n=30, half=0.15))
    assert "30 images are few" in told(step)
    assert "270 images" in step.remedy


def test_what_the_test_cannot_tell_apart_is_said() -> None:
    power = figure("detectable_difference", "Smallest difference", 0.19, axis="data")
    step = only(accuracy(0.8, n=30, half=0.15), power)
    assert "differ by less than 19.0 points look alike" in told(step)


def test_classes_without_items_and_with_few_are_named() -> None:
    assert "1 class has no evaluation images" in told(only(accuracy(), *recall(cat=0.9)))
    few = by_class("recall", "Recall", {"cat": 0.7, "dog": 0.9})
    wide = [Measure(**{**m.to_dict(), "ci_low": 0.3, "share": True}) for m in few]
    assert "figures of 2 classes rest on so few images (down to 12)" in told(
        only(accuracy(), *wide)
    )


def test_a_class_that_is_never_recognised_is_grave() -> None:
    step = only(accuracy(), *recall(cat=0.99, dog=0.0))
    assert "“dog”: never recognised, in 500 items" in told(step)
    assert step.gravity is Gravity.GRAVE


def test_pairs_that_are_often_confused_are_named() -> None:
    details = {"classes": ["cat", "dog"], "confusion": [[70, 30], [2, 98]]}
    step = only(accuracy(details=details))
    assert "“cat” is taken for “dog” in 30.0 %" in told(step)


def test_a_promise_that_cannot_be_made_says_why() -> None:
    reason = "20 validation items cannot promise a risk of 0.05, however right they are"
    step = only(accuracy(), figure("coverage_at_risk", "Answers", None, reason=reason))
    assert "20 validation items cannot promise" in told(step)
    absent = figure("coverage_at_risk", "Answers", None, reason="there are no predictions")
    assert steps(accuracy(), absent) == []


def test_a_promise_that_was_not_kept_is_grave() -> None:
    broken = figure(
        "risk_when_answering", "Wrong", 0.12, subset="risk=5%", better="lower",
        details={"promised": 0.05},
    )  # fmt: skip
    step = only(accuracy(), broken)
    assert "at most 5 % errors, 12.0 % are wrong" in told(step)
    assert step.gravity is Gravity.GRAVE


def test_sets_that_hold_the_right_answer_too_seldom_point_at_the_data() -> None:
    details = {"asked": 0.9, "expected": [0.86, 0.94]}
    few = figure("conformal_coverage", "In the set", 0.8, details=details)
    step = only(accuracy(), few)
    assert "90 % of the sets of answers were promised to hold the right one, 80.0 % do" in told(
        step
    )
    assert (
        steps(accuracy(), figure("conformal_coverage", "In the set", 0.87, details=details)) == []
    )


def test_a_fall_under_disturbance_names_augmentation() -> None:
    table = {"fog": {"3": 0.4}, "contrast": {"3": 0.6}}
    step = only(
        accuracy(0.9),
        figure("corruption_accuracy", "Disturbed", 0.5, axis="stability", details=table),
        figure("corruption_accuracy", "Disturbed", 0.4, axis="stability", subset="corruption=fog"),
        figure("relative_corruption_accuracy", "Kept", 0.555, axis="stability"),
    )
    assert "from 90.1 % to 50.0 % on average (interval 46.0–54.0 %); hardest is fog" in told(step)
    assert "copies with weather (fog)" in step.remedy
    assert "`--augment augmix`" in step.remedy


def test_outputs_that_are_no_numbers_are_grave() -> None:
    step = only(
        accuracy(),
        figure("non_finite_outputs", "No answer", 0.02, axis="stability", share=True, n=1000),
    )
    assert "20 of 1,000 untouched items" in told(step)
    assert step.gravity is Gravity.GRAVE


def test_training_without_validation_data_is_told() -> None:
    report = {"splits": {"train": {"n": 900}, "test": {"n": 300}}}
    assert "no validation data" in told(only(accuracy(), report=report))


def test_the_gravest_stands_first() -> None:
    found = steps(accuracy(0.8, n=30, half=0.06), overlap(0.2), overlap(0.001))
    assert [step.gravity for step in found] == sorted((s.gravity for s in found), reverse=True)


def test_a_finding_is_added_by_registering_it(monkeypatch: pytest.MonkeyPatch) -> None:
    next_steps(profile())
    step = Step(Gravity.GRAVE, "The moon is full.", "Wait.")
    extra = Finding("moon", 5, lambda profile, report: [step])
    monkeypatch.setitem(findings._entries, "moon", extra)
    assert steps(*clean()) == [step]


def wrong(name: str, **facts: Any) -> Measure:
    details = {
        "alarm": True,
        "suspects": [{"id": "7.png", "label": "cat", "suggested": "dog", "confidence": 0.99}],
        **facts,
    }
    return figure(name, "Wrong labels", 0.05, half=0.01, axis="data", details=details)


def test_wrong_labels_of_the_test_tell_what_they_hide() -> None:
    corrected = figure("accuracy_if_labels_right", "Had they been right", 0.98, axis="data")
    step = only(accuracy(), wrong("label_errors"), corrected)
    assert "About 5.0 % of the test labels are probably wrong" in told(step)
    assert "its accuracy would be about 98.0 %" in told(step)
    assert "evaluate again" in step.remedy
    assert step.gravity is Gravity.GRAVE


def test_wrong_labels_of_the_training_data_are_to_be_mended_before_tuning() -> None:
    step = only(accuracy(), wrong("train_label_errors"))
    assert "of the training labels" in told(step)
    assert "tune again" in step.remedy


def test_contradictions_that_chance_explains_are_no_wrong_labels() -> None:
    assert steps(accuracy(), wrong("label_errors", alarm=False)) == []


def test_another_mix_of_classes_names_the_one_that_moved_most() -> None:
    details = {"alarm": True, "moved_most": [{"class": "cat", "train": 0.2, "evaluation": 0.4}]}
    step = only(accuracy(), figure("class_prior_shift", "Shift", 0.2, axis="data", details=details))
    assert "“cat”: 20.0 % of the training data, 40.0 % of the test" in told(step)
    assert "`--class-weights balanced`" in step.remedy


def stable(name: str, value: float, half: float = 0.01, **facts: Any) -> Measure:
    return figure(name, name, value, half=half, n=400, axis="stability", share=True, **facts)


def test_damage_of_one_family_is_named_where_the_others_do_no_harm() -> None:
    kinds = {"gaussian_noise": 0.9, "fog": 0.9, "frost": 0.88, "defocus_blur": 0.5}
    step = only(
        accuracy(),
        stable("corruption_accuracy", 0.8, details={}),
        *(stable("corruption_accuracy", v, subset=f"corruption={k}") for k, v in kinds.items()),
        figure("relative_corruption_accuracy", "Kept", 0.85, axis="stability"),
    )
    assert "not under blur (50.0 %), against 94.1 % untouched; hardest is defocus blur" in told(
        step
    )
    assert "copies with blur (defocus blur)" in step.remedy
    assert "`augmix-consistency`" in step.remedy


def test_answers_that_flip_under_shifts_name_crops_and_anti_aliasing() -> None:
    step = only(
        accuracy(),
        stable("harmless_any_flip", 0.3, better="lower"),
        stable("harmless_any_flip", 0.29, better="lower", subset="change=shift"),
        stable("harmless_any_flip", 0.01, better="lower", subset="change=jpeg"),
    )
    assert "about 120 of 400 images (interval 29.0–31.0 %): shift 29.0 %" in told(step)
    assert "`--augment crop`" in step.remedy
    assert "anti-aliased" in step.remedy
    assert steps(accuracy(), stable("harmless_any_flip", 0.05, better="lower")) == []


def test_a_model_that_any_attack_fools_is_told_that_this_is_normal() -> None:
    step = only(accuracy(), stable("robust_accuracy", 0.02))
    assert "normal for a model that was not trained against attacks" in told(step)
    assert "train it adversarially" in step.remedy
    assert step.gravity is Gravity.MINOR
    assert steps(accuracy(), stable("robust_accuracy", 0.5)) == []


def test_masked_gradients_are_not_to_be_believed() -> None:
    masked = stable("gradient_masking", 0.4, better="lower", details={"warning": "They hide it."})
    step = only(accuracy(), masked)
    assert told(step) == "They hide it."
    assert step.remedy.startswith("Do not believe")
    unmasked = stable("gradient_masking", 0.0, better="lower", details={"warning": None})
    assert steps(accuracy(), unmasked) == []


def test_unfamiliar_inputs_that_pass_name_the_flag_and_a_better_score() -> None:
    step = only(
        accuracy(),
        stable("ood_detection_rate_far", 0.2),
        stable("ood_auroc_far", 0.7),
        stable("ood_auroc_far", 0.95, subset="score=vim"),
        stable("ood_auroc_far", 0.71, subset="score=msp"),
    )
    assert "marks only 20.0 % as unfamiliar (interval 19.0–21.0 %, 400 images)" in told(step)
    assert "`--false-alarms`" in step.remedy
    assert "the score vim would tell more" in step.remedy
    assert steps(accuracy(), stable("ood_detection_rate_far", 0.8)) == []


def test_test_data_that_look_unfamiliar_are_told() -> None:
    step = only(accuracy(), stable("ood_false_alarm_rate", 0.3, better="lower"))
    assert "finds 30.0 % of the test data unfamiliar" in told(step)
    assert steps(accuracy(), stable("ood_false_alarm_rate", 0.06, better="lower")) == []


def test_confidence_that_does_not_fall_with_accuracy_is_told() -> None:
    step = only(accuracy(), stable("corruption_confidence_gap", 0.2, better="lower"))
    assert "On damaged images it is surer than it should be, by 20.0 points" in told(step)
    assert steps(accuracy(), stable("corruption_confidence_gap", 0.05, better="lower")) == []


def test_high_churn_names_averaging() -> None:
    step = only(accuracy(), stable("churn", 0.12, better="lower"))
    assert "answers 12.0 % of the images differently" in told(step)
    assert "`--strategy 'lp-ft + ema'`" in step.remedy
    assert steps(accuracy(), stable("churn", 0.04, better="lower")) == []


def test_answers_that_hang_on_precision_name_the_way_of_computing() -> None:
    flips = stable("numerics_flips", 0.005, better="lower")
    way = stable("numerics_flips", 0.005, better="lower", subset="variant=folded_batch_norm")
    step = only(accuracy(), flips, way)
    assert "2 of 400 images is another one, computed otherwise (folded batch norm)" in told(step)
    assert step.gravity is Gravity.MINOR
    assert steps(accuracy(), stable("numerics_flips", 0.0, half=0.0, better="lower")) == []


def test_answers_lost_in_trials_are_counted_by_trial_and_told_once() -> None:
    lost = stable(
        "non_finite_under_perturbation", 0.01, better="lower",
        details={"harmless_changes/shift.left-1": {"count": 4}, "corruptions/fog-3": {"count": 3}},
    )  # fmt: skip
    step = only(accuracy(), lost)
    assert "no finite answer for 4 of 400 images" in told(step)
    assert "harmless changes (4) and corruptions (3)" in told(step)
    disturbed = stable("non_finite_outputs", 0.01, better="lower", subset="perturbation=fog-3")
    assert len(steps(accuracy(), lost, disturbed)) == 1
