"""What to do next: each kind of finding in its own file, with the remedy for it."""

from finetrust.report.next_steps.step import NOTHING_FOUND, Gravity, Step, next_steps

__all__ = ["NOTHING_FOUND", "Gravity", "Step", "next_steps"]
