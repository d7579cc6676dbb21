"""What a sweep of attacks costs, what part of it the network takes, and what it finds.

Counts the passes of an item through the network and the time within them (forward, and backward to the
pixels); the rest is the attacks' own arithmetic.

    python benchmarks/adversarial.py runs/a --data path/to/test
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from finetrust.core.run_folder import RunFolder
from finetrust.data.source import open_dataset
from finetrust.models.features import batched_inputs
from finetrust.models.inference import Inference
from finetrust.models.saved import load
from finetrust.trust.stability.adversarial.grids import grid_of, label_of
from finetrust.trust.stability.adversarial.norms import NORMS
from finetrust.trust.stability.adversarial.strength import STRENGTHS
from finetrust.trust.stability.adversarial.sweep import sweep
from finetrust.trust.stability.adversarial.trial import frozen
from finetrust.trust.trials.item_seeds import item_seeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="folder of a run")
    parser.add_argument("--model", help="the FILE.py:FUNCTION that builds it, if that may run")
    parser.add_argument("--data", required=True)
    parser.add_argument("--items", type=int, default=97)
    parser.add_argument("--efforts", default="quick", help="comma-separated")
    parser.add_argument("--seed", type=int, default=0)
    ours = parser.parse_args()
    model = load(RunFolder(Path(ours.run)).model, allow_code=ours.model)
    network = model.network.eval()
    opened = open_dataset(ours.data)
    rows = np.random.default_rng(ours.seed).permutation(len(opened))[: ours.items]
    dataset = opened.take(np.sort(rows))
    parts = [part for _, part in batched_inputs(Inference(network), dataset, 0, "decoding")]
    images = torch.cat(parts).float() / 255
    names = [dataset.classes[target] for target in dataset.targets]
    labels = torch.tensor([model.classes.index(name) for name in names])
    seeds = item_seeds(dataset.ids, ours.seed)
    for effort in ours.efforts.split(","):
        strength = STRENGTHS[effort]
        for norm in (norm for norm in NORMS if norm.name in strength.norms):
            grid = grid_of(norm.name, *images.shape[-2:])
            clock = Clock(network)
            start = time.perf_counter()
            with frozen(network), clock.counting():
                found = sweep(
                    clock, images, labels, seeds, norm, grid.sizes, grid.reference, strength
                )
            whole = time.perf_counter() - start
            kept = ", ".join(
                f"{label_of(norm.name, size)}: {np.mean(found.smallest > size):.1%}"
                for size in (0.0, *grid.sizes)
            )
            print(
                f"{effort} {norm.name}: {len(labels)} items, {whole:.1f} s, "
                f"{clock.seconds / whole:.0%} of it in the network; passes an item: "
                f"{clock.forward / len(labels):.1f} forward, {clock.both / len(labels):.1f} both ways\n"
                f"  accuracy at {kept}"
            )


class Clock:
    """The network as attacks call it, with a count of passes and of the time within them."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.network, self.seconds, self.forward, self.both = network, 0.0, 0, 0

    def __call__(self, images: Tensor) -> Tensor:
        start = time.perf_counter()
        logits = self.network(images)
        self.seconds += time.perf_counter() - start
        if images.requires_grad:
            self.both += len(images)
        else:
            self.forward += len(images)
        return logits

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count the time of backward passes as well."""
        backward = torch.autograd.grad

        def timed(*given: object, **options: object) -> tuple[Tensor, ...]:
            start = time.perf_counter()
            found = backward(*given, **options)
            self.seconds += time.perf_counter() - start
            return found

        torch.autograd.grad = timed
        try:
            yield
        finally:
            torch.autograd.grad = backward


if __name__ == "__main__":
    main()
