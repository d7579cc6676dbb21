"""Epochs as the log tells them: grouped by phase, with the one whose weights were kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NO_METRIC = ("val_loss",)


@dataclass(frozen=True)
class PhaseEpochs:
    """The epochs of one phase.

    Parameters
    ----------
    name : str
    start : int
        How many epochs were run in the phases before.
    events : sequence of mapping
        ``epoch``, ``train_loss``, ``val_loss``, ``val_accuracy``, ``learning_rate``, ``seconds``.
    """

    name: str
    start: int
    events: Sequence[Mapping[str, Any]]

    def points(self, key: str) -> list[tuple[float, float]]:
        """Return (epoch counted over all phases, value) wherever the event has `key`."""
        return [
            (float(self.start + number), float(event[key]))
            for number, event in enumerate(self.events, start=1)
            if event.get(key) is not None
        ]


def epochs_by_phase(log: Sequence[Mapping[str, Any]]) -> list[PhaseEpochs]:
    """Return the epochs of a log, phase by phase; two phases in a row may have the same name."""
    groups: list[list[Mapping[str, Any]]] = []
    for event in (event for event in log if event.get("event") == "epoch"):
        last = groups[-1][-1] if groups else None
        new_phase = last is None or last.get("phase") != event.get("phase")
        if new_phase or event.get("epoch", 0) <= last.get("epoch", 0):  # type: ignore[union-attr]
            groups.append([])
        groups[-1].append(event)
    starts = [sum(len(group) for group in groups[:position]) for position in range(len(groups))]
    return [
        PhaseEpochs(str(group[0].get("phase", "")), start, tuple(group))
        for start, group in zip(starts, groups, strict=True)
    ]


def kept_epoch(phases: Sequence[PhaseEpochs]) -> tuple[PhaseEpochs, int]:
    """Return the phase, and the position in it, of the epoch whose weights were kept in the end.

    The best metric of all phases, then the lowest loss, then the first; without validation the last.
    """
    every = [(phase, position) for phase in phases for position in range(len(phase.events))]
    metrics = metric_keys([event for phase in phases for event in phase.events])
    if not metrics:
        return every[-1]

    def rank(place: tuple[PhaseEpochs, int]) -> tuple[float, float]:
        event = place[0].events[place[1]]
        return event.get(metrics[0], 0.0), -event.get("val_loss", 0.0)

    return max(every, key=rank)


def metric_keys(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the validation figures beside the loss, in the order in which they were logged."""
    keys = [key for event in events for key in event if key.startswith("val_")]
    return [key for key in dict.fromkeys(keys) if key not in NO_METRIC]
