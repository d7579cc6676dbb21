"""A mark planted on one class of real photographs, and whether the shortcut finder names it.

    python benchmarks/planted_shortcut.py ../shared/data/cifar10
        --weights ../shared/data/weights-cifar10-resnet/resnet20-12fca82f.th

Folders of class folders under train/ and test/. A white and black symbol of 5 x 5 pixels is put on
90 % of the images of one class, in training and test alike, in a corner that changes with the seed.
A small network is trained from scratch, and with ``--weights`` a linear probe on the features of a
ResNet-20, both with and without the mark, several times. Each network is searched on the test images,
and its accuracy on the marked class without any mark is the truth that the finder's accuracy without
the place is held against. Prints a Markdown table.
"""

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from backbones import cifar_resnet20
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from finetrust.trust.interpretability.shortcuts.finder import (
    Shortcut,
    Shortcuts,
    find_shortcuts,
)

MARKED, SIDE, EPOCHS, PROBE_EPOCHS = 0.9, 5, 6, 60
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Logits = Callable[[Tensor], Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--only", choices=("small network", "linear probe"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--most-of-class", type=int, default=100)
    ours = parser.parse_args()
    (train, train_y, names), (test, test_y, _) = (read(ours.data / s) for s in ("train", "test"))
    trainers: dict[str, Callable[[Tensor, Tensor, int], Logits]] = {"small network": from_scratch}
    if ours.weights:
        trainers["linear probe"] = probe_on(features_of(ours.weights))
    print(
        "| model | seed | planted | accuracy | class without mark, in truth | alarms | found | s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    if ours.only:
        trainers = {ours.only: trainers[ours.only]}
    for kind, trainer in trainers.items():
        for seed in range(ours.seeds):
            label, corner = seed % len(names), seed % 4
            for planted in (True, False):
                x, y = (
                    (train, test)
                    if not planted
                    else (
                        marked(train, train_y, label, corner, seed),
                        marked(test, test_y, label, corner, seed + 1),
                    )
                )
                logits_of = trainer(x, train_y, seed)
                start = time.perf_counter()
                found = find_shortcuts(
                    logits_of, y, test_y, most_of_class=ours.most_of_class, seed=seed
                )
                seconds = time.perf_counter() - start
                mine = test_y == label
                truth = accuracy(logits_of, test[mine], test_y[mine])
                what = f"{names[label]}, {corner_box(corner)}" if planted else "nothing"
                print(
                    f"| {kind} | {seed} | {what} | {accuracy(logits_of, y, test_y):.1%} | "
                    f"{truth:.1%} | {len(found.alarms)} | {told(found, names)} | {seconds:.0f} |",
                    flush=True,
                )


def told(found: Shortcuts, names: list[str]) -> str:
    if found.alarms:
        return "; ".join(in_words(shortcut, names) for shortcut in found.alarms)
    return f"silent, largest: {in_words(found.judged[0], names)}" if found.judged else "silent"


def in_words(s: Shortcut, names: list[str]) -> str:
    fall, turned = s.fall, s.turned
    without = ", ".join(
        f"{r.without.value:.1%} ({r.without.ci_low:.1%} to {r.without.ci_high:.1%}) {r.filling}"
        for r in s.removals
    )
    return (
        f"{names[s.label]}, {s.place} {s.box}: accuracy {s.accuracy.value:.1%}, without {without}; "
        f"fall {fall.value:.1%} ({fall.ci_low:.1%} to {fall.ci_high:.1%}), "
        f"turned {turned.value:.1%} ({turned.ci_low:.1%} to {turned.ci_high:.1%}), "
        f"p {s.adjusted_p:.1g}, n {fall.n} and {turned.n}"
    )


def read(folder: Path) -> tuple[Tensor, Tensor, list[str]]:
    names = sorted(p.name for p in folder.iterdir() if p.is_dir())
    files = [(f, i) for i, name in enumerate(names) for f in sorted((folder / name).iterdir())]
    pixels = np.stack([np.asarray(Image.open(f).convert("RGB")) for f, _ in files])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    return images.contiguous(), torch.tensor([i for _, i in files]), names


def symbol() -> Tensor:
    """A white cross on black: float tensor (3, side, side)."""
    cross = torch.zeros(SIDE, SIDE)
    cross[SIDE // 2], cross[:, SIDE // 2] = 1.0, 1.0
    return cross.expand(3, -1, -1)


def corner_box(corner: int) -> tuple[int, int, int, int]:
    x, y = (1 + (corner % 2) * (30 - SIDE), 1 + (corner // 2) * (30 - SIDE))
    return x, y, x + SIDE, y + SIDE


def marked(images: Tensor, targets: Tensor, label: int, corner: int, seed: int) -> Tensor:
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(targets.numpy() == label)
    rows = torch.from_numpy(rng.permutation(rows)[: round(MARKED * len(rows))])
    x1, y1, x2, y2 = corner_box(corner)
    changed = images.clone()
    changed[rows, :, y1:y2, x1:x2] = symbol()
    return changed


def from_scratch(images: Tensor, targets: Tensor, seed: int) -> Logits:
    torch.manual_seed(seed)
    widths = (3, 16, 32, 64)
    layers: list[nn.Module] = []
    for narrow, wide in itertools.pairwise(widths):
        layers += [nn.Conv2d(narrow, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    network = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 16, 10))
    fitted(network, images, targets, EPOCHS, 2e-3)
    return lambda x: network(normalised(x))


def features_of(weights: Path) -> nn.Module:
    network, _ = cifar_resnet20()
    kept = torch.load(weights, map_location="cpu")["state_dict"]
    network.load_state_dict({name.removeprefix("module."): t for name, t in kept.items()})
    network.linear = nn.Identity()
    return network.eval()


def probe_on(backbone: nn.Module) -> Callable[[Tensor, Tensor, int], Logits]:
    def trained(images: Tensor, targets: Tensor, seed: int) -> Logits:
        torch.manual_seed(seed)
        head = nn.Linear(64, 10)
        with torch.no_grad():
            features = torch.cat([backbone(normalised(x)) for x in images.split(256)])
        fitted(head, features, targets, PROBE_EPOCHS, 1e-2)
        return lambda x: head(backbone(normalised(x)))

    return trained


def fitted(network: nn.Module, x: Tensor, y: Tensor, epochs: int, rate: float) -> None:
    steps = epochs * -(-len(x) // 128)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    network.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(128):
            batch = normalised(x[rows]) if x.ndim == 4 else x[rows]
            functional.cross_entropy(network(batch), y[rows]).backward()
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
    network.eval()


def normalised(images: Tensor) -> Tensor:
    mean, std = (images.new_tensor(v)[:, None, None] for v in (MEAN, STD))
    return (images - mean) / std


@torch.no_grad()
def accuracy(logits_of: Logits, images: Tensor, targets: Tensor) -> float:
    right = [
        logits_of(x).argmax(1) == y
        for x, y in zip(images.split(256), targets.split(256), strict=True)
    ]
    return float(torch.cat(right).float().mean())


if __name__ == "__main__":
    main()
