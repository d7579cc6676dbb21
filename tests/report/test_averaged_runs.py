"""What the report shows of weights and answers that are averages of several."""

from pathlib import Path

import pytest
from parsed_page import ParsedPage
from synthetic_run import HOSTILE, write_run

from finetrust.core.run_folder import RunFolder
from finetrust.report.html import write_report

CURVE = [
    {"alpha": 0.0, "loss": 0.5, "accuracy": 0.8},
    {"alpha": 0.5, "loss": 0.3, "accuracy": 0.95},
    {"alpha": 1.0, "loss": 0.4, "accuracy": 0.9},
]


def recorded(path: Path, **facts: object) -> RunFolder:
    folder = write_run(path, pictures=0)
    folder.write_record(**facts)
    return folder


def section_of(folder: RunFolder, name: str) -> str:
    return ParsedPage.read(write_report(folder)).sections[name].replace("\xa0", " ")


def wise_ft(**facts: object) -> dict:
    known = {"alpha": 0.5, "chosen": True, "primary": "accuracy", "curve": CURVE}
    return {"additions": {"wise-ft": {**known, **facts}}}


def test_the_curve_between_both_ends_is_drawn_with_the_place_that_was_kept(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "run", **wise_ft())
    said = section_of(folder, "interpolation")
    assert "are 50.0 % fine-tuned" in said
    assert "as was asked for" not in said
    drawn = folder.report_file.read_text(encoding="utf-8").replace("\xa0", " ")
    assert "80.0 % at the pretrained end, 90.0 % at the fine-tuned, 95.0 % where it was" in drawn
    assert "0.500 at the pretrained end, 0.400 at the fine-tuned, 0.300 where it was" in drawn


def test_it_is_said_where_validation_data_were_attacked_like_training_data(tmp_path: Path) -> None:
    changed = "50.0 % of which were changed as training inputs are"
    folder = recorded(tmp_path / "attacked", **wise_ft(disturbed=0.5))
    assert changed in section_of(folder, "interpolation")
    assert "of which were" not in section_of(
        recorded(tmp_path / "run", **wise_ft()), "interpolation"
    )


@pytest.mark.parametrize("curve", [[], [{"alpha": a} for a in (0.0, 1.0)]])
def test_a_stated_share_without_validation_data_has_no_curve(curve: list, tmp_path: Path) -> None:
    folder = recorded(tmp_path / "run", **wise_ft(chosen=False, curve=curve))
    assert "as was asked for" in section_of(folder, "interpolation")


def test_a_flat_curve_is_drawn_flat(tmp_path: Path) -> None:
    flat = [{"alpha": a, "accuracy": 1.0} for a in (0.0, 0.5, 1.0)]
    folder = recorded(tmp_path / "run", **wise_ft(curve=flat))
    assert "150%" not in write_report(folder).read_text(encoding="utf-8")


def test_runs_that_a_soup_was_tried_with_stand_in_a_table(tmp_path: Path) -> None:
    runs = [
        {
            "run": f"runs/{name}{HOSTILE}",
            "strategy": "lp-ft",
            "seed": seed,
            "validation": {"loss": 0.4, "accuracy": 0.9},
            "soup": {"loss": 0.35, "accuracy": accuracy},
            "taken": taken,
        }
        for seed, (name, accuracy, taken) in enumerate([("a", 0.9, True), ("b", 0.875, False)])
    ]
    folder = recorded(tmp_path / "run", made_of=runs, strategy="greedy soup of 1 of 2 runs")
    said = section_of(folder, "made-of")
    assert "Greedy soup of 1 of 2 runs." in said
    assert "90.0 % / 87.5 %" in said
    assert "tried from the best to the worst" in said
    assert "<script>" in said


def test_members_of_an_ensemble_need_no_choice(tmp_path: Path) -> None:
    runs = [{"run": "runs/a", "strategy": "lp-ft", "seed": None, "validation": {}}]
    dropout = {"passes": 20, "where": "at a rate of 0.1 before the head"}
    folder = recorded(tmp_path / "run", made_of=runs, dropout=dropout)
    said = section_of(folder, "made-of")
    assert "20 passes drop units at a rate of 0.1 before the head" in said
    assert "Taken" not in said


def test_other_runs_have_neither_section(tmp_path: Path) -> None:
    sections = ParsedPage.read(write_report(write_run(tmp_path / "run", pictures=0))).sections
    assert not {"interpolation", "made-of"} & set(sections)
