"""A run on tagged words that was killed and resumed ends with the very weights of one that never was."""

import random
from pathlib import Path

import torch
from safetensors.torch import load_file

import finetrust
from data.tagged_files import review_folder
from killed import finish, kill_at, started
from models.tiny_encoders import bert_folder

OPTIONS = {
    "precision": "fp32",
    "epochs": 4,
    "batch_size": 8,
    "micro_batch_size": 4,
    "label_smoothing": 0.1,
    "strategy": "lp-ft + ema(decay=0.9)",
    "checkpoint_steps": 1,
}


def test_a_run_killed_in_both_phases_ends_bitwise_the_same(tmp_path: Path) -> None:
    data, model = review_folder(tmp_path / "data"), bert_folder(tmp_path / "bert")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    given = (finetrust.tune, f"transformers:{model}", data)
    finish(started(*given, out=str(whole), quiet=True, **OPTIONS))
    random.seed(0)
    again = {"out": str(cut), "resume": True, "quiet": True, **OPTIONS}
    for goal in ((0, 20), (1, 6)):
        kill_at(started(*given, **again), cut, goal)
    finish(started(*given, **again))
    one, other = (load_file(path / "model" / "weights.safetensors") for path in (whole, cut))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
