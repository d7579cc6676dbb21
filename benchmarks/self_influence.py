"""Wrong labels planted in training data, and how many of them self-influence ranks first.

    python benchmarks/self_influence.py ../shared/data/cifar10
        --weights ../shared/data/weights-cifar10-resnet/resnet56-4bfd9763.th

Folders of class folders under train/ and test/. Of the training labels 2 % are changed to another class at
random; a linear probe on a ResNet-56 is tuned and judged by the commands that a user gives. Counted is how
many of the changed labels are among the 5 % of training items with the highest self-influence, how many of
those are listed as suspects, and how often the class that is suggested is the true one. Prints a Markdown
table.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from planted import BUILDER, Row, listed, written

import finetrust
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson

FLIPPED, TOP = 0.02, 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--seeds", type=int, default=1)
    ours = parser.parse_args()
    rows = list(listed(ours.data))
    print("| planted | found |")
    print("|---|---|")
    for seed in range(ours.seeds):
        with tempfile.TemporaryDirectory() as name:
            for planted, found in judged(Path(name), rows, ours.weights, seed):
                print(f"| {planted} | {found} |", flush=True)


def judged(home: Path, rows: list[Row], weights: str, seed: int) -> Iterator[tuple[str, str]]:
    """Yield what was planted and what was found, for labels as they are and with some of them wrong."""
    planted = flipped(rows, np.random.default_rng(seed))
    for name, labelled in (("nothing", rows), (f"{FLIPPED:.0%} wrong labels", planted)):
        table = written(home / name.replace(" ", "-").replace("%", ""), labelled)
        run = finetrust.tune(
            BUILDER, table, weights=weights, strategy="linear-probe", seed=seed,
            out=str(table.parent / "run"), quiet=True,
        )  # fmt: skip
        profile = run.evaluate(trials="examples", pictures=6, quiet=True)
        measure = profile["self_influence"]
        yield (
            name,
            f"of the top {TOP:.0%} (n {measure.n}) {measure.value:.1%} ({measure.ci_low:.1%} to "
            f"{measure.ci_high:.1%}) stand alone; answers that similar items have: "
            f"{profile['neighbour_agreement'].value:.1%}",
        )
    folder = run.folder.predictions / "test" / "examples"
    ranked = Predictions.load(folder / "self_influence.parquet")
    suspects = {suspect["id"]: suspect for suspect in measure.details["suspects"]}
    yield name, found_flips(ranked, suspects, planted)


def flipped(rows: list[Row], rng: np.random.Generator) -> list[Row]:
    classes = sorted({row[3] for row in rows})
    changed = list(rows)
    trained = [i for i, row in enumerate(rows) if row[2] == "train"]
    for i in rng.choice(trained, round(FLIPPED * len(trained)), replace=False):
        path, label, split, true = rows[i]
        changed[i] = (path, str(rng.choice([c for c in classes if c != label])), split, true)
    return changed


def found_flips(table: Predictions, suspects: dict[str, dict[str, str]], rows: list[Row]) -> str:
    truth = {path: true for path, label, _, true in rows if label != true}
    wrong = [item for item in table.ids.tolist() if item in truth]
    order = np.argsort(-table["self_influence"], kind="stable")
    top = set(table.ids[order[: round(TOP * len(table))]].tolist())
    hit = [item for item in wrong if item in top]
    low, high = wilson(len(hit), len(wrong))
    shown = [item for item in wrong if item in suspects]
    right = sum(suspects[item]["suggested"] == truth[item] for item in shown)
    return (
        f"by {table['way'][0]} {len(hit)} of {len(wrong)} = {len(hit) / len(wrong):.1%} ({low:.1%} to "
        f"{high:.1%}) are in the top {TOP:.0%} of {len(table)}; {len(shown)} of them among {len(suspects)} "
        f"suspects, the true class suggested for {right}"
    )


if __name__ == "__main__":
    main()
