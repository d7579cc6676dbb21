"""Stopping a trial by its learning curve: Optuna's percentile rule, among trials of the same kind."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from finetrust.tuning.search.optuna_library import optuna_library

Curve = Mapping[int, float]
"""A validation figure (higher is better) by step; steps of all epochs in their order."""

FEWEST_PEERS = 4
"""Finished trials of the same kind without which none is stopped."""

EARLIEST = 0.25
"""Share of a peer's epochs before which no trial is judged: a warm-up says little."""

KEPT_OF_ONE, KEPT_OF_SEVERAL = 50.0, 75.0
"""The share, in percent, that goes on. With one objective the median rule (Golovin et al. 2017, "Google
Vizier", section 3.2.2). With several a trial that is behind in accuracy may still be ahead in another: only
the worst quarter is stopped."""

_PHASE = 10_000


def curve_of(log: Iterable[Mapping[str, Any]], figure: str) -> dict[int, float]:
    """Return the learning curve in the log of a run.

    Parameters
    ----------
    log : iterable of mapping
        Lines with ``event``, ``phase`` and ``epoch``; an epoch that is there twice counts as it was last.
    figure : str
        Key of the figure, e.g. ``"val_accuracy"``; lines without it are left out.

    Returns
    -------
    dict of int to float
        By step: epochs counted within their phase, and phases in the order in which they appear.
    """
    phases: dict[str, int] = {}
    curve: dict[int, float] = {}
    for line in log:
        if line.get("event") == "epoch" and figure in line:
            phase = phases.setdefault(str(line["phase"]), len(phases))
            curve[phase * _PHASE + int(line["epoch"])] = float(line[figure])
    return curve


def is_behind(curve: Curve, peers: Sequence[Curve], kept: float) -> bool:
    """Return whether a trial is to be stopped by what its curve shows so far.

    It is, if its best figure so far is below those of the `kept` percent best peers at the same step:
    Optuna's ``PercentilePruner`` (the median rule at 50). It knows studies of one objective only, so
    the curves are put to it in a study of their own.

    Parameters
    ----------
    curve : mapping of int to float
        Of the trial, up to now.
    peers : sequence of mapping of int to float
        Of finished trials whose steps mean the same: same strategy, same number of epochs.
    kept : float
        Percent of the peers whose company allows it to go on.
    """
    if len(curve) < max([1, *(EARLIEST * len(peer) for peer in peers)]):
        return False
    optuna = optuna_library()
    pruner = optuna.pruners.PercentilePruner(
        kept, n_startup_trials=FEWEST_PEERS, n_min_trials=FEWEST_PEERS
    )
    study = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(), direction="maximize", pruner=pruner
    )
    for peer in peers:
        study.add_trial(optuna.trial.create_trial(value=0.0, intermediate_values=dict(peer)))
    running = optuna.trial.create_trial(
        state=optuna.trial.TrialState.RUNNING, intermediate_values=dict(curve)
    )
    return pruner.prune(study, running)
