"""A run on texts that was killed and resumed ends with the very weights of one that never was."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from finetrust.tuning.checkpoint import read_position

from .tiny_texts import tuned

TUNE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tasks.tiny_texts import tuned
tuned(Path(sys.argv[2]), sys.argv[3], resume=True, **eval(sys.argv[4]))
"""
EVERYTHING = {
    "strategy": "lp-ft + ema(decay=0.9)",
    "epochs": 6,
    "batch_size": 4,
    "label_smoothing": 0.1,
    "micro_batch_size": 3,
    "checkpoint_steps": 1,
    "max_length": 10,
}


def start(folder: Path) -> subprocess.Popen:
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", TUNE, tests, str(folder), "cut", repr(EVERYTHING)]
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


def steps_done(out: Path) -> tuple[int, int]:
    try:
        found = read_position(out / "checkpoints")
    except (OSError, ValueError):
        return 0, 0
    return (found[1].phase, found[1].step) if found else (0, 0)


def test_a_run_killed_at_random_steps_ends_bitwise_the_same(tmp_path: Path) -> None:
    random.seed(7)
    whole = tuned(tmp_path, "whole", **EVERYTHING)
    cut = tmp_path / "cut"
    for _ in range(2):
        process = start(tmp_path)
        phase, step = steps_done(cut)
        while process.poll() is None and steps_done(cut) < (phase + 1, 0):
            if steps_done(cut) >= (phase, step + random.randint(2, 12)):
                break
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()[-2000:]
        assert not (cut / "model").exists(), "it was finished before it was killed"
    last = start(tmp_path)
    assert last.wait() == 0, last.stderr.read().decode()[-2000:]
    one, other = (load_file(p / "model" / "weights.safetensors") for p in (whole.path, cut))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    logs = [(tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("whole", "cut")]
    assert len(logs[0]) == len(logs[1])
