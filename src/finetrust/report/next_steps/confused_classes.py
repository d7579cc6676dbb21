"""Classes that are never recognised, and pairs that are often confused."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.details import confusions
from finetrust.report.html.confusion import confused_pairs
from finetrust.report.names import plural, subset_kind, subset_value
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import count, percent, sentence_list
from finetrust.report.verdicts.parts import class_parts

FEWEST = 5
OFTEN = 0.2
SHOWN = 3


@finding("confused_classes", order=60)
def confused_classes(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield the classes without a single right answer, and the pairs most often confused."""
    never = [m for m in class_parts(profile) if m.value == 0 and m.n >= FEWEST]
    if never:
        kind = subset_kind(never[0])
        names = sentence_list([f"“{subset_value(m)}”" for m in never])
        yield Step(
            Gravity.GRAVE,
            f"{names}: never recognised, in {count(sum(m.n for m in never))} items.",
            f"Look at the labels and the number of training items of "
            f"{'this' if len(never) == 1 else 'these'} {kind if len(never) == 1 else plural(kind)}; "
            "add some, or tune with `--class-weights balanced`.",
        )
    for measure in confusions(profile)[:1]:
        classes, counts = measure.details["classes"], measure.details["confusion"]
        often = [
            pair
            for pair in confused_pairs(classes, counts, len(classes) ** 2)
            if pair.n >= FEWEST and pair.n / pair.of >= OFTEN
        ]
        often.sort(key=lambda pair: -pair.n / pair.of)
        if often:
            told = [
                f"“{pair.target}” is taken for “{pair.predicted}” in {percent(pair.n / pair.of)}"
                for pair in often[:SHOWN]
            ]
            more = f", and {count(len(often) - SHOWN)} more pairs" if len(often) > SHOWN else ""
            yield Step(
                Gravity.NOTABLE,
                f"{'; '.join(told)}{more}.",
                "Look at such cases: are the labels right, can a person tell them apart? Then add "
                "training items of the two, or make them one class.",
            )
