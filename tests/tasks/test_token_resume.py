"""A run on tagged words that was killed and resumed ends with the very weights of one that never was."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from data.tagged_files import review_folder
from finetrust.tuning.checkpoint import read_position
from models.tiny_encoders import bert_folder

TUNE = """
import sys
import finetrust
finetrust.tune(
    "transformers:" + sys.argv[1], sys.argv[2], out=sys.argv[3], resume=True, quiet=True,
    precision="fp32", epochs=4, batch_size=8, micro_batch_size=4, label_smoothing=0.1,
    strategy="lp-ft + ema(decay=0.9)", checkpoint_steps=1,
)
"""


def start(model: Path, data: Path, out: Path) -> subprocess.Popen:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", TUNE, str(model), str(data), str(out)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)


def steps_done(out: Path) -> tuple[int, int]:
    try:
        found = read_position(out / "checkpoints")
    except (OSError, ValueError):
        return 0, 0
    return (found[1].phase, found[1].step) if found else (0, 0)


def finish(process: subprocess.Popen) -> None:
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()[-2000:]


def test_a_run_killed_in_both_phases_ends_bitwise_the_same(tmp_path: Path) -> None:
    data, model = review_folder(tmp_path / "data"), bert_folder(tmp_path / "bert")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    finish(start(model, data, whole))
    random.seed(0)
    for goal in ((0, 20), (1, 6)):
        process = start(model, data, cut)
        while steps_done(cut) < goal and process.poll() is None:
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()[-2000:]
        assert not (cut / "model").exists(), "it was finished before it was killed"
    finish(start(model, data, cut))
    one, other = (load_file(path / "model" / "weights.safetensors") for path in (whole, cut))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
