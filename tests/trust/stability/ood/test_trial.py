"""The trial of unfamiliar inputs: its steps, what they cost, and what their tables say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.evidence import Evidence
from finetrust.models.inference import Inference
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.measure_all import measure_all
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials

from ...pixels import colour_network
from .test_familiarity import squares

TASK, TRIAL = tasks.get("classification"), trials.get("ood")


def bench(known: bool = True, **options: Any) -> Bench:
    network, dataset = colour_network(), replace(squares(60, 2), digests=())
    inference = Inference(network)
    return Bench(
        TASK,
        network,
        inference,
        dataset,
        predicted(TASK, inference, dataset, 0),
        dataset.classes,
        options=EvaluateOptions.model_validate({"workers": 0, **options}),
        find_training=(lambda: squares(80, 0)) if known else (lambda: None),
        find_validation=(lambda: squares(50, 1)) if known else (lambda: None),
    )


def folder(path: Path, n: int = 5) -> Path:
    path.mkdir()
    for i in range(n):
        Image.fromarray(np.full((8, 8, 3), 40 * i, np.uint8)).save(path / f"{i}.png")
    return path


def test_its_steps_are_the_familiar_the_validation_items_and_every_set(tmp_path: Path):
    steps = TRIAL.plan(bench(ood_data=(str(folder(tmp_path / "birds")), "digits")))
    costs = {step.name: step.forward for step in steps}
    assert costs == {
        "familiar": 97,
        "validation": 33,
        "choice-blend": 33,
        "choice-jigsaw": 33,
        "choice-speckle": 33,
        **{f"far-{name}": 60 for name in (
            "constant_colours", "digits", "gaussian_noise", "textures", "uniform_noise"
        )},
        "near-birds": 5,
        "near-digits": 60,
    }  # fmt: skip
    assert len({step.name for step in steps}) == len(steps)


def test_its_tables_hold_every_score_of_every_item_and_its_measures_read_them():
    own = bench(trial_items=30)
    tables = {step.name: step.run() for step in TRIAL.plan(own)}
    columns = set(tables["familiar"].columns)
    assert {"msp", "energy", "max_logit", "mahalanobis", "relative_mahalanobis", "knn"} < columns
    assert all(set(table.columns) == columns for table in tables.values())
    rows = own.sample()
    assert tables["familiar"].ids.tolist() == [own.dataset.ids[row] for row in rows]
    assert len(tables["far-textures"]) == 30
    evidence = Evidence(own.clean, trials={"ood": tables}, classes=own.classes)
    found = {m.key: m for m in measure_all(evidence)}
    assert found["ood_auroc_far[set=uniform_noise]"].value > 0.9
    assert found["ood_false_alarm_rate"].value < 0.3


def test_any_step_alone_gives_what_it_gives_among_the_others():
    alone, among = ({s.name: s for s in TRIAL.plan(bench())} for _ in range(2))
    for step in among.values():
        table = step.run()
        if step.name in ("far-textures", "choice-jigsaw"):
            again = alone[step.name].run()
            assert again.ids.tolist() == table.ids.tolist()
            for name, values in table.columns.items():
                np.testing.assert_allclose(again[name], values, rtol=1e-5)


def test_without_known_items_three_scores_are_left():
    tables = {step.name: step.run() for step in TRIAL.plan(bench(known=False))}
    assert set(tables["familiar"].columns) == {"energy", "max_logit", "msp"}
    assert not any(name.startswith(("validation", "choice")) for name in tables)


def test_a_wrong_option_is_an_error_before_anything_is_run(tmp_path: Path):
    options = EvaluateOptions(ood_data=(str(tmp_path / "nothing"),))
    with pytest.raises(UserError, match="option 'ood_data'"):
        TRIAL.check(options, TASK)
    TRIAL.check(EvaluateOptions(ood_data=(str(folder(tmp_path / "birds")),)), TASK)


def test_outputs_that_are_no_rows_of_logits_have_no_such_trial():
    own = bench()
    without = replace(own.clean, columns={"target": own.clean["target"]})
    with pytest.raises(NotApplicable, match="row of logits"):
        TRIAL.plan(replace(own, clean=without))
    with pytest.raises(NotApplicable, match="row of numbers"):
        TRIAL.plan(replace(own, clean=own.clean.without("features")))


def test_other_training_items_and_other_sets_are_other_settings(tmp_path: Path):
    birds = folder(tmp_path / "birds")
    first = {s.name: s.settings for s in TRIAL.plan(bench(ood_data=(str(birds),)))}
    same = {s.name: s.settings for s in TRIAL.plan(bench(ood_data=(str(birds),)))}
    assert first == same
    Image.new("RGB", (8, 8), (1, 2, 3)).save(birds / "2.png")
    after = {s.name: s.settings for s in TRIAL.plan(bench(ood_data=(str(birds),)))}
    assert {name for name in first if first[name] != after[name]} == {"near-birds"}
    unknown = {s.name: s.settings for s in TRIAL.plan(bench(known=False))}
    assert unknown["familiar"] != first["familiar"]
