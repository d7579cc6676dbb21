"""Does the recipe make models more trustworthy than what most scripts do? Measured on real data.

    python benchmarks/trust_gain.py --shared ../shared/data --out runs/trust_gain [--write docs/results.md]

Every pair of a pretrained model and data (``trust_pairs.py``) is fine-tuned by both recipes with each
seed, for as many epochs, and judged on the same test items: accuracy; accuracy under corruptions that no
augmentation makes; calibration error after calibration, which both get; area under the risk-coverage
curve; unfamiliar inputs; attacks; the insertion area of the same explanation. What is finished is not done
again. With ``--write`` the table takes the place of the one in the file.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marked_text import replace_marked
from paired_seeds import Difference, Figure, corrected, difference
from trust_pairs import PAIRS, Pair

import finetrust
from finetrust.api.evaluated_run import EvaluatedRun

CORRUPTIONS = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
)
"""The 15 of Hendrycks & Dietterich 2019 (ImageNet-C), none of which an augmentation here makes."""
FIGURES = (
    Figure("accuracy", "accuracy"),
    Figure("accuracy under corruption", "corruption_accuracy"),
    Figure("ECE after calibration", "ece", better=-1),
    Figure("AURC", "aurc", better=-1),
    Figure("AUROC of unfamiliar inputs (energy)", "ood_auroc_near"),
    Figure("accuracy under attack (0.5/255)", "robust_accuracy", "linf=0.5/255"),
    Figure("insertion area", "insertion_auc"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--pairs", nargs="+", default=list(PAIRS), help="names, or NAME:SEEDS for fewer"
    )
    parser.add_argument("--recipes", nargs=2, default=["naive", "default"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--write", type=Path, help="Markdown file whose table is made anew")
    options = parser.parse_args()
    lines = []
    for asked in options.pairs:
        name, _, most = asked.partition(":")
        seeds = options.seeds[: int(most or len(options.seeds))]
        pair = PAIRS[name](options.shared.resolve(), options.out.resolve())
        runs = [
            [
                judged(trained(pair, options.out / name, recipe, seed), pair)
                for recipe in options.recipes
            ]
            for seed in seeds
        ]
        lines += rows(pair, *zip(*runs, strict=True))
    text = "\n".join([*header(options.recipes), *lines])
    print(text)
    if options.write is not None:
        replace_marked(options.write, "trust_gain", text)


def trained(pair: Pair, home: Path, recipe: str, seed: int, **given: Any) -> finetrust.Run:
    """Return the run of a recipe, trained if it is not there yet."""
    return finetrust.tune(
        pair.model,
        pair.data,
        out=str(home / f"{recipe}-{seed}"),
        recipe=recipe,
        seed=seed,
        resume=True,
        quiet=True,
        **{**pair.given, **given},
    )


def judged(run: finetrust.Run, pair: Pair) -> EvaluatedRun:
    """Return a run after its evaluation; all are judged on the same items, with one seed."""
    if not run.folder.profile_file.exists():
        texts = pair.model.startswith("transformers:")
        of_images = {
            "trials": ("corruptions", "ood", "adversarial", "explanations"),
            "attributions": ("grad_cam",),
            "corruptions": CORRUPTIONS,
            "severities": (2, 4),
        }
        of_texts = {
            "trials": ("corruptions", "ood", "word_explanations"),
            "attributions": ("integrated_gradients",),
        }
        run.evaluate(
            quiet=True,
            pictures=0,
            **(of_texts if texts else of_images),
            **pair.judged,
        )
    return EvaluatedRun.open(run)


def rows(pair: Pair, first: Sequence[EvaluatedRun], second: Sequence[EvaluatedRun]) -> list[str]:
    """Return the lines of the table for a pair; Holm's correction is over its figures."""
    known = [(figure, difference(figure, first, second)) for figure in FIGURES]
    tested = [(figure, found) for figure, found in known if found is not None]
    found = corrected([one for _, one in tested])
    lines = [
        f"| {f'{pair.title} ({one.seeds} seeds)' if k == 0 else ''} | {row(figure, one)} |"
        for k, ((figure, _), one) in enumerate(zip(tested, found, strict=True))
    ]
    better, worse = (sum(one.verdict == word for one in found) for word in ("better", "worse"))
    return [*lines, f"| | **better on {better}, worse on {worse} of {len(found)}** | | | | | | |"]


def row(figure: Figure, found: Difference) -> str:
    gain = f"{found.gain:+.1%} ({found.low:+.1%} to {found.high:+.1%})"
    return (
        f"{figure.title} | {found.first:.1%} | {found.second:.1%} | {gain} "
        f"| {found.adjusted:.2g} | {found.n} | {found.verdict}"
    )


def header(recipes: Sequence[str]) -> list[str]:
    names = " | ".join(recipes)
    return [
        f"| model and data | figure | {names} | gain (95 % interval) | p (Holm) | n | {recipes[1]} is |",
        "|---|---|---|---|---|---|---|---|",
    ]


if __name__ == "__main__":
    main()
