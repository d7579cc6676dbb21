"""Defects planted in real data, and how much of each the checks find.

    python benchmarks/planted.py ../shared/data/cifar10
        --weights ../shared/data/weights-cifar10-resnet/resnet56-4bfd9763.th

Folders of class folders under train/ and test/. Planted are wrong labels (5 % of each split, to
another class at random), copies of test images among the training images (2 %, encoded anew, smaller
or mirrored), and another mix of classes; beside them the same data without any defect. A linear
probe on a ResNet-56 is tuned and judged by the commands that a user gives. Prints a Markdown table.
"""

import argparse
import csv
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

import finetrust

Row = tuple[str, str, str, str]
"""Path, label as the table says, split, true label."""

BUILDER = f"{Path(__file__).parent / 'backbones.py'}:cifar_resnet56"
FLIPPED, LEAKED, DARKENED, SUSPECTS = 0.05, 0.02, 0.1, 0.07


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", required=True)
    ours = parser.parse_args()
    rows = list(listed(ours.data))
    rng = np.random.default_rng(0)
    print("| planted | found |")
    print("|---|---|")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        clean = judged(home / "clean", rows, ours.weights)
        for said in alarms(clean):
            print(f"| nothing | {said} |", flush=True)
        true_accuracy = clean["accuracy"].value
        flipped = flips(rows, rng)
        noisy = judged(home / "flipped", flipped, ours.weights)
        for said in found_flips(noisy, home / "flipped", flipped, true_accuracy):
            print(f"| 5 % wrong labels | {said} |", flush=True)
        copies = leaks(rows, rng, home / "copies")
        leaked = judged(home / "leaked", [*rows, *(copy for copy, _ in copies)], ours.weights)
        print(f"| 2 % of the test images leaked | {found_leaks(leaked, copies)} |", flush=True)
        dark = judged(home / "dark", darkened(rows, rng, home / "darkened"), ours.weights)
        print(f"| {DARKENED:.0%} of the test images darkened | {weak_slices(dark)} |", flush=True)
        mixed = judged(home / "mixed", other_mix(rows, rng), ours.weights)
        shift = mixed["class_prior_shift"]
        print(
            f"| half of three classes left out of the test | shift {shift.value:.1%} "
            f"({shift.ci_low:.1%} to {shift.ci_high:.1%}), p {shift.details['p_value']:.1g} |"
        )
        before, after = ece_of_the_published(home / "published", rows, ours.weights)
        print(f"| an overconfident model | ECE {before} before calibration, {after} after |")


def listed(data: Path) -> Iterator[Row]:
    for split in ("train", "test"):
        for i, file in enumerate(sorted((data / split).glob("*/*.jpg"))):
            part = "val" if split == "train" and i % 7 == 0 else split
            yield str(file.resolve()), file.parent.name, part, file.parent.name


def judged(home: Path, rows: list[Row], weights: str) -> Any:
    table = written(home, rows)
    run = finetrust.tune(
        BUILDER, table, weights=weights, strategy="linear-probe", out=str(home / "run"), quiet=True
    )
    return run.evaluate(trials="none", pictures=0, quiet=True)


def written(home: Path, rows: list[Row]) -> Path:
    home.mkdir(parents=True)
    table = home / "data.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "split"))
        writer.writerows(row[:3] for row in rows)
    return table


def ece_of_the_published(home: Path, rows: list[Row], weights: str) -> Iterator[str]:
    """Yield the calibration error of the network as it comes, before and after.

    It has seen the training images, so that half of the test images are what it is calibrated on.
    """
    test = [row for row in rows if row[2] == "test"]
    table = written(
        home, [(*row[:2], ("val", "test")[i % 2], row[3]) for i, row in enumerate(test)]
    )
    profile = finetrust.evaluate(
        model=BUILDER,
        data=table,
        weights=weights,
        classes=",".join(sorted({row[3] for row in rows})),
        trials="none",
        pictures=0,
        out=str(home / "judged"),
        quiet=True,
    )
    for name in ("ece_before_calibration", "ece"):
        measure = profile[name]
        yield f"{measure.value:.1%} ({measure.ci_low:.1%} to {measure.ci_high:.1%})"


def alarms(profile: Any) -> Iterator[str]:
    for name in ("label_errors", "train_label_errors", "class_prior_shift", "train_overlap"):
        measure = profile[name]
        yield f"{measure.title}: {measure.value:.1%} ({measure.ci_low:.1%} to {measure.ci_high:.1%})"


def flips(rows: list[Row], rng: np.random.Generator) -> list[Row]:
    classes = sorted({row[3] for row in rows})
    changed = list(rows)
    for split in ("train", "val", "test"):
        own = [i for i, row in enumerate(rows) if row[2] == split]
        for i in rng.choice(own, round(FLIPPED * len(own)), replace=False):
            path, label, _, true = rows[i]
            others = [name for name in classes if name != label]
            changed[i] = (path, str(rng.choice(others)), split, true)
    return changed


def found_flips(profile: Any, home: Path, rows: list[Row], true_accuracy: float) -> Iterator[str]:
    truth = {Path(path).as_posix(): label != true for path, label, _, true in rows}
    report = json.loads((home / "run" / "data" / "label_suspects.json").read_text())
    kept = {"train": report["suspects"], "test": profile["label_errors"].details["suspects"]}
    n = {"train": report["n"], "test": profile["accuracy"].n}
    for split, suspects in kept.items():
        top = suspects[: round(SUSPECTS * n[split])]
        wrong = [truth[Path(s["id"]).as_posix()] for s in suspects]
        of = round(FLIPPED * n[split])
        measure = profile["train_label_errors" if split == "train" else "label_errors"]
        yield (
            f"{split}: {sum(wrong[: len(top)])} of about {of} in the top {SUSPECTS:.0%} "
            f"({len(top)} suspects listed of {n[split]} labels); estimate {measure.value:.1%} "
            f"({measure.ci_low:.1%} to {measure.ci_high:.1%})"
        )
    corrected = profile["accuracy_if_labels_right"]
    yield (
        f"accuracy {profile['accuracy'].value:.1%}; had the labels been right "
        f"{corrected.value:.1%} ({corrected.ci_low:.1%} to {corrected.ci_high:.1%}); "
        f"of the model trained and judged on right labels {true_accuracy:.1%}"
    )


def leaks(rows: list[Row], rng: np.random.Generator, folder: Path) -> list[tuple[Row, str]]:
    """Return copies of test images as training rows, each with the path of its original."""
    folder.mkdir(parents=True)
    test = [row for row in rows if row[2] == "test"]
    found = []
    for k, i in enumerate(rng.choice(len(test), round(LEAKED * len(test)), replace=False)):
        image = Image.open(test[i][0]).convert("RGB")
        if k % 3 == 1:
            image = image.resize((28, 28), Image.Resampling.BICUBIC)
        if k % 3 == 2:
            image = ImageOps.mirror(image)
        path = folder / f"{k}.jpg"
        image.save(path, quality=80)
        found.append(((str(path), test[i][1], "train", test[i][3]), test[i][0]))
    return found


def found_leaks(profile: Any, copies: list[tuple[Row, str]]) -> str:
    evidence = Path(profile.model["run"]) / "predictions" / "test" / "evidence.json"
    data = json.loads(evidence.read_text())["data"]
    pairs = [*data["train_overlap_exact"], *data["train_overlap_near"]]
    leaked = {original for _, original in copies}
    hit = {item for item, _ in pairs if item in leaked}
    others = {item for item, _ in pairs} - leaked
    return f"{len(hit)} of {len(leaked)}, and {len(others)} other items with a copy in training"


def darkened(rows: list[Row], rng: np.random.Generator, folder: Path) -> list[Row]:
    """Return the rows with some test images at a fifth of their light, and no column that says so."""
    folder.mkdir(parents=True)
    test = [i for i, row in enumerate(rows) if row[2] == "test"]
    changed = list(rows)
    for i in rng.choice(test, round(DARKENED * len(test)), replace=False):
        path = folder / f"{i}.png"
        ImageEnhance.Brightness(Image.open(rows[i][0]).convert("RGB")).enhance(0.2).save(path)
        changed[i] = (str(path), *rows[i][1:])
    return changed


def weak_slices(profile: Any) -> str:
    """Return the weakest slices that were found, and how many of their items are darkened ones."""
    found = [
        measure
        for measure in profile.measures
        if measure.name == "accuracy" and measure.subset.startswith("slice=") and measure.value
    ]
    told = []
    for m in sorted(found, key=lambda m: m.value)[:3]:
        dark = sum(Path(item).suffix == ".png" for item in m.details["ids"])
        told.append(
            f"{m.subset.removeprefix('slice=')}, right in {m.value:.1%} "
            f"({m.ci_low:.1%} to {m.ci_high:.1%}, n {m.n}), {dark} of {m.n} darkened"
        )
    return f"against {profile['accuracy'].value:.1%} of all: {'; '.join(told) or 'none'}"


def other_mix(rows: list[Row], rng: np.random.Generator) -> list[Row]:
    rare = sorted({row[3] for row in rows})[:3]
    return [row for row in rows if row[2] == "train" or row[3] not in rare or rng.random() < 0.5]


if __name__ == "__main__":
    main()
