"""A mark planted on one class of real photographs: is the alarm raised, and does it stay silent without?

    python benchmarks/planted_shortcut.py ../shared/data/cifar10 --seeds 3

Folders of class folders under train/ and test/. A white and black symbol of 5 x 5 pixels is put on
90 % of the images of one class, in training and test alike; the class and the corner change with the
seed. A small network that was trained on one half of the training images, without any mark, is
fine-tuned in full on the other half, with the mark and without any, and judged by
``finetrust.evaluate``. Its accuracy on the test images of that class without any mark is the truth that
the accuracy without the shortcut is held against. With ``--guided`` it is also fine-tuned under a
penalty on what it looks at beside the object, for which the middle of the image stands. Prints a
Markdown table.
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from small_network import small_network
from torch import Tensor, nn
from torch.nn import functional

import finetrust

BUILDER = f"{Path(__file__).parent / 'small_network.py'}:small_network"
MARKED, SIDE, EPOCHS, RATE = 0.9, 5, 8, 2e-3
GUIDED = "full + saliency-guided"
Row = tuple[Path, str, str]
"""File, label, split."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--effort", default="quick")
    parser.add_argument("--clean-only", action="store_true")
    parser.add_argument("--guided", action="store_true")
    ours = parser.parse_args()
    print("| seed | planted | tuned by | accuracy | the class without any mark | told | s |")
    print("|---|---|---|---|---|---|---|")
    alarms = {True: 0, False: 0}
    for seed in range(ours.first_seed, ours.first_seed + ours.seeds):
        with tempfile.TemporaryDirectory() as name:
            home = Path(name)
            ahead, rows = halves(ours.data, seed)
            weights = home / "ahead.pth"
            torch.save(trained_ahead(ahead, seed).state_dict(), weights)
            for planted, strategy in cases(ours.clean_only, ours.guided):
                start = time.perf_counter()
                case = home / f"{planted}-{len(strategy)}"
                label, corner = sorted({row[1] for row in rows})[seed % 10], seed % 4
                given = marked(rows, label, corner, seed, case) if planted else rows
                run, profile = judged(case, given, weights, strategy, seed, ours.effort)
                alarms[planted] += bool(profile["shortcut_reliance"].details.get("alarm"))
                what = f"{label}, {words_of(corner)}" if planted else "nothing"
                print(
                    f"| {seed} | {what} | {strategy} | {share(profile['accuracy'])} | "
                    f"{truth(run, rows, label):.1%} | "
                    f"{told(profile, label if planted else None)} | "
                    f"{time.perf_counter() - start:.0f} |",
                    flush=True,
                )
    print(f"\nAlarms: {alarms[True]} with a mark, {alarms[False]} of {ours.seeds} without any.")


def cases(clean_only: bool, guided: bool) -> Iterator[tuple[bool, str]]:
    if not clean_only:
        yield True, "full"
        if guided:
            yield True, GUIDED
    yield False, "full"


def halves(data: Path, seed: int) -> tuple[list[Row], list[Row]]:
    """Return one half of the training images, and the other half with validation and test images."""
    files = {s: sorted((data / s).glob("*/*.jpg")) for s in ("train", "test")}
    order = np.random.default_rng(seed).permutation(len(files["train"]))
    ahead, other = np.array_split(order, 2)
    rows = [(files["train"][i], "val" if k % 7 == 0 else "train") for k, i in enumerate(other)]
    rows += [(file, "test") for file in files["test"]]
    return (
        [(files["train"][i], files["train"][i].parent.name, "train") for i in ahead],
        [(file.resolve(), file.parent.name, split) for file, split in rows],
    )


def trained_ahead(rows: Sequence[Row], seed: int) -> nn.Module:
    torch.manual_seed(seed)
    network, preprocessing = small_network()
    names = sorted({label for _, label, _ in rows})
    images, targets = pixels(rows), torch.tensor([names.index(label) for _, label, _ in rows])
    mean, std = (torch.tensor(v)[:, None, None] for v in (preprocessing.mean, preprocessing.std))
    images = (images - mean) / std
    steps = EPOCHS * -(-len(images) // 128)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for some in torch.randperm(len(images)).split(128):
            functional.cross_entropy(network(images[some]), targets[some]).backward()
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
    return network.eval()


def pixels(rows: Sequence[Row]) -> Tensor:
    stacked = np.stack([np.asarray(Image.open(file).convert("RGB")) for file, *_ in rows])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 255


def marked(rows: Sequence[Row], label: str, corner: int, seed: int, home: Path) -> list[Row]:
    """Return the rows with a white cross on black in a corner of nine in ten images of a class."""
    home.mkdir()
    rng = np.random.default_rng(seed)
    cross = np.zeros((SIDE, SIDE, 3), np.uint8)
    cross[SIDE // 2], cross[:, SIDE // 2] = 255, 255
    x, y = (1 + (corner % 2) * (30 - SIDE), 1 + (corner // 2) * (30 - SIDE))
    changed = []
    for k, (file, name, split) in enumerate(rows):
        if name == label and rng.random() < MARKED:
            image = np.array(Image.open(file).convert("RGB"))
            image[y : y + SIDE, x : x + SIDE] = cross
            file = home / f"{k}.png"
            Image.fromarray(image).save(file)
        changed.append((file, name, split))
    return changed


def words_of(corner: int) -> str:
    return f"{('upper', 'lower')[corner // 2]} {('left', 'right')[corner % 2]} corner"


def judged(
    home: Path, rows: Sequence[Row], weights: Path, strategy: str, seed: int, effort: str
) -> tuple[Any, Any]:
    home.mkdir(exist_ok=True)
    table, boxes = home / "data.csv", home / "boxes.csv"
    written(table, ("path", "label", "split"), rows)
    middle = (SIDE + 1, SIDE + 1, 31 - SIDE, 31 - SIDE)
    written(boxes, ("image", "x1", "y1", "x2", "y2"), [(file, *middle) for file, *_ in rows])
    run = finetrust.tune(
        BUILDER, table, weights=str(weights), strategy=strategy, epochs=EPOCHS, learning_rate=RATE,
        backbone_learning_rate=RATE, layer_decay=1, seed=seed, out=str(home / "run"), quiet=True,
        object_masks=str(boxes) if strategy == GUIDED else None,
    )  # fmt: skip
    profile = run.evaluate(
        trials="shortcuts", attributions="grad_cam", effort=effort, pictures=0, seed=seed,
        quiet=True,
    )  # fmt: skip
    return run, profile


def written(table: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(names)
        csv.writer(file).writerows(rows)


@torch.no_grad()
def truth(run: Any, rows: Sequence[Row], label: str) -> float:
    """Return the accuracy on the test images of a class without any mark."""
    model = finetrust.load(run.folder.path, allow_code=BUILDER).model
    images = pixels([row for row in rows if row[1] == label and row[2] == "test"])
    answers = model.network.eval()(images).argmax(1)
    return float((answers == model.classes.index(label)).float().mean())


def told(profile: Any, label: str | None) -> str:
    """Return what the profile says, and where it is silent also of the place that was marked."""
    facts = profile["shortcut_reliance"].details
    if facts["alarm"]:
        found = share(profile["accuracy_without_shortcut"])
        return (
            f"ALARM: {facts['warning']} [{figures(facts)}] Accuracy without the shortcuts {found}"
        )
    mine = [c for c in facts["candidates"] if c["class"] == label and c["box"] is not None]
    return "; ".join(["silent", *(f"of {label}: {figures(c)}" for c in mine[:1]), figures(facts)])


def figures(facts: dict[str, Any]) -> str:
    without = ", ".join(
        f"{way['filling']} {way['value']:.1%} ({way['ci_low']:.1%} to {way['ci_high']:.1%})"
        for way in facts["without"]
    )
    return (
        f"{facts['class']}, {facts['candidate']} ({facts['place']}): {share(facts['accuracy'])} of "
        f"{facts['accuracy']['n']} right, without it: {without}; others turned "
        f"{share(facts['turned'])}, n {facts['turned']['n']}, p {facts['adjusted_p']:.1g}"
    )


def share(figure: Any) -> str:
    get = figure.get if isinstance(figure, dict) else lambda name: getattr(figure, name)
    return f"{get('value'):.1%} ({get('ci_low'):.1%} to {get('ci_high'):.1%})"


if __name__ == "__main__":
    main()
