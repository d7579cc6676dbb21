"""The command line: parse, call the API, print."""

import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from pydantic.fields import FieldInfo
from typer.core import TyperGroup

from finetrust import __version__
from finetrust.config import (
    EvaluateOptions,
    Options,
    SearchOptions,
    SelectOptions,
    TuneOptions,
    flag_of,
)
from finetrust.core.errors import UserError

if TYPE_CHECKING:
    from finetrust.tasks.task import Task


class _Commands(TyperGroup):
    """The commands; one that is interrupted says how it goes on, and ends with exit code 130."""

    def invoke(self, context: Any) -> Any:
        # Typer would end the process without a word.
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            how = _GOES_ON.get(str(context.invoked_subcommand))
            print("interrupted" + (f"; {how}" if how else ""), file=sys.stderr)
            raise typer.Exit(130) from None


app = typer.Typer(
    name="finetrust",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Config = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file with any of the options; those given here win."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no messages.")]
DEFAULT_COVERAGE = 0.9
_GOES_ON = {
    "tune": "the run goes on with --resume",
    "search": "the search goes on with --resume",
    "select": "the same command goes on",
}
_ADDED = ("set", "abstain", "unfamiliar", "familiarity")

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]


def main() -> None:
    """Run the command line; what the user can mend is one line on standard error and exit code 2."""
    try:
        app()
    except UserError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Fine-tune a pretrained model on labelled data and prove how far it can be trusted."""
    if version:
        print(f"finetrust {__version__}")
        raise typer.Exit


def _options_of(kind: type[Options]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add an option for every field of `kind` to a command, which gets the given ones by name."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            p
            for p in inspect.signature(command).parameters.values()
            if p.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        taken = {p.name for p in own}
        added = [
            _parameter(name, info, _panel(kind, name))
            for name, info in kind.model_fields.items()
            if name not in taken
        ]

        def wrapped(**values: Any) -> None:
            given = {k: v for k, v in values.items() if k in taken or v is not None}
            command(**given)

        wrapped.__doc__ = command.__doc__
        wrapped.__name__ = command.__name__
        wrapped.__signature__ = inspect.Signature(own + added)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {p.name: p.annotation for p in own + added}
        return wrapped

    return decorate


def _parameter(name: str, info: FieldInfo, panel: str) -> inspect.Parameter:
    flag = flag_of(name)
    text = info.description or ""
    if info.annotation is bool:
        switch = f"{flag}/--no-{flag.removeprefix('--')}"
        declared = typer.Option(switch, help=text, rich_help_panel=panel, show_default=False)
        kind: Any = Annotated[bool | None, declared]
    else:
        default = _shown(info.default)
        if default and "[default:" not in text:
            text = f"{text} [default: {default}]"
        text = text.replace("[", "\\[")
        metavar = "NAME" if name in ("strategy", "task", "device") else "VALUE"
        declared = typer.Option(
            flag, help=text, rich_help_panel=panel, show_default=False, metavar=metavar
        )
        kind = Annotated[str | None, declared]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


def _shown(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return "" if default is None or repr(default).startswith("Pydantic") else str(default)


def _panel(kind: type[Options], name: str) -> str:
    home = next(c for c in reversed(kind.__mro__) if name in getattr(c, "__annotations__", {}))
    return (home.__doc__ or home.__name__).splitlines()[0].rstrip(".")


@app.command()
@_options_of(TuneOptions)
def tune(
    *,
    config: Config = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out, if there is one.")
    ] = False,
    quiet: Quiet = False,
    **options: Any,
) -> None:
    """Fine-tune a pretrained model on labelled data."""
    from finetrust.api.tune import tune as tune_model

    run = tune_model(config=config, resume=resume, quiet=quiet, **options)
    _tell(quiet, _tuned(run.folder.record))
    _tell(quiet, f"Saved in {run.path}. Next: finetrust evaluate {run.path}")


@app.command()
@_options_of(EvaluateOptions)
def evaluate(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Run folder; without one, give --model.")
    ] = None,
    *,
    config: Config = None,
    quiet: Quiet = False,
    **options: Any,
) -> None:
    """Prove how far a model can be trusted, on data it has not seen."""
    from finetrust.api.evaluate import evaluated

    judged = evaluated(run, config=config, quiet=quiet, **options)
    _print_profile(judged.profile)
    _tell(quiet, f"Saved in {judged.path}. Next: finetrust report {judged.path}")
    if judged.gates is not None:
        _print_gates(judged.gates)


@app.command()
def gates(
    run: RunPath,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="YAML file of gates, e.g. 'ece: < 0.05'.")
    ],
    quiet: Quiet = False,
) -> None:
    """Judge an evaluated run by requirements; exit code 1 where one is not met."""
    from finetrust.api.gates import check_gates
    from finetrust.gates.files import MARKDOWN, XML

    result = check_gates(run, file)
    _tell(quiet, f"Saved in {run}: {XML}, {MARKDOWN}")
    _print_gates(result)


@app.command()
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Evaluated runs; the first is the reference."),
    ],
    against: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Another reference than the first run.")
    ] = None,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="Runs that were judged on different items.")
    ] = False,
    flips: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV or Parquet file for the items that flipped."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for comparison.md and comparison.json."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Hold evaluated runs against a reference: is the difference more than chance?"""
    from finetrust.api.compare import compare as compare_runs
    from finetrust.report.comparison_files import check_flips_file, write_comparison, write_flips

    if flips is not None:
        check_flips_file(flips)
    comparison = compare_runs(*runs, against=against, unpaired=unpaired)
    if as_json:
        print(json.dumps(comparison.to_dict(), indent=1, ensure_ascii=False))
    else:
        _print_comparison(comparison)
    if out is not None:
        write_comparison(comparison, out)
        _tell(quiet, f"Saved in {out}: comparison.md, comparison.json")
    if flips is not None:
        write_flips(comparison.flips, flips)
        _tell(quiet, f"Items that flipped: {flips}")


@app.command()
def report(
    run: RunPath,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another evaluated run to show beside it; may be given several times."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write the report: one HTML file, readable without a network."""
    from finetrust.api.report import report as write

    path = write(run, beside=beside or ())
    _tell(quiet, f"Report: {path}")


@app.command()
def predict(
    run: RunPath,
    inputs: Annotated[
        list[str], typer.Argument(help="Images and folders of images; or texts and files of texts.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    top: Annotated[int, typer.Option(min=1, help="How many classes to show for each input.")] = 3,
    sets: Annotated[
        bool,
        typer.Option(
            "--set", help="Also show the set of classes that holds the true one so often."
        ),
    ] = False,
    coverage: Annotated[
        float | None,
        typer.Option(help="How often the set must hold the true class. \\[default: 0.9]"),
    ] = None,
    set_method: Annotated[
        str, typer.Option(help="lac (smallest), aps (adaptive) or raps (adaptive, kept small).")
    ] = "lac",
    max_risk: Annotated[
        float | None,
        typer.Option(help="Abstain where more than this share of answers would be wrong."),
    ] = None,
    false_alarms: Annotated[
        float | None,
        typer.Option(
            help="Mark inputs as unfamiliar so that this share of familiar ones is marked in vain. "
            "\\[default: 0.05]"
        ),
    ] = None,
    on_error: Annotated[
        Literal["skip", "fail"], typer.Option(help="What an unreadable input is.")
    ] = "skip",
    model: Annotated[
        str | None,
        typer.Option(
            help="FILE.py:FUNCTION that may be run to build the architecture; several, "
            "comma-separated, for an ensemble of them."
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, ...")] = None,
    quiet: Quiet = False,
) -> None:
    """Predict images or texts with a fine-tuned model, with calibrated probabilities.

    With --set --coverage 0.95 each answer comes with a set of classes that holds the true one for
    95 % of inputs like the validation data; with --max-risk 0.05 the model abstains where it is not
    sure enough for 95 % of its answers to be right. An input that is unlike the training data is marked
    as unfamiliar.
    """
    from finetrust.api.predict import predict as predict_inputs
    from finetrust.api.run import load
    from finetrust.tasks.task import tasks

    opened = load(run, allow_code=model)
    results = predict_inputs(
        opened,
        *inputs,
        top=top,
        coverage=DEFAULT_COVERAGE if sets and coverage is None else coverage,
        set_method=set_method,
        max_risk=max_risk,
        false_alarms=false_alarms,
        on_error=on_error,
        device=device,
        quiet=quiet,
    )
    if as_json:
        print(json.dumps(results, indent=1, ensure_ascii=False))
    else:
        task = tasks.get(opened.model.task)
        for result in results:
            print(_line(task, result))
    if all("error" in result for result in results):
        raise UserError(
            "no input could be read",
            f"Give {tasks.get(opened.model.task).kind.plural} that can be.",
        )


@app.command()
@_options_of(SearchOptions)
def search(
    *,
    config: Config = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the search in --out, if there is one.")
    ] = False,
    take: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Search no further: train this trial of the search in --out, or best, and judge it on "
            "test data.",
        ),
    ] = None,
    final: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Run folder for --take. \\[default: final in --out]"),
    ] = None,
    quiet: Quiet = False,
    **options: Any,
) -> None:
    """Search strategies and hyper-parameters, for one measure or several, on validation data."""
    from finetrust.api.search import search as search_points
    from finetrust.api.take import take_from_command

    if take is not None or final is not None:
        run = take_from_command(take, final, config=config, quiet=quiet, **options)
        _print_profile(run.profile)
        _tell(quiet, f"Saved in {run.path}. Next: finetrust report {run.path}")
        return
    found = search_points(config=config, resume=resume, quiet=quiet, **options)
    _print_search(found)
    _tell(quiet, f"Saved in {found.path}: search.html, search.json, best.yaml")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the two runs and the report.")] = Path(
        "runs/demo"
    ),
    quiet: Quiet = False,
) -> None:
    """Show the whole job on handwritten digits that come with it: no network, no download."""
    from finetrust.api.demo import demo as show

    run = show(out=out, quiet=quiet)
    _print_profile(run.profile)
    _tell(quiet, f"Report: {run.folder.report_file}")


def _tuned(record: Mapping[str, Any]) -> str:
    figures = ", ".join(f"{name} {value:.4g}" for name, value in record["validation"].items())
    return f"Validation: {figures or 'no validation data'}; {record['seconds']:.1f} s in all."


def _line(task: "Task", result: Mapping[str, Any]) -> str:
    answer = {name: value for name, value in result.items() if name not in ("path", *_ADDED)}
    said = f"error: {answer['error']}" if "error" in answer else task.line(answer)
    if "set" in result:
        said += "\t{" + ", ".join(result["set"]) + "}"
    if result.get("abstain"):
        said += "\tabstains"
    if result.get("unfamiliar"):
        said += "\tunfamiliar"
    return f"{result['path']}\t{said}"


def _print_profile(profile: Any) -> None:
    from rich.console import Console

    from finetrust.report.terminal import profile_table

    Console(highlight=False).print(profile_table(profile))


def _print_gates(result: Any) -> None:
    """Print what came of gates; a gate that is not met ends the command with exit code 1."""
    from rich.console import Console

    from finetrust.gates.table import gates_table

    Console(highlight=False).print(gates_table(result))
    if not result.passed:
        raise typer.Exit(1)


def _print_search(found: Any) -> None:
    from rich.console import Console

    from finetrust.report.search_table import search_table

    Console(highlight=False).print(search_table(found))


def _print_comparison(comparison: Any) -> None:
    from rich.console import Console

    from finetrust.report.comparison_table import comparison_tables

    Console(highlight=False).print(comparison_tables(comparison))


def _tell(quiet: bool, text: str) -> None:
    if not quiet:
        typer.echo(text, err=True)


recipes_app = typer.Typer(
    help="Named values for what is not given otherwise, with their reasons: tune --recipe NAME.",
    invoke_without_command=True,
)
app.add_typer(recipes_app, name="recipes")


@recipes_app.callback()
def recipes(context: typer.Context) -> None:
    """List the recipes, or show one with the reason and the source of every value."""
    from finetrust.report.recipe_text import recipe_list

    if context.invoked_subcommand is None:
        print(recipe_list())


@recipes_app.command("show")
def show_recipe(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of 'finetrust recipes'.")],
) -> None:
    """Show a recipe with the reason and the source of every value."""
    from finetrust.report.recipe_text import recipe_text
    from finetrust.tuning.recipe import read_recipe

    print(recipe_text(read_recipe(name)))


Builder = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="FILE.py:FUNCTION that may be run to build the architecture; several, comma-separated.",
    ),
]


@app.command()
def soup(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Runs from the same pretrained weights, two or more."
        ),
    ],
    kind: Annotated[
        Literal["greedy", "uniform"],
        typer.Option(help="greedy: those that make it no worse on validation data; uniform: all."),
    ] = "greedy",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the new run.")] = Path(
        "runs/soup"
    ),
    model: Builder = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, ...")] = None,
    quiet: Quiet = False,
) -> None:
    """Average the weights of finished runs into one network."""
    from finetrust.api.soup import soup as make_soup

    made = make_soup(*runs, kind=kind, out=out, model=model, device=device, quiet=quiet)
    _tell_made(quiet, made)


@app.command()
def ensemble(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Runs on the same data; one with --mc-dropout."),
    ],
    mc_dropout: Annotated[
        int | None,
        typer.Option(
            help="Instead pass one run so many times, each time with other units dropped."
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Share of the units that a pass drops. \\[default: that of the network's dropout "
            "layers, or 0.1 before the head]"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the new run.")] = Path(
        "runs/ensemble"
    ),
    model: Builder = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, ...")] = None,
    quiet: Quiet = False,
) -> None:
    """Make finished runs into one model that answers with the average of their answers."""
    from finetrust.api.ensemble import ensemble as make_ensemble

    made = make_ensemble(
        *runs, mc_dropout=mc_dropout, rate=rate, out=out, model=model, device=device, quiet=quiet
    )
    _tell_made(quiet, made)


def _tell_made(quiet: bool, run: Any) -> None:
    _tell(quiet, _tuned(run.folder.record))
    _tell(quiet, f"Saved in {run.path}. Next: finetrust evaluate {run.path}")


@app.command()
@_options_of(SelectOptions)
def select(*, config: Config = None, quiet: Quiet = False, **options: Any) -> None:
    """Rank pretrained models by how well they would suit labelled data, before any training.

    What was found of a model is kept in --out: the same command goes on where it was cut off.
    """
    from rich.console import Console

    from finetrust.api.select import select as select_model
    from finetrust.report.selection_table import selection_table

    selection = select_model(config=config, quiet=quiet, **options)
    Console(highlight=False).print(selection_table(selection))
    _tell(quiet, f"Saved in {selection.path}: selection.html, selection.json")
    data = options.get("data") or "DATA"
    _tell(quiet, f"Next: finetrust tune --model auto:{selection.path} --data {data}")
