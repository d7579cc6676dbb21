"""Registries that fill themselves: a decorated object in its own file is found without a list."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from typing import Generic, TypeVar

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Named objects of one kind, gathered from every module of a package.

    Parameters
    ----------
    kind : str
        What an entry is called in error messages, for example ``"strategy"``.
    package : str
        The package whose modules are imported, once, before the first look-up.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._entries: dict[str, T] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that registers an object under `name`."""

        def decorate(entry: T) -> T:
            self.add(name, entry)
            return entry

        return decorate

    def add(self, name: str, entry: T) -> None:
        """Register `entry` under `name`; a name that is taken is a programming error."""
        if name in self._entries:
            raise ValueError(f"{self.kind} '{name}' is registered twice")
        self._entries[name] = entry

    def get(self, name: str) -> T:
        """Return the entry called `name`.

        Raises
        ------
        UserError
            If there is none; the nearest name is suggested.
        """
        if name not in self._entries:
            self._import_namesake(name)
        if name not in self._entries:
            self._discover()
        if name not in self._entries:
            raise UserError(
                f"unknown {self.kind} '{name}'",
                f"{did_you_mean(name, self._entries)} Known: {', '.join(self.names())}.".strip(),
            )
        return self._entries[name]

    def names(self) -> list[str]:
        """Return all names, sorted."""
        self._discover()
        return sorted(self._entries)

    def items(self) -> list[tuple[str, T]]:
        """Return all (name, entry) pairs in the order of their names."""
        return [(name, self._entries[name]) for name in self.names()]

    def _import_namesake(self, name: str) -> None:
        """Import the module that is called like the entry, so that the others need not be."""
        module = f"{self.package}.{name.replace('-', '_')}"
        if name.replace("-", "_").isidentifier() and importlib.util.find_spec(module) is not None:
            importlib.import_module(module)

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        root = importlib.import_module(self.package)
        for module in pkgutil.walk_packages(root.__path__, prefix=f"{self.package}."):
            importlib.import_module(module.name)
