"""What ``--augment`` spells: how an image is framed, and what is added: ``crop-flip + augmix``."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.data.images.augmentations.augmentation import (
    Augmentation,
    Change,
    Step,
    augmentations,
)
from finetrust.expression import read_expression

FRAMES = ("none", "flip", "crop", "crop-flip")
"""As an evaluation sees it, mirrored at random, a part of it at random, or both."""

_FORM = "Write it as 'crop-flip + augmix' or 'crop + random-erasing(probability=0.25)'."
_TOLD = {
    "frame": "shows parts of images, or mirrors them",
    "colours": "changes colours",
    "parts": "hides parts of images",
}


@dataclass(frozen=True)
class Augment:
    """A frame with what is added to it.

    Parameters
    ----------
    frame : str
        One of ``FRAMES``.
    added : mapping of str to Augmentation
        In the order in which they act.
    text : str
        The whole as it is recorded; ``"none"`` leaves nothing random.
    """

    frame: str
    added: Mapping[str, Augmentation]
    text: str

    @property
    def crops(self) -> bool:
        """Whether the frame shows a part of an image."""
        return self.frame.startswith("crop")

    @property
    def mirrors(self) -> bool:
        """Whether the frame mirrors some images."""
        return self.frame.endswith("flip")

    def steps(self, still: bool = False) -> list[Step]:
        """Return the changes of a framed image, or of one whose marks are to stay in place."""
        return [augmentation.step(still) for augmentation in self.added.values()]

    def steps_of_mask(self) -> list[Step]:
        """Return the changes of the mask of an object in a framed image.

        Raises
        ------
        UserError
            If its image is mixed, so that the object is in several places.
        """
        steps = []
        for name, augmentation in self.added.items():
            step = augmentation.of_mask()
            if step is None:
                raise UserError(
                    f"augment '{self.text}': {name} shows an object in several places at once, "
                    "which no mask can tell",
                    f"Leave {name} out.",
                )
            steps.append(step)
        return steps

    def check(self, changes: Collection[Change], task: str) -> None:
        """Raise UserError for what changes more of an image than `changes`, which a task bears."""
        wanted = [("frame", self.frame)] if self.frame != "none" else []
        wanted += [(augmentation.changes, name) for name, augmentation in self.added.items()]
        for change, name in wanted:
            if change not in changes:
                raise UserError(
                    f"augment '{name}' is not made for {task}: it {_TOLD[change]}",
                    f"Choose among {', '.join(borne(changes))}.",
                )


def read_augment(text: str) -> Augment:
    """Return what an expression spells.

    The first name may be a frame; where none is named it is ``crop-flip``. Those after a plus are
    augmentations, which act in their order, with settings in brackets:
    ``crop-flip + augmix + random-erasing(probability=0.25)``.

    Raises
    ------
    UserError
        For an unknown or misplaced name (the nearest is suggested), a setting that does not exist
        or is out of range, or an expression of another form.
    """
    expression = read_expression(text, "augment", _FORM)
    first, said = expression.terms[0], expression.said
    frame, rest = ("crop-flip", expression.terms)
    if first.name in FRAMES:
        if first.settings:
            raise UserError(f"{said}: {first.name} has no settings in brackets", _FORM)
        frame, rest = first.name, expression.terms[1:]
    added: dict[str, Augmentation] = {}
    for term in rest:
        if term.name in FRAMES:
            raise UserError(
                f"{said}: {term.name} says how an image is framed, which comes first and once",
                _FORM,
            )
        if term.name in added:
            raise UserError(f"{said}: {term.name} is added twice", "Leave one out.")
        added[term.name] = expression.options(term, _kind(term.name))
    return Augment(frame, added, str(expression))


def borne(changes: Collection[Change]) -> tuple[str, ...]:
    """Return the names that an expression may be made of where `changes` are borne."""
    frames = FRAMES if "frame" in changes else FRAMES[:1]
    return (*frames, *(name for name, kind in augmentations.items() if kind.changes in changes))


def _kind(name: str) -> type[Augmentation]:
    try:
        return augmentations.get(name)
    except UserError:
        known = [*FRAMES, *augmentations.names()]
        raise UserError(
            f"unknown augmentation '{name}'",
            f"{did_you_mean(name, known)} Known: {', '.join(known)}.".strip(),
        ) from None
