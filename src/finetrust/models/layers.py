"""The layers of a backbone from input to output, found for any architecture."""

from torch import nn

_LARGEST_SHARE = 0.4


def layer_names(backbone: nn.Module) -> list[tuple[str, tuple[str, ...]]]:
    """Split a backbone into layers in the order of its definition.

    Containers that hold more than 40 % of the parameters are opened as long as they have several
    parts; a part without parameters is no layer of its own, and a norm belongs to the layer before
    it. Parameters that belong to the backbone itself (class token, position embedding) count to
    the first layer.

    Returns
    -------
    list of (str, tuple of str)
        Name of each layer and the names of its parameters, relative to the backbone. Every
        parameter is in exactly one layer.
    """
    total = sum(p.numel() for p in backbone.parameters()) or 1
    parts = _open("", backbone, total)
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
        share = sum(p.numel() for p in child.parameters()) / total
        inner = [c for c in child.children() if any(True for _ in c.parameters())]
        wide = isinstance(child, nn.Sequential | nn.ModuleList) or share > 0.9
        if share > _LARGEST_SHARE and len(inner) > 1 and wide:
            parts.extend(_open(path, child, total))
        else:
            parts.append((path, child))
    return parts
