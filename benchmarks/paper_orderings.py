"""Do the orderings that papers report hold on our data? Each figure beside the paper's claim.

    python benchmarks/paper_orderings.py --shared ../shared/data --out runs/orderings [--write FILE.md]

ResNet-20 of CIFAR-10 on windows of CamVid (``trust_pairs.py``), all with the same rates, batches and epochs,
three seeds, judged on the same test items: LP-FT and full fine-tuning out of distribution (Kumar et al.
2022), the curve of WiSE-FT (Wortsman et al. 2022), mixup (Thulasidasan et al. 2019) and label smoothing
(Mueller et al. 2019) on calibration, SAM under wrong labels (Foret et al. 2021). What is finished is not
done again. With ``--write`` the table takes the place of the one in the file.
"""

import argparse
import csv
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from paired_seeds import Difference, Figure, difference
from trust_gain import CORRUPTIONS
from trust_pairs import Pair, streets

import finetrust
from finetrust.api.evaluated_run import EvaluatedRun
from finetrust.core.run_folder import RunFolder
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models import saved
from finetrust.models.features import batched_inputs
from finetrust.models.inference import Inference
from finetrust.models.weight_average import interpolated, moved_norms
from finetrust.tuning.batch_norm import recompute_statistics

COMMON = {
    "learning_rate": 1e-3,
    "backbone_learning_rate": 1e-3,
    "layer_decay": 1.0,
    "batch_size": 32,
}
WRONG = 0.4
"""Share of the training labels that are drawn anew among the other classes."""
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
ACCURACY = Figure("accuracy", "accuracy")
CORRUPTED = Figure("accuracy under corruption", "corruption_accuracy")
ECE = Figure("ECE before calibration", "ece_before_calibration", better=-1)
BEGIN, END = "<!-- paper_orderings: begin -->", "<!-- paper_orderings: end -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--write", type=Path, help="Markdown file whose table is made anew")
    options = parser.parse_args()
    lab = Lab(streets(options.shared.resolve(), options.out.resolve()), options.out, options.seeds)
    lines = [
        "| claim of the paper | figure | without | with | gain (95 % interval) |",
        "|---|---|---|---|---|",
    ]
    for found in (lp_ft, label_smoothing, mixup, sam, wise_ft):
        lines += found(lab)
    text = "\n".join(lines)
    print(text)
    if options.write is not None:
        before, rest = options.write.read_text(encoding="utf-8").split(BEGIN)
        _, after = rest.split(END)
        options.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


class Lab:
    """Trains and judges what the orderings are made of, once."""

    def __init__(self, pair: Pair, home: Path, seeds: Sequence[int]) -> None:
        self.pair, self.home, self.seeds = pair, home, seeds

    def runs(self, name: str, data: Path | None = None, **options: Any) -> list[EvaluatedRun]:
        """Return the evaluated runs of all seeds."""
        return [judged(self.run(name, seed, data, **options)) for seed in self.seeds]

    def run(self, name: str, seed: int, data: Path | None = None, **options: Any) -> finetrust.Run:
        return finetrust.tune(
            self.pair.model,
            data or self.pair.data,
            out=str(self.home / f"{name}-{seed}"),
            seed=seed,
            resume=True,
            quiet=True,
            **{**self.pair.given, **COMMON, **options},
        )


def judged(run: finetrust.Run) -> EvaluatedRun:
    if not run.folder.profile_file.exists():
        run.evaluate(
            quiet=True,
            pictures=0,
            trials=("corruptions",),
            corruptions=CORRUPTIONS,
            severities=(2, 4),
            trial_items=300,
        )
    return EvaluatedRun.open(run)


def lp_ft(lab: Lab) -> list[str]:
    claim = "LP-FT over full fine-tuning: +1 point in, +10 points out of distribution (Kumar et al. 2022)"
    plain, probed = lab.runs("full", strategy="full"), lab.runs("lp-ft", strategy="lp-ft")
    return [
        row(claim, figure, difference(figure, plain, probed)) for figure in (ACCURACY, CORRUPTED)
    ]


def label_smoothing(lab: Lab) -> list[str]:
    claim = "Label smoothing calibrates: ECE 15.0 to 2.4 % (Mueller et al. 2019, CIFAR-100)"
    plain = lab.runs("full", strategy="full")
    smoothed = lab.runs("smoothed", strategy="full", label_smoothing=0.1)
    return [row(claim, ECE, difference(ECE, plain, smoothed))]


def mixup(lab: Lab) -> list[str]:
    claim = "Mixup calibrates: a lower ECE throughout (Thulasidasan et al. 2019)"
    plain = lab.runs("full", strategy="full")
    return [row(claim, ECE, difference(ECE, plain, lab.runs("mixup", strategy="full", mixup=0.2)))]


def sam(lab: Lab) -> list[str]:
    claim = f"SAM withstands {WRONG:.0%} wrong labels: 68.8 to 93.4 % (Foret et al. 2021, table 4)"
    noisy = wrong_labels(lab.pair.data, lab.home / "wrong_labels.csv")
    plain = lab.runs("wrong", noisy, strategy="full")
    flat = lab.runs("wrong-sam", noisy, strategy="full + sam")
    return [row(claim, ACCURACY, difference(ACCURACY, plain, flat))]


def wise_ft(lab: Lab) -> list[str]:
    claim = "WiSE-FT: some point between the ends is above both (Wortsman et al. 2022, figure 1)"
    curves = [between(lab, alpha) for alpha in ALPHAS]
    lines = []
    for figure in (ACCURACY, CORRUPTED):
        values = [
            float(np.mean([run.profile[figure.name].value for run in runs])) for runs in curves
        ]
        best = int(np.argmax(values[1:-1])) + 1
        end = 0 if values[0] > values[-1] else len(ALPHAS) - 1
        curve = ", ".join(f"{a:g}: {v:.1%}" for a, v in zip(ALPHAS, values, strict=True))
        said = f"{figure.title} ({curve}); best between against the better end"
        lines.append(
            row(claim, replace(figure, title=said), difference(figure, curves[end], curves[best]))
        )
    return lines


def between(lab: Lab, alpha: float) -> list[EvaluatedRun]:
    """Return runs whose weights lie between the probed and the fine-tuned network."""
    return [judged(_between(lab, alpha, seed)) for seed in lab.seeds]


def _between(lab: Lab, alpha: float, seed: int) -> finetrust.Run:
    folder = lab.home / f"wise-{alpha:g}-{seed}"
    if not folder.exists():
        start = lab.run(
            "linear-probe", seed, strategy="linear-probe", epochs=20, learning_rate=1e-2
        )
        end = lab.run("lp-ft", seed, strategy="lp-ft")
        network = end.model.network
        states = [run.model.network.state_dict() for run in (start, end)]
        norms = moved_norms(network, *states) if 0 < alpha < 1 else []
        network.load_state_dict(interpolated(*states, alpha))
        recompute_statistics(network, norms, lambda: training_inputs(end))
        shutil.copytree(
            end.path, folder, ignore=shutil.ignore_patterns("trust.json", "model", "test")
        )
        saved.save(end.model, RunFolder(folder).model)
    return finetrust.load(folder, allow_code=lab.pair.model)


def training_inputs(run: finetrust.Run) -> Any:
    """Yield the training inputs of a run in batches."""
    options = DataOptions.of_mapping(run.folder.config)
    train = open_dataset(run.folder.config["data"], options).split("train")
    inference = Inference(run.model.network, "fp32")
    for _, inputs in batched_inputs(inference, train, 0, "statistics"):
        yield inputs.float() / 255 if inputs.dtype == torch.uint8 else inputs


def wrong_labels(table: Path, path: Path) -> Path:
    """Write a table in which some of the labels to train and to choose by are wrong."""
    rng = np.random.default_rng(0)
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    classes = sorted({line["label"] for line in rows})
    for line in rows:
        if line["split"] != "test" and rng.random() < WRONG:
            line["label"] = str(rng.choice([name for name in classes if name != line["label"]]))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(claim: str, figure: Figure, found: Difference | None) -> str:
    assert found is not None, "the figures are those of every classifier"
    return (
        f"| {claim} | {figure.title} | {found.first:.1%} | {found.second:.1%} "
        f"| {found.gain:+.1%} ({found.low:+.1%} to {found.high:+.1%}) |"
    )


if __name__ == "__main__":
    main()
