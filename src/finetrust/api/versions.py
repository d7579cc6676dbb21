"""The versions and the machine that a result was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("finetrust", "torch", "torchvision", "timm", "accelerate", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on, and the machine."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
