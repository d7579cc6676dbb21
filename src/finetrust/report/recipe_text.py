"""Recipes as text: what they set, why, and where the values come from."""

import textwrap
from collections.abc import Iterator, Sequence

from finetrust.config import flag_of
from finetrust.tuning.recipe import Choice, Recipe, read_recipe, recipe_names

_WIDTH = 100


def recipe_list() -> str:
    """Return all recipes, one to a line, with what they are for."""
    width = max(map(len, recipe_names()))
    lines = [
        textwrap.fill(
            f"{name:<{width}}  {read_recipe(name).summary}",
            _WIDTH,
            subsequent_indent=" " * (width + 2),
        )
        for name in recipe_names()
    ]
    return "\n".join([*lines, "", "With reasons and sources: finetrust recipes show NAME"])


def recipe_text(recipe: Recipe) -> str:
    """Return a recipe with the reason and the source of every value."""
    lines = [
        *textwrap.wrap(f"{recipe.name}: {recipe.summary}", _WIDTH),
        f"Made for {_listed(recipe.fits)}.",
    ]
    for choice in recipe.choices:
        lines += ["", *_said(choice)]
    return "\n".join(lines)


def _said(choice: Choice) -> Iterator[str]:
    only = f"   (for {_listed(choice.fits)})" if choice.fits else ""
    for option, value in choice.values.items():
        yield f"{flag_of(option)} {_shown(value)}{only}"
    for label, text in (("why", choice.reason), ("source", choice.source)):
        yield textwrap.fill(
            f"{label}: {text}", _WIDTH, initial_indent="  ", subsequent_indent="    "
        )


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) and " " in value else f"{value}"


def _listed(fits: Sequence[str]) -> str:
    return ", ".join(fits) or "every task"
