"""The catalogue of text corruptions: what one is, how it registers itself, how it is applied.

Wang et al., "TextFlint: Unified Multilingual Robustness Evaluation Toolkit for NLP", ACL 2021;
Dhole et al., "NL-Augmenter", 2021, arXiv:2112.02721.

A corruption of severity s disturbs a certain share of the words. Whether a word is disturbed, and
how, is drawn for every word whatever the severity, so that a text at a higher severity has all the
disturbances of the lower ones.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from finetrust.core.registry import Registry

SEVERITIES = (1, 2, 3)

Apply = Callable[[str, Random], str]
"""From a word and a source of random numbers to the word disturbed; never to an empty one."""

Value = TypeVar("Value", str, tuple[str, ...])

_SPACE = re.compile(r"(\s+)")


@dataclass(frozen=True)
class TextCorruption:
    """One type of corruption of texts.

    Parameters
    ----------
    name : str
    shares : tuple of three floats
        The share of the words that each severity disturbs.
    apply : callable
        What the decorated function does to a word that is disturbed.
    joins : bool
        Whether half of the disturbances take away the space before the word instead.
    """

    name: str
    shares: tuple[float, float, float]
    apply: Apply
    joins: bool = False

    def __call__(self, value: Value, severity: int, seed: int) -> Value:
        """Return a text corrupted.

        The parts of a tuple (words, or the two texts of a pair) are corrupted one by one and stay
        as many. What comes out depends on the text, the severity and the seed alone.

        Parameters
        ----------
        value : str or tuple of str
        severity : int
            1 (mild) to 3 (severe).
        seed : int
            The same seed gives the same disturbances, also across severities.
        """
        if severity not in SEVERITIES:
            raise ValueError(f"severity {severity} of '{self.name}', expected 1 to 3")
        random = Random(f"{self.name} {seed}")
        share = self.shares[severity - 1]
        if isinstance(value, str):
            return self._text(value, share, random)
        return tuple(self._text(part, share, random) for part in value)

    def _text(self, text: str, share: float, random: Random) -> str:
        parts = _SPACE.split(text)
        for at in range(0, len(parts), 2):
            if not parts[at]:
                continue
            drawn, own = random.random(), Random(random.getrandbits(64))
            if drawn >= share:
                continue
            after_a_word = at > 1 and parts[at - 2] != ""
            if self.joins and after_a_word and own.random() < 0.5:
                parts[at - 1] = ""
            else:
                parts[at] = self.apply(parts[at], own) or parts[at]
        return "".join(parts)


text_corruptions: Registry[TextCorruption] = Registry(
    "text corruption", "finetrust.trust.stability.text_corruptions"
)


def text_corruption(
    name: str, *, shares: tuple[float, float, float], joins: bool = False
) -> Callable[[Apply], Apply]:
    """Register the decorated function as a corruption of texts; see :class:`TextCorruption`."""

    def decorate(apply: Apply) -> Apply:
        text_corruptions.add(name, TextCorruption(name, shares, apply, joins))
        return apply

    return decorate
