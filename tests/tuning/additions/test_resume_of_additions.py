"""Additions that draw, attack, count or leave out: a run that was killed ends bitwise the same."""

import random
from pathlib import Path

import pytest
from safetensors.torch import load_file

from killed import finish, kill_after, logged, started

from ..runs import same, tuned, weights_of

COMMON = {"epochs": 2, "batch_size": 8, "augment": "crop-flip", "checkpoint_steps": 1}
PLANS = {
    "adversarial": {
        "strategy": "lp-ft + adversarial(steps=2) + correctness-ranking + ema(decay=0.9)",
        "micro_batch_size": 4,
    },
    "trades": {"strategy": "lp-ft + trades(steps=2) + confident-learning + sam", "mixup": 0.4},
}


@pytest.mark.parametrize("name", PLANS)
def test_a_run_killed_at_a_random_step_ends_bitwise_the_same(name: str, tmp_path: Path) -> None:
    random.seed(20261128)
    options = {**COMMON, **PLANS[name]}
    expected = weights_of(tuned(tmp_path / "whole", **options))
    cut = tmp_path / "cut"
    # In the probe, or in the phase of the backbone, which then begins with what the probe has counted.
    kill_after(started(tuned, cut, resume=True, **options), cut, random.randint(5, 30))
    finish(started(tuned, cut, resume=True, **options))
    assert same(load_file(cut / "model" / "weights.safetensors"), expected)
    whole, again = (logged(tmp_path / folder) for folder in ("whole", "cut"))
    assert whole == again
