"""A registry finds what registered itself, and helps with names it does not know."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from finetrust.core.errors import UserError
from finetrust.core.registry import Registry


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[str]]:
    """A registry over a package on disk, with one dish in each module."""
    package = tmp_path / "kitchen_of_test"
    (package / "cold").mkdir(parents=True)
    (package / "__init__.py").write_text(
        "from finetrust.core.registry import Registry\nmenu = Registry('dish', __name__)\n"
    )
    (package / "cold" / "__init__.py").write_text("")
    for module, dish in (("soup", "lentil_soup"), ("stew", "goulash"), ("cold/salad", "waldorf")):
        text = f"from kitchen_of_test import menu\nmenu.add('{dish}', '{dish} itself')\n"
        (package / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    import kitchen_of_test

    yield kitchen_of_test.menu
    for name in [name for name in sys.modules if name.startswith("kitchen_of_test")]:
        del sys.modules[name]


def test_every_module_of_the_package_is_found_without_a_list(kitchen: Registry[str]) -> None:
    assert kitchen.names() == ["goulash", "lentil_soup", "waldorf"]
    assert kitchen.items()[2] == ("waldorf", "waldorf itself")
    assert kitchen.get("goulash") == "goulash itself"


def test_an_unknown_name_suggests_the_nearest_and_lists_the_known(kitchen: Registry[str]) -> None:
    with pytest.raises(UserError) as caught:
        kitchen.get("gulash")
    assert caught.value.found == "unknown dish 'gulash'"
    assert caught.value.mend == (
        "Did you mean 'goulash'? Known: goulash, lentil_soup, waldorf."
    )  # fmt: skip


def test_a_name_like_no_other_lists_the_known_only(kitchen: Registry[str]) -> None:
    with pytest.raises(UserError) as caught:
        kitchen.get("xyz")
    assert caught.value.mend == "Known: goulash, lentil_soup, waldorf."


def test_a_name_cannot_be_registered_twice(kitchen: Registry[str]) -> None:
    kitchen.add("toast", "toast")
    with pytest.raises(ValueError, match="dish 'toast' is registered twice"):
        kitchen.add("toast", "burnt toast")
    assert kitchen.get("toast") == "toast"


def test_the_decorator_registers_and_returns_what_it_decorates(kitchen: Registry) -> None:
    @kitchen.register("omelette")
    def cook() -> str:
        return "eggs"

    assert kitchen.get("omelette") is cook


def test_an_entry_called_like_its_module_is_had_without_the_others(kitchen: Registry[str]) -> None:
    package = Path(sys.modules["kitchen_of_test"].__path__[0])
    (package / "pea_pie.py").write_text(
        "from kitchen_of_test import menu\nmenu.add('pea-pie', 'pea pie itself')\n"
    )
    importlib.invalidate_caches()
    assert kitchen.get("pea-pie") == "pea pie itself"
    assert "kitchen_of_test.soup" not in sys.modules
    assert kitchen.names() == ["goulash", "lentil_soup", "pea-pie", "waldorf"]
