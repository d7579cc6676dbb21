"""Strips of texts: untouched, and with typos (or what else was tried)."""

from collections.abc import Sequence
from typing import Any

from finetrust.trust.stability.strips.cases import Case, Tables, chosen_cases, severities_of
from finetrust.trust.stability.strips.strip import Maker, Panel, answers_of, strips
from finetrust.trust.stability.text_corruptions.catalogue import text_corruptions
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.item_seeds import item_seeds

USUAL = "typos"
BETWEEN = " \N{EM DASH} "


def text_cases(bench: Bench, tables: Tables) -> list[Case]:
    """Return the items to show; those that typos flip are sought first."""
    known = severities_of(tables)
    names = [USUAL] if USUAL in known else list(known)[:1]
    steps = {
        step: table
        for step, table in tables.get("corruptions", {}).items()
        if step.rpartition("-")[0] in names
    }
    return chosen_cases(bench, tables, steps, names)


def text_panels(bench: Bench, tables: Tables, cases: Sequence[Case]) -> list[list[Panel]]:
    """Return the text and its severest corruption, or the mildest that flips the answer."""
    return [_panels(bench, tables, case) for case in cases]


def _panels(bench: Bench, tables: Tables, case: Case) -> list[Panel]:
    name, text = bench.dataset.ids[case.row], bench.dataset.inputs[case.row]
    clean = answers_of(bench.clean, bench.calibration, [name])[0]
    panels = [Panel("untouched", _whole(text), clean)]
    if not case.corruption:
        return panels
    severities = severities_of(tables)[case.corruption]
    flips = sorted(int(step.rpartition("-")[2]) for step in case.flips)
    severity = flips[0] if flips else severities[-1]
    seed = int(item_seeds([name], bench.seed)[0])
    corrupted = text_corruptions.get(case.corruption)(text, severity, seed)
    table = tables["corruptions"][f"{case.corruption}-{severity}"]
    answer = answers_of(table, bench.calibration, [name])[0]
    facts = {"type": case.corruption, "severity": severity, "of": severities[-1]}
    return [*panels, Panel("corruption", _whole(corrupted), answer, facts)]


def _whole(text: Any) -> str:
    return text if isinstance(text, str) else BETWEEN.join(text)


strips.add("text", Maker(text_cases, text_panels))
