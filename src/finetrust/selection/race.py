"""The race: candidates are weighed, filtered, and examined on more and more items within the budget."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from finetrust.core.errors import UserError
from finetrust.core.progress import say, track
from finetrust.selection.budget import Budget
from finetrust.selection.candidate import Candidate
from finetrust.selection.entry import Entry
from finetrust.selection.examination import Setting, Weighed, result_key, weigh
from finetrust.selection.filters import Filters
from finetrust.selection.halving import Standing, hopeless, rung_rows, rung_sizes
from finetrust.selection.jobs import Job, Workers, why
from finetrust.selection.order import ordered, qualities

EXTRA_PASSES = 9 * 64 + 400
"""Passes of single inputs for disturbances and depth."""


@dataclass(frozen=True, eq=False)
class Race:
    """How candidates are compared.

    Parameters
    ----------
    setting : Setting
    n_classes : int
    strata : int array (n,)
        Of the training items.
    filters : Filters
    budget : Budget
    workers : Workers
    folder : Path
        Results of examinations lie in it, by all that they depend on.
    """

    setting: Setting
    n_classes: int
    strata: np.ndarray
    filters: Filters
    budget: Budget
    workers: Workers
    folder: Path
    rounds: list[dict[str, Any]] = field(default_factory=list)

    def run(self, candidates: Sequence[Candidate]) -> list[Entry]:
        """Return an entry for each candidate, in order; ``rounds`` then tells what was done.

        Raises
        ------
        UserError
            If none could be examined.
        """
        weighed, out = self._weighed(candidates)
        alive = [c for c in candidates if c.name in weighed]
        entries: dict[str, Entry] = {}
        sizes = rung_sizes(len(self.strata), self.n_classes, len(alive))
        while sizes and alive:
            size = sizes.pop(0)
            done, failed = self._round(alive, weighed, entries, size, whole=not sizes)
            out += failed
            entries.update(done)
            for entry in failed:
                entries.pop(entry.name, None)
            alive = [c for c in alive if c.name in done]
            if sizes and alive:
                alive = self._without_hopeless(alive, entries, size)
                if len(alive) == 1:
                    sizes = sizes[-1:]
        started = {*entries, *(entry.name for entry in out)}
        out += [
            _entry(c, weighed[c.name], "not examined", "the budget ended before its turn")
            for c in candidates
            if c.name not in started
        ]
        if not entries:
            first = next((e for e in out if e.status == "failed"), out[0])
            raise UserError(
                f"none of the {len(candidates)} models could be examined; {first.name}: {first.why}",
                "Give other models, wider limits or a larger budget.",
            )
        return ordered(list(entries.values()), out)

    def _weighed(self, candidates: Sequence[Candidate]) -> tuple[dict[str, Weighed], list[Entry]]:
        weighed: dict[str, Weighed] = {}
        out: list[Entry] = []
        for candidate in track(candidates, "models"):
            if not self.budget.left:
                out.append(_entry(candidate, None, "not examined", "the budget ended first"))
                continue
            try:
                found = weigh(candidate, self.setting)
            except Exception as error:
                out.append(_entry(candidate, None, "failed", why(error)))
            else:
                unfit = self.filters.reason(found)
                if not unfit:
                    weighed[candidate.name] = found
                    continue
                out.append(_entry(candidate, found, "left out", unfit))
            say(
                f"{candidate.name} is {out[-1].status.replace('failed', 'skipped')}: {out[-1].why}."
            )
        return weighed, out

    def _round(
        self,
        alive: Sequence[Candidate],
        weighed: dict[str, Weighed],
        before: dict[str, Entry],
        size: int,
        whole: bool,
    ) -> tuple[dict[str, Entry], list[Entry]]:
        """Examine as many candidates as the budget allows: those done, and those that failed."""
        rows = rung_rows(self.strata, size, self.setting.seed)
        jobs = {c.name: self._job(c, weighed[c.name], rows, whole) for c in alive}
        status = "ranked" if whole else "unfinished"
        done: dict[str, Entry] = {}
        for candidate in alive:
            found = _read(jobs[candidate.name].file)
            if found is not None:
                done[candidate.name] = replace(
                    _entry(candidate, weighed[candidate.name], status),
                    n_items=len(rows),
                    result=found,
                )
        reused = len(done)
        waiting = [c for c in alive if c.name not in done]
        waiting.sort(key=lambda c: _place(c, before, weighed))
        failed: list[Entry] = []
        affordable = self._affordable(waiting, weighed, before, len(rows), whole, bool(done))
        chosen = [jobs[c.name] for c in affordable]
        results = self.workers.run(chosen, self.setting)
        for job, outcome in track(results, f"{len(rows)} items", len(chosen)):
            candidate, known = job.candidate, weighed[job.candidate.name]
            if "failure" in outcome:
                failed.append(_entry(candidate, known, "failed", outcome["failure"]))
                say(f"{candidate.name} is skipped: {outcome['failure']}.")
            else:
                done[candidate.name] = replace(
                    _entry(candidate, known, status), n_items=len(rows), result=outcome["result"]
                )
            if not self.budget.left:
                break
        self.rounds.append(
            {"items": len(rows), "models": len(alive), "examined": len(done), "reused": reused}
        )
        return done, failed

    def _affordable(
        self,
        waiting: Sequence[Candidate],
        weighed: dict[str, Weighed],
        before: dict[str, Entry],
        n: int,
        whole: bool,
        any_done: bool,
    ) -> list[Candidate]:
        """Return those that the rest of the budget suffices for, by the speed seen; one at least."""
        found: list[Candidate] = []
        spent = 0.0
        for candidate in waiting:
            cost = _seconds(weighed[candidate.name], before.get(candidate.name), n, whole)
            fits = (spent + cost) / self.workers.at_a_time <= self.budget.left
            if fits or not (found or any_done or before):
                spent += cost
                found.append(candidate)
        return found

    def _job(self, candidate: Candidate, weighed: Weighed, rows: np.ndarray, whole: bool) -> Job:
        key = result_key(weighed, self.setting, rows, whole)
        return Job(candidate, rows, whole, self.folder / f"{key[:32]}.json")

    def _without_hopeless(
        self, alive: Sequence[Candidate], entries: dict[str, Entry], size: int
    ) -> list[Candidate]:
        """Return the candidates that go on; the entries of the others say what beat them."""
        standings = _standings([entries[c.name] for c in alive])
        beaten = hopeless(standings) if len(standings) == len(alive) else {}
        for name, leader in beaten.items():
            mine, best = standings[name], standings[leader]
            told = (
                f"dropped after {entries[name].n_items:,} items: probe {mine.accuracy:.1%} "
                f"({mine.low:.1%}-{mine.high:.1%}), {leader} {best.accuracy:.1%} "
                f"({best.low:.1%}-{best.high:.1%})"
            )
            entries[name] = replace(entries[name], status="dropped", why=told)
            say(f"{name} is {told}.")
        self.rounds[-1]["dropped"] = len(beaten)
        return [c for c in alive if c.name not in beaten]


def _entry(candidate: Candidate, weighed: Weighed | None, status: Any, why: str = "") -> Entry:
    entry = Entry(candidate.name, dict(candidate.options), status, why)
    if weighed is None:
        return entry
    return replace(
        entry,
        cost=weighed.cost,
        source=weighed.source,
        licence=weighed.licence,
        notes=weighed.notes,
    )


def _read(file: Path) -> dict[str, Any] | None:
    """Return the result that an earlier selection has found; None if there is none that can be read."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))["result"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _standings(entries: Sequence[Entry]) -> dict[str, Standing]:
    """Return how the candidates did whose probe could be judged."""
    quality = qualities(entries)
    return {
        e.name: Standing(
            quality[e.name], *(e.result["accuracy"][key] for key in ("value", "low", "high"))
        )
        for e in entries
        if e.result["accuracy"]["value"] is not None and e.name in quality
    }


def _place(
    candidate: Candidate, before: dict[str, Entry], weighed: dict[str, Weighed]
) -> tuple[float, float]:
    """Return what orders candidates: how well they did before, then how quick they are."""
    known = before.get(candidate.name)
    accuracy = known.figure("accuracy") if known else None
    return -(accuracy or 0.0), float(weighed[candidate.name].cost["latency_ms"])


def _seconds(weighed: Weighed, before: Entry | None, n: int, whole: bool) -> float:
    """Return how long an examination will take about, by an earlier one or the time of a pass."""
    each = float(weighed.cost["latency_ms"]) / 1e3
    fixed, seen = 1.0, 0
    if before is not None:
        laps = before.result["seconds"]
        seen = before.n_items
        each = laps["features"] / seen
        fixed = laps["loading"] + (laps["scores"] + laps["probe"]) * n / seen
    return fixed + each * (n - seen + (EXTRA_PASSES if whole else 0))
