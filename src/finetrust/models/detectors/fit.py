"""A local weights file fitted into a whole detector, whatever number of classes it was made for."""

from torch import nn

from finetrust.core.errors import UserError
from finetrust.models.detectors.parts import DetectorKind
from finetrust.models.weights_file import WeightsFile, name_prefix, refuse_deeper


def fit_detector(
    module: nn.Module, kind: DetectorKind, file: WeightsFile
) -> tuple[nn.Module, tuple[str, ...]]:
    """Load the tensors of `file` into a detector, whose class layers become those of the file.

    Parameters
    ----------
    module : nn.Module
        Changed in place.
    kind : DetectorKind
    file : WeightsFile

    Returns
    -------
    nn.Module, tuple of str
        The detector, and notes on what was not as expected.

    Raises
    ------
    UserError
        If the weights belong to another architecture.
    """
    prefix = name_prefix(file.tensors, set(module.state_dict()))
    found = {
        name.removeprefix(prefix): tensor
        for name, tensor in file.tensors.items()
        if name.startswith(prefix)
    }
    notes = [f"the prefix '{prefix}' of the names was removed"] if prefix else []
    if file.wrapper:
        notes.append(f"the weights were taken from '{file.wrapper}' in the file")
    before = kind.n_classes(module)
    module = kind.with_class_layers_of(module, found)
    if kind.n_classes(module) != before:
        notes.append(f"the file's detector has {kind.n_classes(module)} classes, not {before}")
    own = module.state_dict()
    wrong = [n for n, t in own.items() if n not in found or found[n].shape != t.shape]
    wrong = [name for name in wrong if not name.endswith("num_batches_tracked")]
    if wrong:
        raise UserError(
            f"{file.path}: weights for another detector: {len(own) - len(wrong)} of {len(own)} "
            f"tensors fit; '{wrong[0]}' does not",
            "Name the architecture that the file was made for with --model (and --model-args).",
        )
    refuse_deeper(own, found, file.path)
    module.load_state_dict({**own, **{name: found[name] for name in own if name in found}})
    return module, tuple(notes)
