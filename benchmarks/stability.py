"""What the trials of stability cost, and what part of it the network itself takes.

    python benchmarks/stability.py --model benchmarks/backbones.py:cifar_resnet20 --weights FILE.th
        --data ../shared/data/cifar10 --effort standard

The time within the network is that of its passes forward, and of the gradients; the rest is decoding,
disturbing, attacking, exporting to ONNX (and running there) and writing. Prints a Markdown table.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch

import finetrust
from finetrust.api import trials as holding
from finetrust.models.inference import Inference
from finetrust.models.network import Network


class Clock:
    """Seconds within the network, whoever calls it."""

    def __init__(self) -> None:
        self.seconds, self._inside = 0.0, False

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return function(*args, **kwargs)
            self._inside, start = True, time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - start
                self._inside = False

        return timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", default="pretrained")
    parser.add_argument("--data", required=True)
    parser.add_argument("--effort", default="quick")
    parser.add_argument("--trials")
    parser.add_argument("--trial-items", type=int)
    ours = parser.parse_args()
    clock, shares = Clock(), {}
    for owner, name in ((Inference, "features"), (Inference, "outputs"), (Network, "forward")):
        setattr(owner, name, clock.around(getattr(owner, name)))
    torch.autograd.grad = clock.around(torch.autograd.grad)
    keep = holding._Store.keep

    def kept(store: Any, trial: str, step: Any, table: Any, seconds: float) -> None:
        keep(store, trial, step, table, seconds)
        within, whole = shares.get(trial, (0.0, 0.0))
        shares[trial] = (within + clock.seconds, whole + seconds)
        clock.seconds = 0.0

    tell = holding._say_cost

    def told(*args: Any) -> None:
        tell(*args)
        clock.seconds = 0.0

    holding._Store.keep, holding._say_cost = kept, told
    out = tempfile.mkdtemp()
    options = {"trials": ours.trials, "trial_items": ours.trial_items}
    start = time.perf_counter()
    profile = finetrust.evaluate(
        model=ours.model,
        data=ours.data,
        weights=ours.weights,
        effort=ours.effort,
        pictures=0,
        out=out,
        **{name: value for name, value in options.items() if value is not None},
    )
    whole = time.perf_counter() - start
    shutil.rmtree(out)
    print(f"{profile.context['seconds']}")
    print("| trial | seconds | in the network |")
    print("|---|---|---|")
    for trial, (within, seconds) in shares.items():
        print(f"| {trial} | {seconds:.1f} | {within / seconds:.0%} |")
    within, seconds = (sum(column) for column in zip(*shares.values(), strict=True))
    print(f"| all trials | {seconds:.1f} | {within / seconds:.0%} |")
    print(f"| the whole evaluation | {whole:.1f} | |")


if __name__ == "__main__":
    main()
