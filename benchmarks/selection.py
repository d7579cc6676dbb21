"""Which pretrained model is best on given data, and do the scores of ``finetrust select`` foretell it?

    python benchmarks/selection.py --shared ../shared/data --out runs/selection [--write docs/results.md] \
        [--calibrate src/finetrust/selection/ensemble_weights.json]

Every candidate (``selection_candidates.py``) is scored on the training items of every target
(``selection_sets.py``) as ``finetrust select`` does, and fine-tuned on them with each seed. By Kendall's
weighted tau each score is judged on how it orders the candidates; beside the scores stand orders that know
nothing of the data. The ensemble is judged on each target with weights that were calibrated on all others.
What is finished is not done again. With ``--write`` the tables take the place of those in the file; with
``--calibrate`` the weights of all targets are written, which ``finetrust select`` takes.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from marked_text import replace_marked
from selection_candidates import CANDIDATES, source_accuracy
from selection_figures import Interval, Judged, Order, Taus, by_a_seed, fixed_order, gain, taus_of
from selection_runs import fine_tuned, scored
from selection_sets import TARGETS

from finetrust.core.atomic import write_json
from finetrust.selection.ensemble import calibrate, ensemble, equal_weights
from finetrust.selection.order import PROBES, values_of
from finetrust.selection.score import scores

NAMES = (*scores.names(), *PROBES)
AT_SOURCE, PARAMETERS = "accuracy at the source", "number of parameters"
ELSEWHERE = "fixed order, of the other sets"
IN_HINDSIGHT = "fixed order, in hindsight"
WITHOUT_DATA = (AT_SOURCE, PARAMETERS, ELSEWHERE, IN_HINDSIGHT)
ENSEMBLE = "ensemble, calibrated on the other sets"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--models", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--write", type=Path, help="Markdown file whose tables are made anew")
    parser.add_argument("--calibrate", type=Path, help="JSON file that gets the ensemble's weights")
    options = parser.parse_args()
    judged, orders = collected(options)
    taus = {order.title: taus_of(order, judged) for order in orders}
    text = "\n\n".join(
        [
            truth_table(judged, len(options.seeds)),
            tau_table(taus, judged),
            f"{ceiling(judged)}\n{verdicts(taus)}",
        ]
    )
    print(text)
    if options.write is not None:
        replace_marked(options.write, "selection", text)
    if options.calibrate is not None:
        write_json(options.calibrate, calibrated(judged, len(options.seeds)))


def collected(options: argparse.Namespace) -> tuple[list[Judged], list[Order]]:
    """Return what is known of every target, and all orders of the candidates."""
    shared, home = options.shared.resolve(), options.out.resolve()
    judged, parameters = [], {}
    for target_name in options.targets:
        target = TARGETS[target_name](shared, home / "data")
        entries = scored(target, options.models, shared, home)
        right = {
            name: np.stack(
                [fine_tuned(target, name, seed, shared, home).right for seed in options.seeds]
            )
            for name in options.models
        }
        values = {name: values_of(entry) for name, entry in entries.items()}
        judged.append(Judged(target.title, values, right))
        parameters = {name: float(entry.cost["parameters"]) for name, entry in entries.items()}
    known = {name: source_accuracy(name, home / "candidates") for name in options.models}
    at_source = {name: value for name, value in known.items() if value is not None}
    return judged, [
        *(Order(title_of(name), by_score(judged, name)) for name in NAMES),
        Order(AT_SOURCE, [at_source] * len(judged)),
        Order(PARAMETERS, [parameters] * len(judged)),
        Order(ELSEWHERE, [fixed_order(others(judged, one)) for one in judged]),
        Order(IN_HINDSIGHT, [fixed_order(judged)] * len(judged)),
        Order("all scores alike", [ensemble(one.values, equal_weights(NAMES)) for one in judged]),
        Order(ENSEMBLE, [held_out(judged, one) for one in judged]),
    ]


def held_out(judged: Sequence[Judged], one: Judged) -> dict[str, float]:
    """Return what an ensemble says of a target that was calibrated on all others."""
    return ensemble(one.values, calibrate([other.outcome for other in others(judged, one)], NAMES))


def others(judged: Sequence[Judged], one: Judged) -> list[Judged]:
    return [other for other in judged if other is not one]


def by_score(judged: Sequence[Judged], name: str) -> list[dict[str, float]]:
    """Return candidate -> value of a score, of each target."""
    return [{n: own[name] for n, own in one.values.items() if name in own} for one in judged]


def title_of(name: str) -> str:
    return PROBES.get(name) or scores.get(name).title


def calibrated(judged: Sequence[Judged], seeds: int) -> dict[str, Any]:
    """Return the weights of all targets and where they come from."""
    return {
        "weights": calibrate([one.outcome for one in judged], NAMES),
        "data_sets": [one.title for one in judged],
        "candidates": len(judged[0].right),
        "fine_tunings": len(judged) * len(judged[0].right) * seeds,
        "made_by": "benchmarks/selection.py --calibrate",
    }


def truth_table(judged: Sequence[Judged], seeds: int) -> str:
    """Return what every candidate came to, the best of each target in bold."""
    lines = [
        f"Test accuracy after full fine-tuning ({seeds} {'seed' if seeds == 1 else 'seeds'}):\n",
        f"| candidate | {' | '.join(f'{one.title} (n {one.n})' for one in judged)} |",
        f"|---|{'---|' * len(judged)}",
    ]
    for name in judged[0].right:
        cells = [f"{one.accuracy[name]:.1%}" for one in judged]
        marked = [
            f"**{cell}**" if one.best == name else cell
            for cell, one in zip(cells, judged, strict=True)
        ]
        lines.append(f"| {CANDIDATES[name].title} | {' | '.join(marked)} |")
    return "\n".join(lines)


def tau_table(taus: Mapping[str, Taus], judged: Sequence[Judged]) -> str:
    """Return the weighted taus of all orders."""
    titles = " | ".join(one.title for one in judged)
    lines = [
        "Kendall's weighted tau with 95 % intervals:\n",
        f"| order by | {titles} | mean | least | models | lost |",
        f"|---|{'---|' * len(judged)}---|---|---|---|",
    ]
    for title, found in taus.items():
        cells = " | ".join(written(one) for one in found.each)
        lines.append(
            f"| {title} | {cells} | **{written(found.mean)}** | {found.values.min():.2f} "
            f"| {found.candidates} | {found.lost:.1%} |"
        )
    return "\n".join(lines)


def ceiling(judged: Sequence[Judged]) -> str:
    """Return how well a whole fine-tuning of every candidate orders them for the other seeds."""
    taus = by_a_seed(judged)
    each = ", ".join(f"{one.title} {tau:.2f}" for one, tau in zip(judged, taus, strict=True))
    return f"- By a whole fine-tuning with one seed, judged on the others: {np.mean(taus):.2f} ({each})."


def verdicts(taus: Mapping[str, Taus]) -> str:
    """Return the ensemble against LogME, and every order against the best that knows no data."""
    ours, logme = taus[ENSEMBLE], taus[title_of("logme")]
    lines = [
        f"- Ensemble against LogME: {written(gain(ours, logme), '+')} in the mean; its least tau on a "
        f"set is {ours.values.min():.2f}.",
        f"- Ensemble against the probe: {written(gain(ours, taus[PROBES['probe']]), '+')}.",
    ]
    for fixed in (ELSEWHERE, IN_HINDSIGHT):
        gains = {
            title: gain(found, taus[fixed])
            for title, found in taus.items()
            if found.candidates == ours.candidates and title not in WITHOUT_DATA
        }
        above = [title for title, found in gains.items() if found.value > 0]
        surely = [
            f"{title} {written(gains[title], '+')}" for title in above if gains[title].low > 0
        ]
        lines.append(
            f"- Above the {fixed}: {len(above)} of {len(gains)} orders by data in the mean; "
            f"with an interval above 0: {'; '.join(surely) or 'none'}."
        )
    return "\n".join(lines)


def written(found: Interval, sign: str = "") -> str:
    return f"{found.value:{sign}.2f} ({found.low:{sign}.2f} to {found.high:{sign}.2f})"


if __name__ == "__main__":
    main()
