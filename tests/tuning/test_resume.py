"""A run that was killed and resumed ends with the very weights of one that never was."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

from finetrust.tuning.checkpoint import read_position

from .runs import digits, same, tuned, weights_of

TUNE = """
import sys
sys.path.insert(0, sys.argv[1])
from tuning.runs import tuned
tuned(sys.argv[2], resume=True, **eval(sys.argv[3]))
"""
EVERYTHING = {
    "strategy": "lp-ft + ema(decay=0.9) + sam",
    "epochs": 8,
    "batch_size": 8,
    "cutmix": 1.0,
    "augment": "trivialaugment",
    "label_smoothing": 0.1,
    "micro_batch_size": 4,
    "checkpoint_steps": 1,
}
GUIDED = {**EVERYTHING, "strategy": "lp-ft + saliency-guided", "cutmix": 0.0, "mixup": 0.0}
OTHERWISE = {**EVERYTHING, "strategy": "lp-ft + sgd + swa(start=0.4) + asam"}


def start(out: Path, options: dict) -> subprocess.Popen:
    command = [sys.executable, "-c", TUNE, str(Path(__file__).parents[1]), str(out), repr(options)]
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


def killed_at_its_first_checkpoint(out: Path, options: dict) -> dict:
    """Return the record of a run that was killed when it had made a step or a few."""
    process = start(out, options)
    while not list(out.glob("checkpoints/step-*")) and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    process.wait()
    return json.loads((out / "run.json").read_text(encoding="utf-8"))


def steps_done(out: Path) -> tuple[int, int]:
    try:
        found = read_position(out / "checkpoints")
    except (OSError, ValueError):
        return 0, 0
    return (found[1].phase, found[1].step) if found else (0, 0)


def kill_after(process: subprocess.Popen, out: Path, steps: int) -> None:
    """Kill the process a random moment after it got `steps` further, wherever it then is."""
    phase, step = steps_done(out)
    while process.poll() is None:
        now = steps_done(out)
        if now[0] > phase or now[1] >= step + steps:
            break
        time.sleep(0.002)
    time.sleep(random.uniform(0, 0.05))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()[-2000:]


def object_masks(folder: Path) -> str:
    """Write the left half of every handwritten digit as its object; return the folder."""
    for name in digits().ids:
        file = folder / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        mask = np.zeros((8, 8), np.uint8)
        mask[:, :4] = 255
        Image.fromarray(mask).save(file)
    return str(folder)


@pytest.mark.parametrize(
    ("options", "kills"),
    [(EVERYTHING, 5), (GUIDED, 3), (OTHERWISE, 2)],
    ids=["all", "guided", "otherwise"],
)
def test_a_run_killed_at_random_steps_ends_bitwise_the_same(
    options: dict, kills: int, tmp_path: Path
) -> None:
    random.seed(20261124)
    if "saliency-guided" in options["strategy"]:
        options = {**options, "object_masks": object_masks(tmp_path / "masks")}
    expected = weights_of(tuned(tmp_path / "whole", **options))
    cut = tmp_path / "cut"
    for _ in range(kills):
        kill_after(start(cut, options), cut, random.randint(1, 25))
        assert not (cut / "model").exists(), "it was finished before it was killed"
    last = start(cut, options)
    assert last.wait() == 0, last.stderr.read().decode()[-2000:]
    assert same(load_file(cut / "model" / "weights.safetensors"), expected)
    whole, again = (logged(tmp_path / name) for name in ("whole", "cut"))
    assert whole == again


def logged(run: Path) -> list[dict]:
    """Return the lines of a log without what a clock says."""
    lines = map(json.loads, (run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


@pytest.mark.parametrize("strategy", ["linear-probe", "full", "gradual-unfreeze"])
def test_two_runs_with_the_same_options_are_bitwise_equal(strategy: str, tmp_path: Path) -> None:
    one, other = (
        weights_of(tuned(tmp_path / name, strategy=strategy, workers=workers))
        for name, workers in (("one", 0), ("other", 1))
    )
    assert same(one, other)


def test_another_seed_ends_with_other_weights(tmp_path: Path) -> None:
    one = weights_of(tuned(tmp_path / "0", strategy="linear-probe", seed=0))
    other = weights_of(tuned(tmp_path / "1", strategy="linear-probe", seed=1))
    assert not same(one, other)


def test_resuming_a_finished_run_does_nothing(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", strategy="linear-probe")
    stamp = (run.folder.model / "weights.safetensors").stat().st_mtime_ns
    tuned(tmp_path / "run", strategy="linear-probe", resume=True)
    assert (run.folder.model / "weights.safetensors").stat().st_mtime_ns == stamp
    assert not run.folder.checkpoints.exists()


def test_resuming_with_other_options_is_an_error(tmp_path: Path) -> None:
    from finetrust import UserError

    tuned(tmp_path / "run", strategy="linear-probe")
    with pytest.raises(UserError, match=r"the run to resume has epochs=2, not 3"):
        tuned(tmp_path / "run", strategy="linear-probe", epochs=3, resume=True)
    with pytest.raises(UserError, match="holds another run"):
        tuned(tmp_path / "run", digits(), strategy="linear-probe")
