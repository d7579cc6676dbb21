"""What is told about a strip: where the heat lies, and which training items are most similar."""

from collections import Counter
from collections.abc import Sequence

from finetrust.trust.interpretability.randomisation import Answer
from finetrust.trust.interpretability.shown_heat import ShownHeat

NOT_BELIEVED = (
    "Not to be believed: this heat map hardly changes when the weights of the network are drawn anew, so "
    "it tells of the image and not of the network."
)


def caption_of(target: str, predicted: str, confidence: float) -> str:
    """Return what was answered, and how sure it was."""
    sure = f"{confidence:.1%}" if confidence == 1 or confidence < 0.9995 else ">99.9%"
    if target == predicted:
        return f"{target}, right, with {sure} confidence"
    return f"{target} taken for {predicted} with {sure} confidence"


def heat_sentence(heat: ShownHeat, predicted: str) -> str:
    """Return where what speaks for the answer lies, and how much of the image it takes."""
    if heat.is_empty:
        return f"The heat map shows nothing that speaks for {predicted}."
    share = f"half of it on {_percent(heat.area_of_half)} of the image"
    if heat.place is None:
        return f"What speaks for {predicted} is spread over the image, {share}."
    return f"What speaks for {predicted} lies mostly {heat.place}, {share}."


def neighbours_sentence(labels: Sequence[str], predicted: str, target: str) -> str:
    """Return how many of the most similar training items are of the class that was answered.

    Parameters
    ----------
    labels : sequence of str
        Of the training items, the most similar first; one or more.
    predicted, target : str
    """
    counts, n = Counter(labels), len(labels)
    if n == 1:
        return f"The training image that it finds most similar is labelled {labels[0]}."
    k, others = counts[predicted], counts[target]
    if k == n:
        return f"All {n} training images that it finds most similar are labelled {predicted}."
    told = (
        f"{k or 'None'} of the {n} training images that it finds most similar {_are(k)} labelled "
    )
    if target == predicted:
        return f"{told}{predicted}."
    return f"{told}{predicted}, {others or 'none'} {_are(others)} labelled {target}."


def warning_of(answer: Answer | None) -> str | None:
    """Return why an explanation is not to be believed, or None."""
    return NOT_BELIEVED if answer == "does not change with the weights" else None


def _are(k: int) -> str:
    return "are" if k > 1 else "is"


def _percent(share: float) -> str:
    return "less than 1%" if share < 0.01 else f"{share:.0%}"
