"""finetrust.ensemble: one model that answers with the average of several, or of several passes."""

import copy
import shlex
import time
from pathlib import Path

from finetrust.api.derived import write_derived
from finetrust.api.ingredients import Ingredients, open_ingredients
from finetrust.api.out_folder import new_folder
from finetrust.api.run import Run
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly, say
from finetrust.models.device import find_device
from finetrust.models.ensemble import Average, ensemble_of
from finetrust.models.ensemble_dropout import Sites, draw_units, dropout_sites, sampled_passes
from finetrust.models.ensemble_source import ensemble_architecture
from finetrust.models.source import Provenance

RATE = 0.1
"""Of dropout before the head where the network has none: that of BERT (Devlin et al. 2019)."""


def ensemble(
    *runs: Run | str | Path,
    mc_dropout: int | None = None,
    rate: float | None = None,
    out: str | Path = "runs/ensemble",
    model: str | None = None,
    device: str | None = None,
    quiet: bool = False,
) -> Run:
    """Make runs into one model that answers with the average of their answers.

    Deep ensembles (Lakshminarayanan, Pritzel & Blundell 2017, NeurIPS): probabilities are averaged,
    numbers by their mean. With `mc_dropout` the members are so many passes of one run, each with other
    units dropped (Gal & Ghahramani 2016, ICML). The result is a run folder like any other, with
    predictions of the validation data and a calibration of its own: what is calibrated is the average.

    Parameters
    ----------
    *runs : Run, str or Path
        Two or more, tuned on the same data with the same splits and preprocessing; their architectures
        and pretrained weights may differ. With `mc_dropout` one.
    mc_dropout : int, optional
        How many passes with dropout.
    rate : float, optional
        Share of the units that each pass drops. By default that of the network's own dropout layers,
        or 0.1 before the head where it has none: then it was not trained with dropout, and how far the
        passes differ says little about what it does not know.
    out : str or Path
        Folder of the new run.
    model : str, optional
        The ``FILE.py:FUNCTION`` that may be run to build the architecture; several, comma-separated.
    device : str, optional
        By default the fastest there is.
    quiet : bool
        Show nothing.

    Raises
    ------
    UserError
        If the runs do not fit together, or averages of their outputs mean nothing.
    """
    start = time.perf_counter()
    _check(len(runs), mc_dropout, rate)
    on = find_device(device)
    folder = new_folder(Path(out))
    fewest = 2 if mc_dropout is None else 1
    ingredients = open_ingredients(runs, "an ensemble", fewest, model)
    average = _average(ingredients)
    made_of = ingredients.facts()
    command = _command(ingredients, mc_dropout, rate)
    with quietly(quiet):
        if mc_dropout is None:
            _refuse_nameless(ingredients)
            architectures = [one.architecture for one in ingredients.models]
            return write_derived(
                folder,
                ingredients,
                ensemble_of([one.network for one in ingredients.models], average),
                ensemble_architecture(architectures),
                _provenance(ingredients),
                f"ensemble of {len(runs)} runs",
                on,
                made_of=made_of,
                command=command,
                began=start,
            )
        network = copy.deepcopy(ingredients.first.network)
        sites = dropout_sites(network, rate, RATE)
        said = _said(sites)
        say(f"MC dropout: {mc_dropout} passes, {said}.")
        sampled = sampled_passes(network, sites, mc_dropout, average)
        draw_units(sampled, int(ingredients.config.get("seed", 0)))
        return write_derived(
            folder,
            ingredients,
            sampled,
            ingredients.first.architecture,
            ingredients.first.provenance,
            f"{mc_dropout} passes with dropout of one run",
            on,
            made_of=made_of,
            dropout={"passes": mc_dropout, "where": said},
            command=command,
            began=start,
        )


def _check(n: int, passes: int | None, rate: float | None) -> None:
    if passes is None:
        if rate is not None:
            raise UserError(
                f"a rate of {rate:g} is one of dropout, and there is none",
                "Add --mc-dropout 20, or leave --rate out.",
            )
        return
    if passes < 1:
        raise UserError(f"{passes} passes with dropout are too few", "Give 1 or more.")
    if rate is not None and not 0 <= rate < 1:
        raise UserError(f"a dropout rate of {rate:g} is not in [0, 1)", "Give one such as 0.1.")
    if n != 1:
        raise UserError(
            f"MC dropout passes one run several times, and {n} are given",
            "Name one run, or leave --mc-dropout out.",
        )


def _average(ingredients: Ingredients) -> Average:
    average = ingredients.task.average
    if average is None:
        raise UserError(
            f"the average of several outputs means nothing for {ingredients.first.task}: they are not "
            "about the same things",
            "Judge the runs one by one.",
        )
    return average


def _refuse_nameless(ingredients: Ingredients) -> None:
    """Raise UserError where some members only were given as modules in Python."""
    known = [model.architecture is not None for model in ingredients.models]
    if any(known) and not all(known):
        run = ingredients.runs[known.index(False)]
        raise UserError(
            f"{run.path} was a module given in Python, and others have a name to build them from",
            "Make an ensemble of runs of one kind.",
        )


def _provenance(ingredients: Ingredients) -> Provenance:
    """Return where the pretrained weights of all members come from."""
    of = [model.provenance for model in ingredients.models]

    def told(values: list[str]) -> str:
        return " + ".join(dict.fromkeys(value for value in values if value))

    return Provenance(
        f"{len(of)} × {told([one.architecture for one in of])}",
        told([one.source for one in of]),
        told([one.sha256 for one in of]),
        told([one.licence for one in of]),
        tuple(dict.fromkeys(note for one in of for note in one.notes)),
    )


def _said(sites: Sites) -> str:
    """Return in words where units are dropped."""
    of = sites.layers.values() or sites.before_head
    rates = " and ".join(dict.fromkeys(f"{site.rate:g}" for site in of))
    if sites.before_head:
        return f"at a rate of {rates} before the head"
    return f"in {len(sites.layers)} dropout layers of the network at a rate of {rates}"


def _command(ingredients: Ingredients, passes: int | None, rate: float | None) -> str:
    words = ["finetrust", "ensemble", *(str(run.path) for run in ingredients.runs)]
    words += [] if passes is None else ["--mc-dropout", str(passes)]
    words += [] if rate is None else ["--rate", f"{rate:g}"]
    return f"{shlex.join(words)} --out NEW_FOLDER"
