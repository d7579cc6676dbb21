"""Local weights files: read without running code in them, and fitted into backbone and head."""

import hashlib
import pickle
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.head import Parts
from finetrust.models.reason import reason

SUFFIXES = (".safetensors", ".pth", ".pt", ".th", ".bin", ".ckpt", ".tar")


@dataclass(frozen=True)
class WeightsFile:
    """The tensors of a weights file by name, on the CPU.

    Parameters
    ----------
    path : Path
    tensors : mapping of str to Tensor
    wrapper : str
        Where in the file they lie, e.g. ``"state_dict"``; empty if they are all that is in it.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    wrapper: str = ""


def read_weights(path: Path) -> WeightsFile:
    """Read a weights file; of several sets of tensors in it, the largest.

    Raises
    ------
    UserError
        If the file is missing or broken, holds pickled code, or holds no usable tensors.
    """
    if not path.is_file():
        near = did_you_mean(path.name, [p.name for p in path.parent.glob("*") if p.is_file()])
        raise UserError(f"{path}: no such weights file", near or "Give an existing file.")
    raw = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    tensors, wrapper = _largest(raw)
    if not tensors:
        raise UserError(f"{path}: holds no tensors by name", "Give a file with a state_dict.")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise UserError(f"{path}: '{name}' holds NaN or infinity", "Fetch the file again.")
    return WeightsFile(path, tensors, wrapper)


def fit_weights(parts: Parts, file: WeightsFile) -> tuple[Parts, tuple[str, ...]]:
    """Load the tensors of `file` into a backbone, and take over the file's classifier.

    A prefix that all names share, such as ``module.``, is removed. Every tensor of the backbone
    must be in the file. The head becomes the file's, with as many outputs as that has; None if the
    file has none that stands where the model's stood and reads its features.

    Returns
    -------
    Parts, tuple of str
        The same backbone, now with the weights, and notes on what was not as expected.

    Raises
    ------
    UserError
        If the weights belong to another architecture, or to a deeper one.
    """
    own = parts.backbone.state_dict()
    weight, bias = f"{parts.head_name}.weight", f"{parts.head_name}.bias"
    prefix = name_prefix(file.tensors, {*own, weight})
    found = {
        name.removeprefix(prefix): tensor
        for name, tensor in file.tensors.items()
        if name.startswith(prefix)
    }
    _check_backbone(own, found, file.path)
    refuse_deeper(own, found, file.path)
    own.update({name: found[name] for name in own if name in found})
    parts.backbone.load_state_dict(own)
    notes = []
    if file.wrapper:
        notes.append(f"the weights were taken from '{file.wrapper}' in the file")
    if prefix:
        notes.append(f"the prefix '{prefix}' of the names was removed")
    head = None
    if parts.head is not None:
        head = _head(found.get(weight), found.get(bias), parts.features)
        notes += _head_notes(head, parts, found.get(weight))
    used = {*own, weight, bias} if head else {*own}
    unused = [name for name in file.tensors if name.removeprefix(prefix) not in used]
    if unused:
        shown = f"{', '.join(unused[:4])}{', ...' if len(unused) > 4 else ''}"
        tensors = "tensor of the file is" if len(unused) == 1 else "tensors of the file are"
        notes.append(f"{len(unused)} {tensors} not used: {shown}")
    return replace(parts, head=head), tuple(notes)


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_tensors(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 over names, dtypes, shapes and bytes of tensors, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy())  # type: ignore[arg-type]
    return digest.hexdigest()


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path}: broken safetensors file ({reason(error)})", "Fetch the file again."
        ) from error


def _read_pickle(path: Path) -> object:
    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        code = re.search(r"GLOBAL ([\w.]+)", str(error))
        if code is None:
            raise UserError(
                f"{path}: not a file that torch.save wrote", "Give a .safetensors or .pth file."
            ) from error
        raise UserError(
            f"{path}: asks to run '{code[1].rstrip('.')}', and code in a weights file is never run",
            "Save the state_dict alone, as safetensors, on a machine where you trust the file.",
        ) from error
    except Exception as error:
        raise UserError(
            f"{path}: cannot be read as PyTorch weights ({reason(error)})", "Fetch the file again."
        ) from error


def _largest(raw: object, where: str = "") -> tuple[dict[str, Tensor], str]:
    if not isinstance(raw, Mapping):
        return {}, where
    best = {str(name): value for name, value in raw.items() if torch.is_tensor(value)}, where
    for name, value in raw.items():
        inner = _largest(value, f"{where}.{name}" if where else str(name))
        best = max(best, inner, key=lambda found: len(found[0]))
    return best


def name_prefix(names: Mapping[str, Tensor], own: set[str]) -> str:
    """Return what stands before the model's own names in most of the file's names."""
    counts: Counter[str] = Counter()
    for name in names:
        words = name.split(".")
        for i in range(len(words)):
            if ".".join(words[i:]) in own:
                counts["".join(f"{word}." for word in words[:i])] += 1
    return max(counts, key=lambda prefix: (counts[prefix], -len(prefix)), default="")


def refuse_deeper(own: Iterable[str], found: Mapping[str, Tensor], path: Path) -> None:
    """Raise UserError if the file goes on where a series of modules of the model ends.

    ``layer1.3`` where the model has ``layer1.0`` to ``layer1.2`` is of a deeper network, of which a
    part alone would be loaded. A single matrix at the end of a series may be a classifier, and passes.

    Parameters
    ----------
    own : iterable of str
        Names of the model's tensors.
    found : mapping of str to Tensor
        The file's tensors by the same names.
    path : Path
        Of the file.
    """
    modules = {module for name in own for module in _modules_of(name)}
    series = set(map(_series, modules))
    for name in found:
        absent = next((module for module in _modules_of(name) if module not in modules), None)
        if absent is None or _series(absent) not in series:
            continue
        matrix = found.get(f"{absent}.weight")
        if matrix is None or matrix.ndim != 2:
            raise UserError(
                f"{path}: weights of a deeper network: it holds '{name}', and the model has no "
                f"'{absent}'",
                "Name the network that these weights are of with --model (and --model-args).",
            )


def _modules_of(name: str) -> list[str]:
    """Return the modules that a tensor lies in, the outermost first."""
    words = name.split(".")
    return [".".join(words[:i]) for i in range(1, len(words))]


def _series(module: str) -> str:
    """Return a module's name with its own number left open: ``"layer1.#"``."""
    parent, dot, word = module.rpartition(".")
    return parent + dot + re.sub(r"\d+", "#", word)


def _check_backbone(own: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    fits = [name for name in own if name in found and found[name].shape == own[name].shape]
    wrong = [name for name in own if name not in fits and not name.endswith("num_batches_tracked")]
    if not wrong:
        return
    if wrong[0] in found:
        sizes = f"{tuple(found[wrong[0]].shape)} in the file and {tuple(own[wrong[0]].shape)}"
        detail = f"'{wrong[0]}' is {sizes} in the model"
    else:
        detail = f"'{wrong[0]}' is not in the file"
    share = f"{len(fits)} of {len(own)} tensors fit"
    raise UserError(
        f"{path}: weights for another architecture: {share}; {detail}",
        "Name the architecture that the file was made for with --model (and --model-args).",
    )


def _head(weight: Tensor | None, bias: Tensor | None, features: int) -> nn.Linear | None:
    if weight is None or weight.ndim < 2 or weight.flatten(1).shape[1] != features:
        return None
    head = nn.Linear(features, len(weight), bias=bias is not None)
    with torch.no_grad():
        head.weight.copy_(weight.flatten(1))
        if bias is not None:
            head.bias.copy_(bias)
    return head


def _head_notes(head: nn.Linear | None, parts: Parts, weight: Tensor | None) -> list[str]:
    assert parts.head is not None
    if weight is None:
        return [f"the file has no classifier '{parts.head_name}'"]
    if head is None:
        return [f"the file's classifier does not read the {parts.features} features of the model"]
    ours, theirs = parts.head.out_features, head.out_features
    if ours != theirs:
        return [f"the file's classifier has {theirs} outputs instead of {ours}"]
    return []
