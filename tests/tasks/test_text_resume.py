"""A run on texts that was killed and resumed ends with the very weights of one that never was."""

import random
from pathlib import Path

import torch
from safetensors.torch import load_file

from killed import finish, kill_after, logged, started

from .tiny_texts import tuned

EVERYTHING = {
    "strategy": "lp-ft + ema(decay=0.9)",
    "epochs": 6,
    "batch_size": 4,
    "label_smoothing": 0.1,
    "micro_batch_size": 3,
    "checkpoint_steps": 1,
    "max_length": 10,
}


def test_a_run_killed_at_random_steps_ends_bitwise_the_same(tmp_path: Path) -> None:
    random.seed(7)
    whole, cut = tuned(tmp_path, "whole", **EVERYTHING).path, tmp_path / "cut"
    for _ in range(2):
        process = started(tuned, tmp_path, "cut", resume=True, **EVERYTHING)
        kill_after(process, cut, random.randint(2, 12))
    finish(started(tuned, tmp_path, "cut", resume=True, **EVERYTHING))
    one, other = (load_file(path / "model" / "weights.safetensors") for path in (whole, cut))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert logged(whole) == logged(cut)
