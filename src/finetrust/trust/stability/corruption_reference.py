"""The model whose corruption errors are 100 % in mCE: AlexNet on ImageNet, or a run that is named.

Hendrycks & Dietterich 2019, section 4.1, with the errors of AlexNet on ImageNet-C that the authors
publish (github.com/hendrycks/robustness), each the mean over five severities.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.trust.stability.corruptions.catalogue import SEVERITIES

ALEXNET_CLEAN = 0.43478
"""Top-1 error of torchvision's AlexNet on the validation set of ImageNet, with which the errors below
were measured."""

ALEXNET = {
    "gaussian_noise": 0.886428,
    "shot_noise": 0.894468,
    "impulse_noise": 0.922640,
    "defocus_blur": 0.819880,
    "glass_blur": 0.826268,
    "motion_blur": 0.785948,
    "zoom_blur": 0.798360,
    "snow": 0.866816,
    "frost": 0.826572,
    "fog": 0.819324,
    "brightness": 0.564592,
    "contrast": 0.853204,
    "elastic_transform": 0.646056,
    "pixelate": 0.717840,
    "jpeg_compression": 0.606500,
}

IMAGENET_CLASSES = 1000
_FIRST_CLASSES = ("tench", "n01440764")


@dataclass(frozen=True)
class CorruptionReference:
    """Errors of a reference model.

    Parameters
    ----------
    name : str
    clean : float
        On untouched items.
    errors : mapping of str to float
        The mean over the severities of each type.
    severities : mapping of str to tuple of int
        Which severities those are.
    """

    name: str
    clean: float
    errors: Mapping[str, float]
    severities: Mapping[str, tuple[int, ...]]

    def check(self, severities: Mapping[str, tuple[int, ...]]) -> None:
        """Raise NotApplicable unless the same types were run on the reference at the same severities."""
        if dict(self.severities) != dict(severities):
            odd = sorted(
                name
                for name in {*self.severities, *severities}
                if self.severities.get(name) != severities.get(name)
            )
            raise NotApplicable(
                f"{self.name} has errors for other types or severities of corruption "
                f"({len(odd)} differ, {odd[0]} for instance)"
            )

    def error(self, name: str) -> float:
        """Return the error under a type.

        Raises
        ------
        NotApplicable
            If it is 0, by which nothing can be divided.
        """
        if self.errors[name] <= 0:
            raise NotApplicable(f"{self.name} makes no error under {name} to be compared with")
        return self.errors[name]

    def rise(self, name: str) -> float:
        """Return by how much the error under a type is above that on untouched items.

        Raises
        ------
        NotApplicable
            If it is not above it.
        """
        rise = self.errors[name] - self.clean
        if rise <= 0:
            raise NotApplicable(
                f"{self.name} loses nothing under {name} that a loss could be compared with"
            )
        return rise


def reference_of(evidence: Evidence) -> CorruptionReference:
    """Return the run that the user named, or AlexNet where its published errors are meant for the data.

    The former stands in ``evidence.data["corruption_reference"]``: its ``name`` and the heat map of
    the measure ``corruption_error``.

    Raises
    ------
    NotApplicable
        If neither is there.
    """
    named = evidence.data.get("corruption_reference")
    if named is not None:
        return _of_heat_map(named)
    if not _is_imagenet(evidence.classes):
        raise NotApplicable(
            "mCE is relative to another model: the published one is of ImageNet's 1,000 classes, and "
            "no evaluated run was named (--corruption-reference RUN); see corruption_error"
        )
    everywhere = dict.fromkeys(ALEXNET, SEVERITIES)
    return CorruptionReference("AlexNet", ALEXNET_CLEAN, ALEXNET, everywhere)


def _is_imagenet(classes: tuple[str, ...]) -> bool:
    return len(classes) == IMAGENET_CLASSES and classes[0].split(",")[0] in _FIRST_CLASSES


def _of_heat_map(named: Mapping) -> CorruptionReference:
    errors, severities = {}, {}
    for name, row in zip(named["types"], named["errors"], strict=True):
        run = {s: e for s, e in zip(named["severities"], row, strict=True) if e is not None}
        if name not in named["extra"]:
            errors[name] = sum(run.values()) / len(run)
            severities[name] = tuple(run)
    return CorruptionReference(named["name"], named["clean"], errors, severities)
