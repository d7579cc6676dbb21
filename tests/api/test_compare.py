"""finetrust.compare reads run folders alone."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import finetrust
from finetrust.core.errors import UserError
from finetrust.report.comparison_files import write_comparison, write_flips
from finetrust.trust.comparison.holm import holm, shared_out
from finetrust.trust.comparison.shares import mcnemar

from .evaluated_runs import CLASSES, answers, shuffled, with_answers, write_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four evaluated runs: a, one that is better, one that is alike, and one on other items."""
    home = tmp_path_factory.mktemp("runs")
    write_run(home / "a", answers(seed=0))
    write_run(home / "better", shuffled(answers(seed=1, skill=4.0)))
    write_run(home / "alike", answers(seed=2))
    write_run(home / "others", answers(seed=3, n=250, items=5), fingerprint="cd" * 32)
    return home


def test_a_better_run_is_shown_to_be_better(runs: Path) -> None:
    found = finetrust.compare(runs / "a", runs / "better")
    assert found.reference == str(runs / "a")
    assert found.paired
    assert found["accuracy"].verdict == "better"
    assert found["nll"].verdict == "better"
    assert not [d.key for d in found.differences if d.verdict == "worse" and d.axis == "accuracy"
                and d.name in ("accuracy", "recall", "macro_f1", "nll", "brier")]  # fmt: skip


def test_figures_are_those_of_the_profiles_whatever_the_order_of_the_items(runs: Path) -> None:
    found = finetrust.compare(runs / "a", runs / "better")
    before, after = (finetrust.load(runs / name).profile for name in ("a", "better"))
    for d in found.differences:
        assert (d.reference, d.value) == (before[d.key].value, after[d.key].value)
    keys = {d.key for d in found.differences}
    assert {"accuracy", "recall[class=cat]", "accuracy[site=north]", "macro_f1"} <= keys
    assert not {k for k in keys if k.startswith(("train_overlap", "accuracy[slice"))}
    paired = {d.key for d in found.differences if d.paired}
    assert {"accuracy", "recall[class=cat]", "accuracy[site=north]", "macro_f1"} <= paired


def test_flips_are_the_discordant_items_of_mcnemar(runs: Path) -> None:
    found = finetrust.compare(runs / "a", runs / "alike")
    (flips,) = found.flips
    assert flips.n == 300
    assert found["accuracy"].p_value == mcnemar(flips.n_gained, flips.n_lost)
    assert found["accuracy"].difference == pytest.approx((flips.n_gained - flips.n_lost) / 300)


def test_planted_flips_are_found(tmp_path: Path) -> None:
    base = answers(n=60)
    wrong = np.arange(60) < 10
    write_run(tmp_path / "a", with_answers(base, wrong))
    write_run(
        tmp_path / "b", with_answers(base, (wrong & (np.arange(60) > 3)) | (np.arange(60) == 50))
    )
    (flips,) = finetrust.compare(tmp_path / "a", tmp_path / "b").flips
    assert flips.lost == ["item-00050.png"]
    assert flips.won == [f"item-{i:05d}.png" for i in range(4)]


def test_another_reference_and_several_runs(runs: Path) -> None:
    found = finetrust.compare(runs / "a", runs / "alike", against=runs / "better")
    assert found.reference == str(runs / "better")
    assert found.runs == (str(runs / "a"), str(runs / "alike"))
    assert [f.run for f in found.flips] == list(found.runs)
    one, two = (found.of(run) for run in found.runs)
    assert len(one) == len(two) == len(found.differences) / 2
    assert {d.verdict for d in (one[0], two[0])} == {"worse"}
    alone = finetrust.compare(runs / "better", runs / "a")
    assert one[0].p_value == alone.differences[0].p_value
    assert one[0].adjusted_p >= alone.differences[0].adjusted_p
    main = np.array([not d.subset and not d.secondary for d in found.differences])
    p_values = np.array([d.p_value for d in found.differences])
    assert [d.adjusted_p for d in found.differences] == holm(p_values, shared_out(main)).tolist()


def test_other_items_need_unpaired(runs: Path) -> None:
    with pytest.raises(UserError, match="were judged on different items: 300 and 250") as error:
        finetrust.compare(runs / "a", runs / "others")
    assert "--unpaired" in error.value.mend
    found = finetrust.compare(runs / "a", runs / "others", unpaired=True)
    assert not found.paired
    assert not any(d.paired for d in found.differences)
    assert found.flips == ()
    assert "different items" in found.notes[0]


def test_the_same_names_with_other_contents_are_a_note(runs: Path, tmp_path: Path) -> None:
    copy = write_run(tmp_path / "copy", answers(seed=1), fingerprint="ef" * 32)
    assert "that their contents are the same is not known" in finetrust.compare(
        runs / "a", copy
    ).notes[0]  # fmt: skip
    assert finetrust.compare(runs / "a", runs / "alike").notes == ()


def test_what_cannot_be_compared_is_an_error(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="one run alone"):
        finetrust.compare(runs / "a")
    with pytest.raises(UserError, match="given twice"):
        finetrust.compare(runs / "a", runs / ".." / runs.name / "a")
    with pytest.raises(UserError, match="is no run folder"):
        finetrust.compare(runs / "a", tmp_path)
    bare = write_run(tmp_path / "bare", answers(n=60))
    (bare / "trust.json").unlink()
    with pytest.raises(UserError, match="Run finetrust evaluate first"):
        finetrust.compare(runs / "a", bare)


def test_measures_that_one_of_them_lacks_are_named(runs: Path, tmp_path: Path) -> None:
    evidence = answers(seed=1)
    write_run(tmp_path / "bare", replace(evidence, groups={}))
    missing = finetrust.compare(runs / "a", tmp_path / "bare").missing[str(tmp_path / "bare")]
    assert "accuracy[site=north]" in missing
    assert "accuracy" not in missing


def test_tables_of_decisions_are_compared_too(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 1)):
        evidence = answers(seed=seed)
        columns = {
            "target": evidence.clean["target"],
            "predicted_class": evidence.clean["logits"].argmax(axis=1),
        }
        write_run(
            tmp_path / name, replace(evidence, clean=replace(evidence.clean, columns=columns))
        )
    found = finetrust.compare(tmp_path / "a", tmp_path / "b")
    assert found["accuracy"].paired
    assert found.flips[0].n_gained > 0


def test_files_hold_everything(runs: Path, tmp_path: Path) -> None:
    found = finetrust.compare(runs / "a", runs / "better", runs / "alike")
    write_comparison(found, tmp_path / "out")
    assert json.loads((tmp_path / "out/comparison.json").read_text()) == found.to_dict()
    page = (tmp_path / "out/comparison.md").read_text()
    assert page.count("\n## ") == 2
    for ending in ("csv", "parquet"):
        write_flips(found.flips, tmp_path / f"flips.{ending}")
    n = sum(len(f.ids) for f in found.flips)
    table = pq.read_table(tmp_path / "flips.parquet").to_pylist()
    with (tmp_path / "flips.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == table
    assert len(table) == n
    assert {row["target"] for row in table} <= set(CLASSES)
    with pytest.raises(UserError, match=r"neither a \.csv nor a \.parquet"):
        write_flips(found.flips, tmp_path / "flips.txt")
