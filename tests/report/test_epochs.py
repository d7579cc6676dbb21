"""Epochs of the log, by phase, and which one was kept."""

from finetrust.report.epochs import epochs_by_phase, kept_epoch, metric_keys


def event(phase: str, epoch: int, accuracy: float | None = None, loss: float = 1.0) -> dict:
    found = {"event": "epoch", "phase": phase, "epoch": epoch, "train_loss": loss}
    return found if accuracy is None else {**found, "val_loss": loss, "val_accuracy": accuracy}


def test_epochs_are_counted_over_all_phases() -> None:
    log = [event("head", 1), event("head", 2), event("full", 1), {"event": "other"}]
    phases = epochs_by_phase(log)
    assert [(p.name, p.start, len(p.events)) for p in phases] == [("head", 0, 2), ("full", 2, 1)]
    assert phases[1].points("train_loss") == [(3.0, 1.0)]


def test_two_phases_of_the_same_name_are_two() -> None:
    log = [event("a", 1), event("a", 2), event("a", 1)]
    assert [len(phase.events) for phase in epochs_by_phase(log)] == [2, 1]


def test_the_best_metric_is_kept_then_the_lowest_loss_then_the_first() -> None:
    log = [event("a", 1, 0.9, 0.5), event("a", 2, 0.9, 0.4), event("a", 3, 0.9, 0.4)]
    assert kept_epoch(epochs_by_phase(log))[1] == 1


def test_a_phase_that_only_made_things_worse_is_not_kept() -> None:
    log = [event("a", 1, 0.8), event("a", 2, 0.9), event("b", 1, 0.85)]
    phase, position = kept_epoch(epochs_by_phase(log))
    assert (phase.name, position) == ("a", 1)


def test_without_validation_the_last_epoch_is_kept() -> None:
    phase, position = kept_epoch(epochs_by_phase([event("a", 1), event("a", 2), event("b", 1)]))
    assert (phase.name, position) == ("b", 0)


def test_an_empty_log_has_no_phases() -> None:
    assert epochs_by_phase([]) == []
    assert metric_keys([]) == []
