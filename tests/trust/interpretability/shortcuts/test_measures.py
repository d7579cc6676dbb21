"""Figures of shortcuts against plain arithmetic on made-up tables."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.interpretability.shortcuts.judged_table import judged_of, table_of
from finetrust.trust.interpretability.shortcuts.judgement import WIDE, Share, decisions
from finetrust.trust.interpretability.shortcuts.outcome import Judged, Outcome
from finetrust.trust.interpretability.shortcuts.part import Kind
from finetrust.trust.interpretability.shortcuts.words import alarm_sentence, place_in_words

from ...worlds import logits_for, predictions_of
from .tables import colour, mark, tables

N, CLASSES = 120, 3
NAMES = ("ant", "bee", "cat")
TARGETS = np.arange(N) % CLASSES
ANSWERS = np.where(np.arange(N) % 11 == 0, (TARGETS + 1) % CLASSES, TARGETS)
UNKNOWN = np.full(N, -1)
CLEAN = predictions_of(logits_for(ANSWERS, CLASSES), TARGETS)


def evidence(**trials: dict[str, Predictions]) -> Evidence:
    found = trials or {"shortcuts": tables(CLEAN)}
    return Evidence(CLEAN, trials=found, classes=NAMES, seed=2)


def judged_with(*outcomes: Outcome, typical: np.ndarray = UNKNOWN) -> Judged:
    return Judged(np.arange(N), TARGETS, ANSWERS, typical, outcomes)


def estimates(name: str, of: Evidence) -> dict[str, Estimate]:
    return {e.subset: e for e in measures.get(name).estimate(of) if isinstance(e, Estimate)}


def with_outcomes(*outcomes: Outcome, clean: Predictions = CLEAN) -> Evidence:
    table = tables(clean)["shortcuts"]
    judged = replace(judged_of(table), outcomes=tuple(outcomes))
    kept = {name: table[name] for name in ("height", "width", "grey", "smooth", "cleared")}
    return replace(
        evidence(shortcuts={"shortcuts": table_of(judged, list(clean.ids), kept)}), clean=clean
    )


def test_the_reliance_is_the_fall_of_the_class_and_its_interval_holds_for_all_candidates() -> None:
    found = estimates("shortcut_reliance", evidence())
    mine = TARGETS == 0
    right = ANSWERS[mine] == 0
    left = np.arange(N)[mine] % 9 == 0
    neutral = float((right & ~left).sum() - (left & ~right).sum()) / mine.sum()
    exchanged = 1 - left.mean()
    whole = found[""]
    assert whole.value == pytest.approx(min(neutral, exchanged))
    assert whole.n == mine.sum()
    assert found["class=ant"].value == whole.value
    assert set(found) == {"", "class=ant"}
    facts = whole.details
    assert (facts["alarm"], facts["class"], facts["box"]) == (True, "ant", [26, 26, 32, 32])
    bounds = facts["accuracy"]["ci_low"], facts["accuracy"]["ci_high"]
    assert bounds == pytest.approx(tuple(map(float, wilson(right.sum(), mine.sum()))))
    assert facts["heat"]["even"] == pytest.approx(36 / 1024, rel=1e-4)
    single = facts["fall"]
    assert whole.ci_low < single["ci_low"] < whole.value < single["ci_high"] < whole.ci_high


def test_two_models_can_be_paired_by_the_replicates() -> None:
    for name in ("shortcut_reliance", "shortcut_misleads", "colour_reliance"):
        whole = estimates(name, evidence())[""]
        assert whole.replicates is not None
        drawn = whole.replicates()
        assert drawn.mean() == pytest.approx(whole.value, abs=0.01)
        assert whole.ci_low < np.quantile(drawn, 0.2) < np.quantile(drawn, 0.8) < whole.ci_high


def test_what_turns_others_is_counted_over_items_of_other_classes() -> None:
    whole = estimates("shortcut_misleads", evidence())[""]
    others = TARGETS != 0
    assert whole.value == pytest.approx((np.arange(N)[others] % 10 < 8).mean())
    assert whole.n == others.sum()


def test_without_an_alarm_there_is_no_text_and_no_part() -> None:
    calm = with_outcomes(colour(TARGETS, ANSWERS, 1))
    found = estimates("shortcut_reliance", calm)
    assert set(found) == {""}
    assert found[""].details["alarm"] is False
    assert "warning" not in found[""].details
    assert "sentence" not in found[""].details
    with pytest.raises(NotApplicable, match="no shortcut was found"):
        list(measures.get("accuracy_without_shortcut").estimate(calm))


def losing(label: int, lost: int, kind: Kind) -> Outcome:
    """Return what a class loses so many right answers without, whatever replaces it."""
    outcome, mine = mark(TARGETS, ANSWERS, label, turns=0), label == TARGETS
    right = mine & (label == ANSWERS)
    left = np.where(mine, right & (np.cumsum(right) > lost), np.nan)
    without = dict.fromkeys(outcome.without, left)
    return replace(outcome, kind=kind, own=np.where(mine, right, np.nan), without=without)


def test_alarms_stand_first_though_another_effect_is_larger() -> None:
    found = with_outcomes(losing(2, 11, "border"), losing(1, 9, "corner"))
    whole = estimates("shortcut_reliance", found)[""]
    assert [facts["alarm"] for facts in whole.details["candidates"]] == [True, False]
    assert (whole.details["class"], whole.value) == ("bee", pytest.approx(9 / 40))
    assert whole.details["candidates"][1]["fall"]["value"] == pytest.approx(11 / 40)


@given(st.integers(1, 20))
@settings(max_examples=20, deadline=None)
def test_classes_count_as_in_the_data_not_as_in_the_sample(extra: int) -> None:
    targets = np.concatenate([TARGETS, np.zeros(5 * extra, dtype=int)])
    clean = predictions_of(logits_for(targets, CLASSES), targets)
    sample = tables(CLEAN)["shortcuts"]
    of = Evidence(clean, trials={"shortcuts": {"shortcuts": sample}}, classes=NAMES)
    found = estimates("accuracy_without_shortcut", of)[""]
    by_class = [sample["cleared"][label == TARGETS].mean() for label in range(CLASSES)]
    shares = np.bincount(targets) / len(targets)
    assert found.value == pytest.approx(float(shares @ by_class))
    assert found.ci_low < found.value < found.ci_high
    as_it_is = [(ANSWERS == TARGETS)[label == TARGETS].mean() for label in range(CLASSES)]
    assert found.details["with"]["value"] == pytest.approx(float(shares @ as_it_is))


def test_a_layer_costs_the_answers_that_are_wrong_without_it() -> None:
    right = ANSWERS == TARGETS
    grey = right & (np.arange(N) % 5 > 0)
    found = estimates("colour_reliance", evidence())[""]
    assert found.value == pytest.approx(right.mean() - grey.mean())
    assert found.details["without"]["value"] == pytest.approx(grey.mean())
    assert found.n == N


def test_the_table_keeps_what_was_judged(tmp_path: Path) -> None:
    judged = Judged(
        np.arange(N),
        TARGETS,
        ANSWERS,
        UNKNOWN,
        (mark(TARGETS, ANSWERS, 0), colour(TARGETS, ANSWERS, 1)),
    )
    table_of(judged, list(CLEAN.ids), {}).save(tmp_path / "table.parquet")
    again = judged_of(Predictions.load(tmp_path / "table.parquet"))
    # Columns are kept in float32: what is counted is the same, a mean of shares nearly.
    for kept, was in zip(decisions(again), decisions(judged), strict=True):
        assert replace(kept, heat=None) == replace(was, heat=None)
        if was.heat is not None and kept.heat is not None:
            assert kept.heat.value == pytest.approx(was.heat.value, abs=1e-6)
    assert [o.box for o in again.outcomes] == [(26, 26, 32, 32), None]


def heat_table(maps: np.ndarray, predicted: np.ndarray) -> dict[str, dict[str, Predictions]]:
    columns = {"heat": maps.reshape(len(maps), -1), "target": predicted, "predicted": predicted}
    ids = CLEAN.ids[: len(maps)]
    return {"explanations": {"heat": Predictions(ids, columns)}}


def test_heat_along_the_border_and_what_each_class_looks_at() -> None:
    maps = np.zeros((9, 16, 16), np.float32)
    maps[:3, 0, 5] = 1
    maps[3:8, 8, 8] = 1
    maps[8] = np.nan
    predicted = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1])
    found = estimates("border_reliance", evidence(**heat_table(maps, predicted)))[""]
    assert found.value == pytest.approx(3 / 8)
    assert found.n == 8
    assert found.details["even"] == pytest.approx(60 / 256)
    assert found.details["without_figure"] == 1
    first, second = found.details["mean_heat"]
    assert (first["class"], first["n"], second["class"], second["n"]) == ("bee", 5, "ant", 3)
    assert first["map"][0][5] == pytest.approx(0.6)
    assert first["map"][8][8] == pytest.approx(0.4)
    assert second["map"][8][8] == pytest.approx(1.0)


def test_maps_without_heat_are_the_reason() -> None:
    empty = heat_table(np.full((4, 16, 16), np.nan), np.arange(4) % 2)
    with pytest.raises(NotApplicable, match="no heat map"):
        list(measures.get("border_reliance").estimate(evidence(**empty)))


def test_the_background_has_the_heat_that_the_object_has_not() -> None:
    energy = np.array([0.2, 0.9, np.nan, 0.4])
    table = Predictions(
        CLEAN.ids[:4], {"explanation.energy": energy, "area": np.array([0.1, 0.3, 0.5, 0.2])}
    )
    found = estimates("background_reliance", evidence(localisation={"localisation": table}))[""]
    assert found.value == pytest.approx(1 - 0.5)
    assert found.details["even"] == pytest.approx(1 - 0.2)
    assert found.n == 3


@pytest.mark.parametrize(
    ("box", "told"),
    [
        ((0, 0, 6, 6), "in the upper left corner"),
        ((26, 0, 32, 6), "in the upper right corner"),
        ((0, 26, 6, 32), "in the lower left corner"),
        ((26, 26, 32, 32), "in the lower right corner"),
        ((13, 0, 19, 6), "at the upper edge, in the middle"),
        ((13, 26, 19, 32), "at the lower edge, in the middle"),
        ((0, 13, 6, 19), "at the left edge, halfway up"),
        ((26, 13, 32, 19), "at the right edge, halfway up"),
        ((10, 12, 20, 22), "in the middle"),
    ],
)
def test_a_box_is_told_in_plain_words(box: tuple[int, int, int, int], told: str) -> None:
    assert place_in_words("patch", box, 32, 32) == told
    x1, y1, x2, y2 = box
    assert place_in_words("patch", (2 * x1, y1, 2 * x2, y2), 32, 64) == told


def test_the_sentence_tells_what_was_found_and_no_more() -> None:
    (found,) = decisions(judged_with(mark(TARGETS, ANSWERS, 0)))
    both = alarm_sentence(found, "ant", "in the middle").replace("\xa0", " ")
    right, left = found.accuracy.value, found.without.without
    assert both == (
        "Images of 'ant' carry something in the middle that the model goes by: without it, its accuracy "
        f"on ant falls from {100 * right:.0f} % to {100 * left.value:.0f} % (interval "
        f"{100 * left.ci_low:.0f} to {100 * left.ci_high:.0f} %, 40 images); with it, "
        f"{100 * found.turned.value:.0f} % more images of other classes are taken for ant."
    )
    kept = replace(found, needed=False, fall=replace(found.fall, ci_low=-0.1))
    only = alarm_sentence(kept, "ant", "in the middle")
    assert "falls" not in only
    assert "with it" in only
    for kind in WIDE:
        assert "only a person can say" in alarm_sentence(replace(found, kind=kind), "ant", "")


def test_where_objects_lie_at_the_same_place_a_part_must_turn_half_of_all_others() -> None:
    alone, both = mark(TARGETS, ANSWERS, 0, turns=4), mark(TARGETS, ANSWERS, 0, turns=6)
    for outcome, typical, alarm in (
        (alone, UNKNOWN, True),
        (alone, TARGETS, False),
        (both, TARGETS, True),
        # The class itself is known by its mark, or one other class of two by chance.
        (alone, np.where(TARGETS == 0, 0, UNKNOWN), True),
        (alone, np.where(TARGETS == 1, 1, UNKNOWN), True),
        (replace(alone, kind="background"), TARGETS, True),
    ):
        (found,) = decisions(judged_with(outcome, typical=typical))
        assert found.alarm is alarm


def test_a_share_has_the_wilson_interval() -> None:
    low, high = wilson(3, 4)
    assert Share.of(np.array([True, True, False, True])) == Share(0.75, float(low), float(high), 4)
