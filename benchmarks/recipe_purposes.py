"""Does each recipe do what it is named for? Measured against naive and default on real images.

    python benchmarks/recipe_purposes.py --shared ../shared/data --out runs/purposes [--write docs/results.md]

MobileNetV1 of ImageNet is fine-tuned on images of CIFAR-10 as they are, on eight of each class, with wrong
labels, and with classes of unequal size; the test images stay the same. Each recipe has its own epochs and is
judged by what it is for. What is finished is not done again. With ``--write`` the table takes the place of
the one in the file.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from data_tables import read_table, write_table
from marked_text import replace_marked
from paired_seeds import Difference, Figure, corrected, difference
from paper_orderings_data import WRONG, wrong_labels
from trust_gain import CORRUPTIONS, trained
from trust_pairs import Pair, cifar10

from finetrust.api.evaluated_run import EvaluatedRun

MADE_BY_TRIVIALAUGMENT = ("brightness", "contrast")
FEW = 8
LONGEST, SHORTEST = 125, 6
"""Images of the most and the least frequent class; between them they fall exponentially (Cui et al. 2019)."""
ACCURACY = Figure("accuracy", "accuracy")
BASES = ("naive", "default")


@dataclass(frozen=True)
class Purpose:
    """What a recipe is for.

    Parameters
    ----------
    data : str
        By name in ``DATA``.
    figures : sequence of Figure
        That it should raise.
    """

    data: str
    figures: Sequence[Figure]


PURPOSES: Mapping[str, Purpose] = {
    "accurate": Purpose("whole", (ACCURACY,)),
    "robust": Purpose(
        "whole",
        (
            Figure("accuracy under corruption", "corruption_accuracy"),
            Figure("accuracy under attack (0.5/255)", "robust_accuracy", "linf=0.5/255"),
        ),
    ),
    "calibrated": Purpose("whole", (Figure("ECE", "ece", better=-1),)),
    "few-shot": Purpose("few", (ACCURACY,)),
    "noisy-labels": Purpose("wrong", (ACCURACY,)),
    "long-tail": Purpose("unequal", (ACCURACY,)),
    "fast": Purpose("whole", (ACCURACY,)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=PURPOSES, default=list(PURPOSES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--write", type=Path, help="Markdown file whose table is made anew")
    options = parser.parse_args()
    home = options.out.resolve()
    whole = cifar10(options.shared.resolve(), home)
    lines = [
        "| recipe | for | figure | against | it | recipe | gain (95 % interval) | p (Holm) | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in options.only:
        purpose = PURPOSES[name]
        pair = DATA[purpose.data](whole)
        runs = {
            recipe: [judged(pair, home / purpose.data, recipe, seed) for seed in options.seeds]
            for recipe in (*BASES, name)
        }
        lines += rows(name, pair, purpose, runs)
        print(*lines[-2:], sep="\n", flush=True)
    text = "\n".join(lines)
    print(text)
    if options.write is not None:
        replace_marked(options.write, "recipe_purposes", text)


def judged(pair: Pair, home: Path, recipe: str, seed: int) -> EvaluatedRun:
    """Return the run of a recipe after its evaluation, trained if it is not there yet."""
    run = trained(pair, home, recipe, seed)
    if not run.folder.profile_file.exists():
        run.evaluate(
            quiet=True,
            pictures=0,
            trials=("corruptions", "adversarial"),
            corruptions=[name for name in CORRUPTIONS if name not in MADE_BY_TRIVIALAUGMENT],
            severities=(3,),
            trial_items=300,
        )
    return EvaluatedRun.open(run)


def rows(
    name: str, pair: Pair, purpose: Purpose, runs: Mapping[str, Sequence[EvaluatedRun]]
) -> list[str]:
    """Return the lines of a recipe; Holm's correction is over its own figures and yardsticks."""
    seconds = {recipe: np.median([seconds_of(run) for run in own]) for recipe, own in runs.items()}
    asked = [(figure, base) for figure in purpose.figures for base in BASES]
    found = []
    for figure, base in asked:
        one = difference(figure, runs[base], runs[name])
        assert one is not None, "the figures are those of every classifier of images"
        found.append(one)
    return [
        f"| {name} | {pair.title} | {figure.title} | {base} | {shown(one)} "
        f"| {seconds[name]:.0f} ({base}: {seconds[base]:.0f}) |"
        for (figure, base), one in zip(asked, corrected(found), strict=True)
    ]


def shown(found: Difference) -> str:
    gain = f"{found.gain:+.1%} ({found.low:+.1%} to {found.high:+.1%})"
    return f"{found.first:.1%} | {found.second:.1%} | {gain} | {found.adjusted:.2g}"


def seconds_of(run: EvaluatedRun) -> float:
    return float(run.run.folder.record["seconds"])


def few(pair: Pair) -> Pair:
    """Eight images of each class to train on, validation included."""
    return _thinned(pair, "few", f"{FEW} images a class", lambda rank: FEW)


def unequal(pair: Pair) -> Pair:
    """Classes that fall exponentially in size."""
    title = f"{LONGEST} to {SHORTEST} images a class"
    return _thinned(
        pair, "unequal", title, lambda rank: round(LONGEST * (SHORTEST / LONGEST) ** rank)
    )


def wrong(pair: Pair) -> Pair:
    """Wrong labels in training."""
    return replace(wrong_labels(pair), title=f"{WRONG:.0%} of the labels wrong")


DATA: Mapping[str, Callable[[Pair], Pair]] = {
    "whole": lambda pair: replace(pair, title="125 images a class"),
    "few": few,
    "wrong": wrong,
    "unequal": unequal,
}


def _thinned(pair: Pair, name: str, title: str, most: Callable[[float], int]) -> Pair:
    """Keep at most so many training images of each class, by its rank from 0 to 1 in the alphabet."""
    rows = read_table(pair.data)
    classes = sorted({row["label"] for row in rows})
    taken: Counter[str] = Counter()
    kept = []
    for row in rows:
        label = row["label"]
        if row["split"] == "train":
            taken[label] += 1
            if taken[label] > most(classes.index(label) / (len(classes) - 1)):
                continue
        kept.append(list(row.values()))
    path = pair.data.with_name(f"{pair.data.stem}_{name}.csv")
    return replace(pair, title=title, data=write_table(path, list(rows[0]), kept))


if __name__ == "__main__":
    main()
