"""Local weights files: read without running code in them, and fitted into a named architecture."""

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean

SUFFIXES = (".safetensors", ".pth", ".pt", ".th", ".bin", ".ckpt", ".tar")
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "weights")
_PREFIXES = ("module.", "model.", "_orig_mod.", "net.", "backbone.", "encoder.")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weights file by name, unwrapped, on the CPU.

    Raises
    ------
    UserError
        If the file is missing or broken, holds pickled code, or holds no tensors.
    """
    if not path.is_file():
        near = did_you_mean(path.name, [p.name for p in path.parent.glob("*") if p.is_file()])
        raise UserError(f"{path}: no such weights file", near or "Give an existing file.")
    if path.suffix == ".safetensors":
        raw: object = _read_safetensors(path)
    else:
        raw = _read_pickle(path)
    state = _unwrap(raw)
    if not state:
        raise UserError(f"{path}: holds no tensors by name", "Give a file with a state_dict.")
    return state


def fit_weights(module: nn.Module, state: Mapping[str, Tensor], path: Path) -> list[str]:
    """Load `state` into `module`; return notes on what was not as expected.

    Prefixes such as ``module.`` are stripped. Tensors of the last layers that are absent from the
    module or of another size are left out and told; everything else must match.

    Raises
    ------
    UserError
        If the weights belong to another architecture.
    """
    own = module.state_dict()
    stripped, prefix = _strip(state, own)
    notes = [f"key prefix '{prefix}' was removed"] if prefix else []
    fitting = {k: v for k, v in stripped.items() if k in own and v.shape == own[k].shape}
    resized = [k for k in stripped if k in own and v_shape(stripped, k) != v_shape(own, k)]
    missing = [k for k in own if k not in stripped and not k.endswith("num_batches_tracked")]
    surplus = [k for k in stripped if k not in own]
    last = _last_layer(own)
    head_missing = [k for k in (*resized, *missing) if k.rpartition(".")[0] == last]
    if len(resized) + len(missing) > len(head_missing) or not fitting:
        wrong = next((k for k in (*resized, *missing) if k not in head_missing), "")
        detail = (
            f"'{wrong}' is {v_shape(stripped, wrong)} in the file and {v_shape(own, wrong)} in the model"
            if wrong in stripped
            else f"'{wrong}' is not in the file"
        )
        raise UserError(
            f"{path}: weights for another architecture: {len(fitting)} of {len(own)} tensors fit; {detail}",
            "Name the architecture that the file was made for with --model (and --model-args).",
        )
    if head_missing:
        notes.append(f"the file's last layer does not fit '{last}' and is not used")
    if surplus:
        notes.append(f"{len(surplus)} tensors of the file are not used: {', '.join(surplus[:4])}")
    module.load_state_dict({**own, **fitting})
    return notes


def v_shape(state: Mapping[str, Tensor], key: str) -> tuple[int, ...]:
    """Return the shape of one tensor."""
    return tuple(state[key].shape)


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
        raise UserError(f"{path}: broken safetensors file ({error})", "Fetch the file again.") from error


def _read_pickle(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path}: holds Python code beside tensors, and code from a weights file is never run",
            "Convert it to safetensors on a machine where you trust its source.",
        ) from error
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: cannot be read ({reason})", "Fetch the file again.") from error


def _unwrap(raw: object) -> dict[str, Tensor]:
    if not isinstance(raw, Mapping):
        return {}
    for key in _WRAPPERS:
        if isinstance(raw.get(key), Mapping):
            return _unwrap(raw[key])
    return {str(k): v for k, v in raw.items() if torch.is_tensor(v)}


def _strip(
    state: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], str]:
    candidates = [""]
    for first in _PREFIXES:
        candidates += [first, *(first + second for second in _PREFIXES)]

    def stripped(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in state.items()}

    best = max(candidates, key=lambda prefix: len(stripped(prefix).keys() & own.keys()))
    return stripped(best), best


def _last_layer(own: Mapping[str, Tensor]) -> str:
    return list(own)[-1].rpartition(".")[0]
