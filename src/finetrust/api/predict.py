"""finetrust.predict: what a fine-tuned model says about images or texts."""

from pathlib import Path
from typing import Any, Literal

from finetrust.api.familiarity import marks
from finetrust.api.run import Run, load
from finetrust.config import flag_of
from finetrust.core.errors import UserError
from finetrust.core.progress import quietly, track
from finetrust.data.formats.tables import is_table
from finetrust.models.device import find_device
from finetrust.models.inference import Inference
from finetrust.tasks.caution import Caution
from finetrust.tasks.task import tasks


def predict(
    run: Run | str | Path,
    *inputs: str | Path,
    top: int = 3,
    coverage: float | None = None,
    set_method: str = "lac",
    max_risk: float | None = None,
    false_alarms: float | None = None,
    on_error: Literal["skip", "fail"] = "skip",
    device: str | None = None,
    quiet: bool = False,
) -> list[dict[str, Any]]:
    """Predict inputs with the calibrated model of a run.

    Parameters
    ----------
    run : Run, str or Path
    *inputs : str or Path
        Image files, and folders that are searched for images; or texts, and files of texts.
    top : int
        How many of the most probable classes to return for each input.
    coverage : float, optional
        Also return for each input a set of classes that holds the true one for this share of the
        inputs, e.g. 0.95; for a task with labels, a set that holds this share of the true ones on
        average. For inputs like the validation data, by which sets are calibrated in ``tune``.
    set_method : {"lac", "aps", "raps"}
        By which sets are made: the smallest on average, which may be empty; adaptive ones, which hold
        the most probable class at least; or adaptive ones that are kept small.
    max_risk : float, optional
        Also say for each input whether the model should abstain, so that (with a probability of 95 %)
        no more than this share of the answers that it gives are wrong.
    false_alarms : float, optional
        The share of familiar inputs that may be marked as unfamiliar; 0.05 unless it is given. A run
        that was tuned with validation data marks in any case, where these are enough for 5 %.
    on_error : {"skip", "fail"}
        Whether an input that cannot be read is reported in its place, or an error.
    device : str, optional
        By default the fastest there is.
    quiet : bool
        Show nothing.

    Returns
    -------
    list of dict
        For each input ``path`` (or the text itself) and what the task says of it: for classes
        ``class``, ``probability`` (calibrated) and ``top``, with a coverage ``set`` (classes, the most
        probable first), with a risk ``abstain``; for one that cannot be read ``error``.

    Raises
    ------
    UserError
        If a path does not exist, nothing is found, an input cannot be read and
        ``on_error="fail"``, or the validation data are too few for the coverage, the risk or the false
        alarms.
    """
    if on_error not in ("skip", "fail"):
        raise UserError(f"on_error is '{on_error}'", "Choose skip or fail.")
    shares = {"coverage": coverage, "max_risk": max_risk, "false_alarms": false_alarms}
    for name, share in shares.items():
        if share is not None and not 0 < share < 1:
            raise UserError(
                f"{name} is {share:g}, which is not between 0 and 1",
                f"Give {flag_of(name)} a share such as {0.95 if name == 'coverage' else 0.05}.",
            )
    caution = Caution(coverage, set_method, max_risk)
    opened = run if isinstance(run, Run) else load(run)
    model = opened.model
    task = tasks.get(model.task)
    cautious = None
    if caution.asked:
        with quietly(quiet):
            cautious = task.cautious(model.classes, model.calibration, caution)
    table = next((one for one in map(str, inputs) if is_table(Path(one))), None)
    if table is not None:
        raise UserError(
            f"{table} is a table, and predict reads {task.kind.plural}, not tables",
            f"Give {task.kind.plural}, or folders of them.",
        )
    if not all(str(one).strip() for one in inputs):
        raise UserError("an input is empty", f"Give {task.kind.plural}, or leave it out.")
    given = task.kind.given([str(one) for one in inputs])
    precision = opened.folder.record.get("decisions", {}).get("inference_precision", "fp32")
    inference = Inference(model.network.to(find_device(device)), precision)
    marked = marks(opened.folder, inference, false_alarms)
    preprocessing = model.network.preprocessing
    prepare, size = preprocessing.transform(), inference.batch_size
    results: dict[int, dict[str, Any]] = {}
    with quietly(quiet):
        for start in track(range(0, len(given), size), "predict"):
            values = {}
            for number, (name, read) in enumerate(given[start : start + size], start=start):
                try:
                    values[number] = read()
                except OSError as error:
                    if on_error == "fail":
                        raise UserError(
                            f"{name} cannot be read ({error})",
                            "Remove or restore it, or choose --on-error skip.",
                        ) from error
                    results[number] = {"error": f"cannot be read ({error})"}
            if values:
                batch = preprocessing.collate([prepare(value) for value in values.values()])
                features = None if marked is None else inference.features(batch)
                outputs = inference(batch) if features is None else inference.outputs(features)
                decoded = task.decode(
                    outputs, list(values.values()), model.classes, model.calibration, top
                )
                if cautious is not None:
                    added = cautious(outputs)
                    decoded = [a | more for a, more in zip(decoded, added, strict=True)]
                if marked is not None and features is not None:
                    added = marked(features, outputs)
                    decoded = [a | more for a, more in zip(decoded, added, strict=True)]
                results.update(zip(values, decoded, strict=True))
    return [{"path": name, **results[number]} for number, (name, _) in enumerate(given)]
