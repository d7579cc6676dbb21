"""The measures of unfamiliar inputs: what is chosen, for what, and what they say of planted tables."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure
from finetrust.core.predictions import Predictions
from finetrust.trust.measure_all import measure_all

from ...worlds import evidence_of
from .tables import SHIFTS, ood_evidence, ood_tables


def measured(evidence: Evidence) -> dict[str, Measure]:
    return {m.key: m for m in measure_all(evidence) if m.name.startswith("ood_")}


@pytest.fixture(scope="module")
def ordinary() -> dict[str, Measure]:
    return measured(ood_evidence(ood_tables(1500), n=1500))


def test_the_score_is_chosen_by_changed_copies_and_not_by_what_it_is_judged_on():
    """Energy sees the changed copies best here, and the unfamiliar inputs worst."""
    tables = ood_tables(400)
    copies = tables["choice-jigsaw"]
    better = {**copies.columns, "energy": copies["energy"] + 5}
    tables["choice-jigsaw"] = replace(copies, columns=better)
    found = measured(ood_evidence(tables))["ood_auroc_far"]
    assert found.details["chosen"] == "energy"
    assert found.details["separations"]["energy"]["marked"] > 0.9
    assert found.value == pytest.approx(binormal(0.3 * 2.5, 0.3 * 3), abs=0.03)


def test_the_auroc_is_that_of_the_planted_gaussians(ordinary: dict[str, Measure]):
    assert ordinary["ood_auroc_far"].details["chosen"] == "knn"
    assert ordinary["ood_auroc_far"].value == pytest.approx(binormal(2.5, 3.0), abs=0.01)
    assert ordinary["ood_auroc_far[set=noise]"].value == pytest.approx(binormal(3.0), abs=0.01)
    assert ordinary["ood_auroc_near"].value == pytest.approx(binormal(1.0), abs=0.03)
    energy = ordinary["ood_auroc_far[set=noise,score=energy]"]
    assert energy.value == pytest.approx(binormal(0.9), abs=0.03)
    assert energy.secondary
    assert ordinary["ood_auroc_far"].n == 4500
    assert ordinary["ood_auroc_far[set=noise]"].n == 3000


def test_fpr95_is_that_of_the_planted_gaussians(ordinary: dict[str, Measure]):
    expected = stats.norm.cdf(stats.norm.ppf(0.95) - 1.0)
    assert ordinary["ood_fpr95_near"].value == pytest.approx(expected, abs=0.05)
    assert ordinary["ood_fpr95_near"].better == "lower"


def test_five_percent_of_familiar_items_are_marked_and_most_of_the_far_ones(
    ordinary: dict[str, Measure],
):
    alarms = ordinary["ood_false_alarm_rate"]
    assert alarms.value is not None
    assert alarms.ci_low is not None
    assert alarms.ci_high is not None
    assert alarms.ci_low < 0.05 < alarms.ci_high
    assert alarms.n == 1500
    assert len(alarms.details["ids"]) == round(alarms.value * 1500)
    detected = stats.norm.sf(stats.norm.ppf(0.95) - 3.0)
    assert ordinary["ood_detection_rate_far[set=noise]"].value == pytest.approx(detected, abs=0.03)


def test_every_measure_has_its_mean_every_set_and_every_score(ordinary: dict[str, Measure]):
    for name in ("ood_auroc_far", "ood_aupr_far", "ood_fpr95_far"):
        keys = {key.removeprefix(name) for key in ordinary if key.startswith(name)}
        sets = {f"[set={s}]" for s in ("noise", "textures")}
        scores = {f"[score={s}]" for s in ("energy", "knn", "msp")}
        both = {f"{a[:-1]},{b[1:]}" for a in sets for b in scores}
        assert keys == {"", *sets, *scores, *both}


def test_without_the_trial_the_reason_is_said():
    plain = evidence_of(np.eye(2), [0, 1], untried={"ood": "the inputs are boxes"})
    assert {m.reason for m in measured(plain).values()} == {"the inputs are boxes"}


def test_without_sets_of_the_user_there_is_nothing_near():
    shifts = {name: by for name, by in SHIFTS.items() if not name.startswith("near")}
    found = measured(ood_evidence(ood_tables(60, shifts)))
    assert found["ood_auroc_near"].value is None
    assert "--ood-data" in str(found["ood_auroc_near"].reason)
    assert found["ood_auroc_far"].value is not None


def test_without_validation_data_energy_stands_for_all_and_nothing_is_marked():
    shifts = {"familiar": 0.0, "far-noise": 3.0}
    found = measured(ood_evidence(ood_tables(60, shifts)))
    assert found["ood_auroc_far"].details["chosen"] == "energy"
    assert found["ood_false_alarm_rate"].reason == (
        "there are no validation data to set a threshold by"
    )


def test_too_few_validation_items_mark_nothing():
    tables = ood_tables(60)
    tables["validation"] = tables["validation"].take(np.arange(18))
    found = measured(ood_evidence(tables))
    assert "18 validation items" in str(found["ood_false_alarm_rate"].reason)
    tables["validation"] = ood_tables(60)["validation"].take(np.arange(19))
    assert measured(ood_evidence(tables))["ood_false_alarm_rate"].value is not None


def test_an_item_without_an_answer_is_marked_and_poisons_nothing():
    tables = ood_tables(100)
    familiar = tables["familiar"]
    spoiled = {name: values.copy() for name, values in familiar.columns.items()}
    for values in spoiled.values():
        values[:10] = np.inf
    before = measured(ood_evidence(tables, 100))
    tables["familiar"] = replace(familiar, columns=spoiled)
    after = measured(ood_evidence(tables, 100))
    one, other = (m["ood_auroc_far"].value for m in (before, after))
    assert one is not None
    assert other is not None
    assert one - 0.11 < other < one
    assert after["ood_false_alarm_rate"].value >= 0.1
    assert after["ood_auroc_far"].details["unanswered"] == 10


def test_false_alarms_are_compared_on_resamples_of_the_clean_items():
    from finetrust.core.measure import measures

    tables = ood_tables(40)
    evidence = ood_evidence(tables, n=100)
    (found,) = measures.get("ood_false_alarm_rate").estimate(evidence)
    assert found.replicates is not None
    drawn = found.replicates()
    assert drawn.shape == (1000,)
    assert drawn.mean() == pytest.approx(found.value, abs=0.02)


def test_one_item_of_each_kind_has_an_interval():
    for found in measured(ood_evidence(ood_tables(1), n=1)).values():
        if found.value is not None:
            assert found.ci_low < found.ci_high or found.n > 2


def test_tables_that_came_back_from_disk_say_the_same(tmp_path, ordinary: dict[str, Measure]):
    for name, table in ood_tables(1500).items():
        table.save(tmp_path / f"{name}.parquet")
    tables = {file.stem: Predictions.load(file) for file in sorted(tmp_path.glob("*.parquet"))}
    found = measured(ood_evidence(tables, n=1500))
    assert found["ood_auroc_far"] == ordinary["ood_auroc_far"]


def binormal(*shifts: float) -> float:
    return float(np.mean([stats.norm.cdf(shift / np.sqrt(2)) for shift in shifts]))
