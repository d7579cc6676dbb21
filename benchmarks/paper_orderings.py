"""Do the orderings that papers report hold on our data? Each figure beside the paper's claim.

    python benchmarks/paper_orderings.py --shared ../shared/data --out runs/orderings [--write FILE.md]

LP-FT against full fine-tuning out of distribution (Kumar et al. 2022), the curve of WiSE-FT (Wortsman et al.
2022), label smoothing (Mueller et al. 2019) and mixup (Thulasidasan et al. 2019) on calibration, SAM under
wrong labels (Foret et al. 2021). Two ways to train have the same data, rates, batches and epochs, no
augmentation and no validation data: the last epoch counts, as in most of the papers. Both are judged on the
same test items, with every seed. What is finished is not done again. With ``--write`` the table takes the
place of the one in the file.
"""

import argparse
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from marked_text import replace_marked
from paired_seeds import Figure, difference
from paper_orderings_data import (
    EQUALISED,
    FAMILIAR,
    OTHER,
    UNTOUCHED,
    WRONG,
    domains,
    insects,
    scratch,
    styles,
    wrong_labels,
)
from trust_pairs import Pair

import finetrust
from finetrust.api.evaluated_run import EvaluatedRun
from finetrust.core.run_folder import RunFolder
from finetrust.models import saved
from finetrust.models.weight_average import interpolated

CORRUPTIONS = ("gaussian_noise", "defocus_blur", "frost", "jpeg_compression", "pixelate")
"""Of every family of Hendrycks & Dietterich 2019; nothing is augmented."""
COMMON = {"layer_decay": 1.0, "augment": "none", "val_fraction": 0.0, "calibration": "none"}
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
ADVISED = 0.5
"""Where nothing is known of the inputs to come (Wortsman et al. 2022, section 4)."""
ACCURACY = Figure("accuracy", "accuracy")
CORRUPTED = Figure("accuracy under corruption", "corruption_accuracy")
ON_FAMILIAR = Figure(f"accuracy on {FAMILIAR}", "accuracy", f"shift={FAMILIAR}")
ON_OTHER = Figure(f"accuracy on {OTHER}", "accuracy", f"shift={OTHER}")
ON_EQUALISED = Figure(f"accuracy on {EQUALISED}", "accuracy", f"shift={EQUALISED}")
ON_UNTOUCHED = Figure(f"accuracy on {UNTOUCHED}", "accuracy", f"shift={UNTOUCHED}")
ECE = Figure("ECE, nothing calibrated", "ece", better=-1)
DISTURBED = {
    "trials": ("corruptions",),
    "corruptions": CORRUPTIONS,
    "severities": (2, 4),
    "trial_items": 300,
}
SHIFTED = {
    "insects": (insects, DISTURBED, (ACCURACY, CORRUPTED)),
    "domains": (domains, {}, (ON_FAMILIAR, ON_OTHER)),
    "styles": (styles, {}, (ON_EQUALISED, ON_UNTOUCHED)),
}
"""Pairs of which the test has a shift: how they are judged, a figure in distribution and one out of it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=list(CLAIMS), default=list(CLAIMS))
    parser.add_argument(
        "--shifted",
        nargs="+",
        choices=list(SHIFTED),
        default=list(SHIFTED),
        help="pairs with a shift",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--write", type=Path, help="Markdown file whose table is made anew")
    options = parser.parse_args()
    lab = Lab(options.shared.resolve(), options.out.resolve(), options.seeds, options.shifted)
    lines = [
        "| claim of the paper | model and data | figure | without | with | gain (95 % interval) | n |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in options.only:
        lines += CLAIMS[name](lab)
        print(*lines[-2:], sep="\n", flush=True)
    text = "\n".join(lines)
    print(text)
    if options.write is not None:
        replace_marked(options.write, "paper_orderings", text)


class Lab:
    """Trains and judges what the orderings are made of, once."""

    def __init__(
        self, shared: Path, home: Path, seeds: Sequence[int], shifted: Sequence[str]
    ) -> None:
        self.shared, self.home, self.seeds, self.shifted = shared, home, seeds, shifted

    def runs(self, name: str, pair: Pair, **options: Any) -> list[EvaluatedRun]:
        """Return the evaluated runs of all seeds."""
        return [judged(self.run(name, pair, seed, **options), pair) for seed in self.seeds]

    def run(self, name: str, pair: Pair, seed: int, **options: Any) -> finetrust.Run:
        """Return a run, trained if it is not there yet."""
        return finetrust.tune(
            pair.model,
            pair.data,
            out=str(self.home / f"{name}-{seed}"),
            seed=seed,
            resume=True,
            quiet=True,
            **{**COMMON, **pair.given, **options},
        )


def judged(run: finetrust.Run, pair: Pair) -> EvaluatedRun:
    """Return a run after its evaluation on all test items."""
    if not run.folder.profile_file.exists():
        run.evaluate(quiet=True, pictures=0, **{"trials": (), **pair.judged})
    return EvaluatedRun.open(run)


def label_smoothing(lab: Lab) -> list[str]:
    claim = "Label smoothing calibrates (Mueller et al. 2019)"
    pair = scratch(lab.shared, lab.home)
    plain = lab.runs("plain", pair)
    smoothed = lab.runs("smoothed", pair, label_smoothing=0.1)
    return rows(claim, pair, (ECE, ACCURACY), plain, smoothed)


def mixup(lab: Lab) -> list[str]:
    claim = "Mixup calibrates (Thulasidasan et al. 2019)"
    pair = scratch(lab.shared, lab.home)
    plain, mixed = lab.runs("plain", pair), lab.runs("mixup", pair, mixup=0.4)
    return rows(claim, pair, (ECE, ACCURACY), plain, mixed)


def sam(lab: Lab) -> list[str]:
    claim = f"SAM withstands wrong labels (Foret et al. 2021); here {WRONG:.0%} of them"
    pair = wrong_labels(scratch(lab.shared, lab.home))
    plain = lab.runs("wrong", pair)
    flat = lab.runs("wrong-sam", pair, strategy="full + sam(rho=0.2)")
    return rows(claim, pair, (ACCURACY,), plain, flat)


def lp_ft(lab: Lab) -> list[str]:
    claim = "LP-FT over full fine-tuning: +1 point in, +10 out of distribution (Kumar et al. 2022)"
    lines = []
    for name, pair, figures in shifted(lab):
        plain = lab.runs(f"{name}-full", pair, strategy="full")
        probed = lab.runs(f"{name}-lp-ft", pair, strategy="lp-ft")
        lines += rows(claim, pair, figures, plain, probed)
    return lines


def wise_ft(lab: Lab) -> list[str]:
    claim = (
        "WiSE-FT: +1.6 points in, +4 to 6 out of distribution over fine-tuning on ImageNet, and between "
        "the ends better than both (Wortsman et al. 2022)"
    )
    lines = []
    for name, pair, figures in shifted(lab):
        curve = {
            alpha: [between(lab, name, pair, alpha, seed) for seed in lab.seeds] for alpha in ALPHAS
        }
        for figure in figures:
            means = {alpha: mean(figure, runs) for alpha, runs in curve.items()}
            shape = ", ".join(f"{alpha:g}: {value:.1%}" for alpha, value in means.items())
            for end, called in ((1.0, "the fine-tuned end"), (0.0, "the other end")):
                told = f"{figure.title}, {ADVISED:g} against {called} ({shape})"
                told_of = (replace(figure, title=told),)
                lines += rows(claim, pair, told_of, curve[end], curve[ADVISED])
    return lines


def shifted(lab: Lab) -> list[tuple[str, Pair, tuple[Figure, Figure]]]:
    """Return the pairs that are asked for, each with a figure in distribution and one out of it."""
    found = []
    for name in lab.shifted:
        make, judged_by, figures = SHIFTED[name]
        found.append((name, replace(make(lab.shared, lab.home), judged=judged_by), figures))
    return found


def between(lab: Lab, name: str, pair: Pair, alpha: float, seed: int) -> EvaluatedRun:
    """Return a run whose weights lie between the probed (0) and the fine-tuned network (1)."""
    end = lab.run(f"{name}-lp-ft", pair, seed, strategy="lp-ft")
    if alpha == 1:
        return judged(end, pair)
    # The first phase of LP-FT with this seed, bit for bit.
    start = lab.run(f"{name}-probe", pair, seed, strategy="linear-probe", **PROBE)
    if alpha == 0:
        return judged(start, pair)
    folder = lab.home / f"{name}-wise-{alpha:g}-{seed}"
    if not folder.exists():
        states = [run.model.network.state_dict() for run in (start, end)]
        end.model.network.load_state_dict(interpolated(*states, alpha))
        shutil.copytree(
            end.path, folder, ignore=shutil.ignore_patterns("trust.json", "model", "predictions")
        )
        saved.save(end.model, RunFolder(folder).model)
    return judged(finetrust.load(folder, allow_code=pair.model), pair)


PROBE = {"epochs": None, "learning_rate": None, "backbone_learning_rate": None, "layer_decay": None}
"""LP-FT's probe has rates and epochs of its own."""


def mean(figure: Figure, runs: Sequence[EvaluatedRun]) -> float:
    key = f"{figure.name}[{figure.subset}]" if figure.subset else figure.name
    return float(np.mean([run.profile[key].value for run in runs]))


def rows(
    claim: str,
    pair: Pair,
    figures: Sequence[Figure],
    first: Sequence[EvaluatedRun],
    second: Sequence[EvaluatedRun],
) -> list[str]:
    """Return the lines of the table for two ways to train."""
    lines = []
    for figure in figures:
        found = difference(figure, first, second)
        assert found is not None, "the figures are those of every classifier"
        lines.append(
            f"| {claim} | {pair.title} (seeds: {found.seeds}) | {figure.title} "
            f"| {found.first:.1%} | {found.second:.1%} "
            f"| {found.gain:+.1%} ({found.low:+.1%} to {found.high:+.1%}) | {found.n} |"
        )
    return lines


CLAIMS: dict[str, Callable[[Lab], list[str]]] = {
    "label-smoothing": label_smoothing,
    "mixup": mixup,
    "sam": sam,
    "lp-ft": lp_ft,
    "wise-ft": wise_ft,
}

if __name__ == "__main__":
    main()
