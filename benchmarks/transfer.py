"""Real ImageNet weights on real data: every strategy against the same network from scratch.

    python benchmarks/transfer.py --shared ../shared/data --out runs/transfer

Prints a Markdown table (``docs/results.md`` holds one). The test images are never used to choose anything:
validation images are cut off the training images.
"""

import argparse
import csv
import time
from pathlib import Path

import finetrust

MODEL = f"{Path(__file__).resolve().parent / 'backbones.py'}:mobilenetv1"
WEIGHTS = "weights-imagenet-mobilenetv1/mobilenetv1_100_12blocks.safetensors"
SETS = {
    "hymenoptera": {"test": "val", "input_size": 224, "epochs": 10},
    "cifar10": {"test": "test", "input_size": 96, "epochs": 3},
}
RUNS = {
    "linear-probe": {"strategy": "linear-probe", "epochs": 20},
    "full": {"strategy": "full"},
    "lp-ft": {"strategy": "lp-ft"},
    "from scratch": {"strategy": "full", "weights": "random"},
    "linear-probe on random weights": {
        "strategy": "linear-probe",
        "epochs": 20,
        "weights": "random",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--limit", type=int, help="use so many images a class and split at most")
    options = parser.parse_args()
    print(
        "| data | strategy | epochs | test accuracy | 95 % interval | ECE | corrupted | training |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in options.sets:
        row_for_each_run(options, name)


def row_for_each_run(options: argparse.Namespace, name: str) -> None:
    facts = SETS[name]
    table = write_table(options, name, facts["test"])
    for label in options.runs:
        chosen = RUNS[label]
        start = time.perf_counter()
        given = {
            "weights": str(options.shared / WEIGHTS),
            "epochs": facts["epochs"],
            "input_size": facts["input_size"],
            **chosen,
        }
        run = finetrust.tune(MODEL, table, out=str(options.out / name / label), quiet=True, **given)
        seconds = time.perf_counter() - start
        profile = run.evaluate(quiet=True, trial_items=200)
        run.report()
        accuracy, ece = profile["accuracy"], profile["ece"]
        print(
            f"| {name}, {facts['input_size']} px | {label} | {given['epochs']} "
            f"| {accuracy.value:.1%} | {accuracy.ci_low:.1%}–{accuracy.ci_high:.1%} "
            f"| {ece.value:.1%} | {profile['corruption_accuracy'].value:.1%} | {seconds:.0f} s |",
            flush=True,
        )


def write_table(options: argparse.Namespace, name: str, test: str) -> Path:
    """Write the list of images, with the folder `test` as the test split."""
    path = options.out / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    root = (options.shared / name).resolve()
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "split"])
        for folder, split in (("train", "train"), (test, "test")):
            for kind in sorted(p for p in (root / folder).iterdir() if p.is_dir()):
                images = sorted(kind.iterdir())[: options.limit]
                rows.writerows([image, kind.name, split] for image in images)
    return path


if __name__ == "__main__":
    main()
