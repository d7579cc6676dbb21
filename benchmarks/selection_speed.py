"""Time and memory of the scores by which a pretrained model is chosen, against the feature pass itself.

    python benchmarks/selection_speed.py                       # 50 000 items, 2048 features, 100 classes
    python benchmarks/selection_speed.py --items 5000 --features 512 --classes 10 --source 0

Features and labels are drawn: time and memory hang on their sizes. LogME is measured in a process of
its own; then all scores one after the other on one Evidence, where the first that needs a shared part
(products of features, their spectrum) pays for it. The feature pass is timed on some images and
scaled to all items; decoding is not counted. Beside the time stands that of the processors, all
threads together, which a busy machine lengthens less.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

import numpy as np

from finetrust.core.measure import Absence
from finetrust.selection.evidence import Evidence
from finetrust.selection.score import scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=2048)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--source", type=int, default=1000, help="source classes; 0 for none")
    parser.add_argument("--model", default="resnet50", help="of torchvision, for the feature pass")
    parser.add_argument("--input-size", type=int, default=224)
    parser.add_argument("--images", type=int, default=64, help="that the feature pass is timed on")
    ours = parser.parse_args()
    sizes = (ours.items, ours.features, ours.classes, ours.source)
    print(f"{ours.items} items x {ours.features} features, {ours.classes} classes")
    alone, _, peak = apart(["logme"], sizes)
    print(f"LogME alone: {seconds(*alone['logme'])}, {peak:.2f} GiB at most", flush=True)
    taken, found, peak = apart(scores.names(), sizes)
    for name, times in taken.items():
        print(f"  {name:14s} {seconds(*times)}  {found[name]}")
    total = tuple(sum(times) for times in zip(*taken.values(), strict=True))
    print(f"all scores: {seconds(*total)}, {peak:.2f} GiB at most", flush=True)
    passed = tuple(
        ours.items * each for each in feature_pass(ours.model, ours.input_size, ours.images)
    )
    print(
        f"feature pass of {ours.model} at {ours.input_size} pixels, by {ours.images} images: "
        f"{seconds(*passed)}; all scores take {100 * total[1] / passed[1]:.2f} % of the processors' time"
    )


def seconds(wall: float, processors: float) -> str:
    return f"{wall:.1f} s ({processors:.1f} s of processors)"


Times = tuple[float, float]
Measured = tuple[dict[str, Times], dict[str, float | str], float]


def apart(names: Sequence[str], sizes: tuple[int, int, int, int]) -> Measured:
    """Return seconds and value of each score, and the peak memory in GiB of a fresh process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=measure, args=(theirs, names, sizes))
    process.start()
    measured = ours.recv()
    process.join()
    return measured


def measure(out: Connection, names: Sequence[str], sizes: tuple[int, int, int, int]) -> None:
    evidence = drawn(*sizes)
    taken, found = {}, {}
    for name in names:
        definition = scores.get(name)
        start = clocks()
        value = definition.of(evidence)
        taken[name] = since(start)
        found[name] = value.reason if isinstance(value, Absence) else value
    out.send((taken, found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))


def drawn(n: int, d: int, classes: int, source: int) -> Evidence:
    """Return evidence whose classes overlap, with a spectrum that falls as those of networks do."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, n)
    means = rng.standard_normal((classes, d), dtype=np.float32) / 4
    features = rng.standard_normal((n, d), dtype=np.float32)
    for start in range(0, n, 8192):
        features[start : start + 8192] += means[labels[start : start + 8192]]
    features *= np.arange(1, d + 1, dtype=np.float32) ** -0.5
    logits = rng.standard_normal((n, source), dtype=np.float32) if source else None
    return Evidence(features, labels, logits)


def clocks() -> Times:
    return time.perf_counter(), time.process_time()


def since(start: Times) -> Times:
    now = clocks()
    return now[0] - start[0], now[1] - start[1]


def feature_pass(model: str, size: int, images: int) -> Times:
    """Return the seconds that a network takes for an image, in batches of 32 on the CPU."""
    import torch
    import torchvision

    network = torchvision.models.get_model(model, weights=None).eval()
    inputs = torch.randn(min(32, images), 3, size, size)
    batches = max(1, images // len(inputs))
    with torch.inference_mode():
        network(inputs)
        start = clocks()
        for _ in range(batches):
            network(inputs)
    wall, processors = since(start)
    return wall / (batches * len(inputs)), processors / (batches * len(inputs))


if __name__ == "__main__":
    main()
