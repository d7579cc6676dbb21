"""How keys become words: subsets, corruptions, axes, and names that come from data."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from finetrust.core.measure import Axis, Measure

AXIS_TITLES: Mapping[Axis, str] = {
    "data": "Data",
    "accuracy": "Accuracy",
    "stability": "Stability",
    "interpretability": "Interpretability",
}
_OWN_KINDS = (
    "corruption", "perturbation", "change", "variant", "set", "score", "repeat", "source", "sign",
    "method", "methods", "replacement", "baseline", "answer", "against",
)  # fmt: skip
_SPELLED = {
    "atc": "ATC", "bf16": "bf16", "doc": "DoC", "fp16": "fp16", "fp32": "fp32", "jpeg": "JPEG", "knn": "kNN",
    "msp": "MSP", "onnx": "ONNX", "react": "ReAct", "vim": "ViM",
}  # fmt: skip
_NAMED = {
    "grad_cam": "Grad-CAM", "grad_cam_plus_plus": "Grad-CAM++", "layer_cam": "LayerCAM",
    "score_cam": "Score-CAM", "smooth_grad": "SmoothGrad", "gradient_shap": "GradientSHAP",
    "kernel_shap": "Kernel SHAP", "seg_grad_cam": "Seg-Grad-CAM", "rise": "RISE",
    "input_x_gradient": "Input x Gradient", "integrated_gradients": "Integrated Gradients",
    "chefer": "Chefer et al.",
}  # fmt: skip
DIRECTIONS = {"higher": "higher is better", "lower": "lower is better"}


def words(key: str) -> str:
    """Return a snake-case key as words: ``gaussian_noise`` as ``Gaussian noise``."""
    text = key.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def term(key: str) -> str:
    """Return the name of a method or a kind of damage as the field spells it: ``jpeg`` as ``JPEG``."""
    if key in _NAMED:
        return _NAMED[key]
    parts = key.replace("_", " ").replace("-", " ").split()
    spelled = " ".join(_SPELLED.get(part.lower(), part) for part in parts)
    return words(spelled) if parts and parts[0].lower() not in _SPELLED else spelled


def in_sentence(title: str) -> str:
    """Return a title as it stands inside a sentence: ``Accuracy`` as ``accuracy``, ``AP`` as it is."""
    abbreviated = len(title) > 1 and not (title[1].islower() or title[1] == " ")
    abbreviated = abbreviated or title.split(" ")[0] in _SPELLED.values()
    abbreviated = abbreviated or title in _NAMED.values()
    return title if abbreviated else title[:1].lower() + title[1:]


def plural(noun: str) -> str:
    """Return an English noun in the plural: ``class`` as ``classes``, ``entity`` as ``entities``."""
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return f"{noun[:-1]}ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def subset_kind(measure: Measure) -> str:
    """Return what a measure's data were divided by: ``class`` for ``class=cat``."""
    return measure.subset.partition("=")[0]


def subset_value(measure: Measure) -> str:
    """Return which part of the data a measure is of: ``cat`` for ``class=cat``."""
    return measure.subset.partition("=")[2] or measure.subset


def is_part(measure: Measure) -> bool:
    """Return whether a measure is of a part of the data, one value of what they were divided by.

    A subset without a value names what the measure is about, e.g. a column whose groups it compares.
    """
    return "=" in measure.subset


def subset_label(measure: Measure) -> str:
    """Return the part of the data in words; what the user's data call it stays as it is."""
    kind, value = subset_kind(measure), subset_value(measure)
    if kind == "methods":
        return " and ".join(term(method) for method in value.split(","))
    if kind == "concept":
        return value.replace(",class=", ", class ")
    return term(value) if kind in _OWN_KINDS else value


def subset_name(measure: Measure) -> str:
    """Return the part of the data with what they were divided by: ``class cat``."""
    kind, label = subset_kind(measure), subset_label(measure)
    return label if kind == label else f"{kind} {label}"


def printable(text: object) -> str:
    """Return text in which nothing acts on a terminal, an XML parser or the order of letters.

    Control and format characters (escape sequences, overrides of the writing direction) and lone
    surrogates become U+FFFD; line breaks and tabs become spaces.
    """
    plain = " ".join(str(text).splitlines()).replace("\t", " ")
    return "".join("\N{REPLACEMENT CHARACTER}" if _acts(char) else char for char in plain)


def shortened(text: object, length: int) -> str:
    """Return printable text of at most `length` characters; what is cut off ends in an ellipsis."""
    whole = printable(text)
    return whole if len(whole) <= length else whole[: length - 1].rstrip() + "…"


def tail(path: str, parts: int = 2) -> str:
    """Return the last parts of a path, by which a reader tells files of one folder apart."""
    return "/".join(printable(path).split("/")[-parts:])


def model_title(model: Mapping[str, Any]) -> str:
    """Return what a model is called: its architecture."""
    return str(model.get("architecture") or "Model")


def _acts(char: str) -> bool:
    joiner = char in "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
    return unicodedata.category(char) in ("Cc", "Cf", "Cs") and not joiner
