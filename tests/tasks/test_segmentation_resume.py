"""A segmentation run that was killed and resumed ends with the very weights of one that never was."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

import finetrust
from data.mask_folders import coloured_folder
from finetrust.tuning.checkpoint import read_position

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
TUNE = """
import sys
import finetrust
options = eval(sys.argv[3])
finetrust.tune("glyphnet", sys.argv[1], out=sys.argv[2], resume=True, quiet=True, **options)
"""


def start(data: Path, out: Path) -> subprocess.Popen:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TUNE, str(data), str(out), repr(OPTIONS)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)


def steps_done(out: Path) -> tuple[int, int]:
    try:
        found = read_position(out / "checkpoints")
    except (OSError, ValueError):
        return 0, 0
    return (found[1].phase, found[1].step) if found else (0, 0)


def test_a_run_killed_in_both_phases_ends_bitwise_the_same(tmp_path: Path) -> None:
    data = coloured_folder(tmp_path / "data", n=12)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    finetrust.tune("glyphnet", data, out=str(whole), quiet=True, **OPTIONS)
    random.seed(0)
    for goal in ((0, 5), (1, 2)):
        process = start(data, cut)
        while steps_done(cut) < goal and process.poll() is None:
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()[-2000:]
        assert not (cut / "model").exists(), "it was finished before it was killed"
    process = start(data, cut)
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()[-2000:]
    one, other = (load_file(path / "model" / "weights.safetensors") for path in (whole, cut))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
