"""What a profile says in plain words: pure functions from measures to sentences."""

from finetrust.report.verdicts.verdict import Verdict, verdicts

__all__ = ["Verdict", "verdicts"]
