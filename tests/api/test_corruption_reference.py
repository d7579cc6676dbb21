"""The run that mCE is relative to: read from its folder, and refused where it has no such errors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetrust.api.corruption_reference import corruption_reference
from finetrust.core.errors import UserError
from finetrust.trust.measure_all import measure_all

from .evaluated_runs import answers, write_run


def test_a_run_against_itself_has_one_hundred_percent(tmp_path: Path) -> None:
    evidence = answers(n=120, skill=1.0)
    rng = np.random.default_rng(0)

    def noisy(name: str, scale: float) -> object:
        logits = evidence.clean["logits"]
        columns = {
            **evidence.clean.columns,
            "logits": logits + scale * rng.normal(size=logits.shape),
        }
        return replace(evidence.clean, columns=columns, perturbation=name)

    perturbed = {f"fog-{s}": noisy(f"fog-{s}", s) for s in (1, 3)}
    evidence = replace(evidence, perturbed=perturbed)
    path = str(write_run(tmp_path / "a", evidence))
    data = {**evidence.data, **corruption_reference(path)}
    measured = {m.key: m for m in measure_all(replace(evidence, data=data))}
    for name in ("mean_corruption_error", "relative_mean_corruption_error"):
        assert measured[name].value == pytest.approx(1)
        assert measured[name].details["reference"] == path


def test_without_a_name_there_is_nothing() -> None:
    assert corruption_reference(None) == {}


def test_a_run_without_corruptions_is_refused(tmp_path: Path) -> None:
    path = write_run(tmp_path / "a", answers(n=30))
    with pytest.raises(UserError, match="no errors under corruption"):
        corruption_reference(str(path))
