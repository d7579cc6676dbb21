"""A segmentation run that was killed and resumed ends with the very weights of one that never was."""

import random
from pathlib import Path

import torch
from safetensors.torch import load_file

import finetrust
from data.mask_folders import coloured_folder
from killed import finish, kill_at, started

OPTIONS = {
    "precision": "fp32",
    "epochs": 4,
    "batch_size": 4,
    "micro_batch_size": 2,
    "strategy": "lp-ft + ema(decay=0.9)",
    "augment": "trivialaugment",
    "head": "segformer",
    "loss": "cross-entropy+dice",
    "checkpoint_steps": 1,
}


def test_a_run_killed_in_both_phases_ends_bitwise_the_same(tmp_path: Path) -> None:
    data = coloured_folder(tmp_path / "data", n=12)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    finetrust.tune("glyphnet", data, out=str(whole), quiet=True, **OPTIONS)
    random.seed(0)
    again = {"out": str(cut), "resume": True, "quiet": True, **OPTIONS}
    for goal in ((0, 5), (1, 2)):
        kill_at(started(finetrust.tune, "glyphnet", data, **again), cut, goal)
    finish(started(finetrust.tune, "glyphnet", data, **again))
    one, other = (load_file(path / "model" / "weights.safetensors") for path in (whole, cut))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
