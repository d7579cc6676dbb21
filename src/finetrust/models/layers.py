"""The layers of a backbone from input to output, found for any architecture."""

from torch import nn

_LARGEST_SHARE = 0.4
_STACKS = (nn.Sequential, nn.ModuleList)


def layer_names(backbone: nn.Module) -> list[tuple[str, tuple[str, ...]]]:
    """Split a backbone into layers in the order of its definition.

    A part that holds more than 40 % of the parameters is opened if it is a stack of several parts
    or made of little else than one, such as a stage of blocks. A part without parameters is no
    layer of its own, and a norm belongs to the layer before it. Parameters that belong to the
    backbone itself (class token, position embedding) count to the first layer.

    Returns
    -------
    list of (str, tuple of str)
        Name of each layer and the names of its parameters, relative to the backbone. Every
        parameter is in exactly one layer.
    """
    parts = _open("", backbone, _size(backbone) or 1)
    claimed: set[str] = set()
    layers: list[tuple[str, tuple[str, ...]]] = []
    for prefix, module in parts:
        names = tuple(f"{prefix}.{name}" for name, _ in module.named_parameters())
        names = tuple(name for name in names if name not in claimed)
        claimed.update(names)
        if not names:
            continue
        if layers and all(p.ndim < 2 for p in module.parameters()):
            layers[-1] = (layers[-1][0], layers[-1][1] + names)
        else:
            layers.append((prefix, names))
    rest = tuple(name for name, _ in backbone.named_parameters() if name not in claimed)
    if rest and layers:
        layers[0] = (layers[0][0], rest + layers[0][1])
    elif rest:
        layers = [("backbone", rest)]
    return layers


def _open(prefix: str, module: nn.Module, total: int) -> list[tuple[str, nn.Module]]:
    parts: list[tuple[str, nn.Module]] = []
    for name, child in module.named_children():
        path = f"{prefix}.{name}" if prefix else name
        inner = [part for part in child.children() if _size(part)]
        share = _size(child) / total
        is_stack = isinstance(child, _STACKS) or any(
            isinstance(part, _STACKS) and _size(part) > _size(child) / 2 for part in inner
        )
        if (inner and share > 0.9) or (len(inner) > 1 and share > _LARGEST_SHARE and is_stack):
            parts.extend(_open(path, child, total))
        else:
            parts.append((path, child))
    return parts


def _size(module: nn.Module) -> int:
    """Return the number of parameters; a table of tokens is large and yet only the first layer."""
    return sum(
        parameter.numel()
        for part in module.modules()
        if not isinstance(part, nn.Embedding)
        for parameter in part.parameters(recurse=False)
    )
