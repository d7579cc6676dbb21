"""The one schema behind the command line, YAML files and Python calls."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean


def _json_mapping(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error


def _numbers(value: Any) -> Any:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


def _three(value: Any) -> Any:
    numbers = _numbers(value)
    if isinstance(numbers, list | tuple) and len(numbers) != 3:
        raise ValueError(
            f"three numbers are needed, one for each channel, such as 0.5,0.5,0.5; "
            f"{len(numbers)} given"
        )
    return numbers


def _none(value: Any) -> Any:
    return None if value == "none" else value


Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(_numbers)]
Triple = Annotated[tuple[float, float, float], BeforeValidator(_three)]
PositiveTriple = Annotated[tuple[Positive, Positive, Positive], BeforeValidator(_three)]


class Options(BaseModel):
    """Frozen options; an unknown key is an error that suggests the nearest known one."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class ModelOptions(Options):
    """Which pretrained model, and how its inputs are prepared."""

    model: str | None = Field(
        None,
        description="torchvision, timm or Hugging Face transformers name (prefix torchvision:, timm: "
        "or transformers: to choose), a local transformers folder, a weights file, "
        "FILE.py:FUNCTION that builds a module (its code is run), or, for tune, auto: the best by finetrust "
        "select (auto:FOLDER, auto:NAME,NAME).",
    )
    weights: str = Field(
        "pretrained",
        description="pretrained, random, the name of a torchvision weights enum, "
        "or a local .safetensors/.pth file for the named architecture.",
    )
    model_args: Annotated[dict[str, Any], BeforeValidator(_json_mapping)] = Field(
        default_factory=dict, description="Arguments for the architecture, as a JSON object."
    )
    input_size: Count | None = Field(
        None,
        description="Longer side of an image's input in pixels. [default: the weights' own]",
    )
    mean: Triple | None = Field(
        None, description="Mean per channel, e.g. 0.5,0.5,0.5. [default: the weights' own]"
    )
    std: PositiveTriple | None = Field(
        None, description="Standard deviation per channel. [default: the weights' own]"
    )
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] | None = Field(
        None, description="Resizing filter. [default: the weights' own]"
    )
    max_length: Count | None = Field(
        None,
        description="Tokens of a text that are read at once; longer ones are read in overlapping "
        "windows. [default: the model's own]",
    )
    sliding_window: bool = Field(
        False,
        description="Segment large images at their own size, window by window, instead of shrinking "
        "them to the input size.",
    )
    trust_remote_code: bool = Field(
        False, description="Run the code that comes with a model of Hugging Face's hub."
    )


class ComputeOptions(Options):
    """Where and how the arithmetic is done."""

    device: str | None = Field(
        None, description="cpu, cuda, cuda:1, mps. [default: the fastest there is]"
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto",
        description="auto: what is measured to be faster on this device without changing results "
        "for inference; fp32 on CPU and bf16 on GPU for training.",
    )
    workers: Annotated[int, Field(ge=0)] | None = Field(
        None, description="Processes that decode inputs. [default: chosen from the data and CPU]"
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(0, description="Seed of everything random.")


class DataColumns(Options):
    """The data and how a table of it is read."""

    data: str | None = Field(
        None,
        description="Folder of class folders, of images and masks, or of images and boxes (COCO, "
        "Pascal VOC, YOLO); CSV/Parquet/JSONL table; CoNLL file; torchvision data set name; hf:NAME; "
        "or digits.",
    )
    path_column: str = Field("path", description="Column of a table with the file's path.")
    label_column: str = Field("label", description="Column with the label.")
    label_separator: str | None = Field(
        None, description="What stands between several labels in one cell. [default: one label]"
    )
    text_column: str = Field("text", description="Column with the text.")
    text_pair_column: str | None = Field(
        None, description="Column with a second text, which is read with the first. [default: none]"
    )
    split_column: str = Field("split", description="Column with train, val or test.")
    group_columns: Names = Field((), description="Subgroup columns, comma-separated.")
    protected_columns: Names = Field(
        (),
        description="Subgroup columns that are protected attributes, comma-separated: differences "
        "between their groups are measured.",
    )
    ignore_index: Annotated[int, Field(ge=0, le=255)] | None = Field(
        None, description="Value of a mask that stands for no class. [default: 255]"
    )
    task: str | None = Field(None, description="What a target is. [default: found from the data]")
    on_error: Literal["skip", "fail"] = Field(
        "skip", description="Unreadable input: skip (reported by name and counted) or fail."
    )


class CalibrationOptions(Options):
    """What is fitted on validation data, so that confidence can be believed."""

    calibration: str = Field(
        "temperature",
        description="How probabilities are calibrated: temperature, vector, matrix, dirichlet, "
        "isotonic, histogram, auto (the best by cross-validation on the validation data), or none.",
    )


class TuneOptions(ModelOptions, DataColumns, CalibrationOptions, ComputeOptions):
    """Everything that decides the outcome of ``finetrust tune``."""

    val_fraction: Fraction = Field(
        0.15, description="Share cut off for validation where the data name no such split."
    )
    test_fraction: Fraction = Field(
        0.15, description="Share cut off for testing where the data name no split at all."
    )
    recipe: str | None = Field(
        None,
        description="Named values for what is not given otherwise; 'finetrust recipes' lists them. "
        "[default: none]",
    )
    strategy: str = Field(
        "lp-ft",
        description="What fine-tuning changes, and how; with what is added: 'lp-ft + ema'.",
    )
    head: str | None = Field(
        None,
        description="Head over a pretrained backbone: a detector or a segmentation head. "
        "[default: the task's]",
    )
    pooling: Literal["mean", "cls", "last"] | None = Field(
        None, description="How the tokens of a text become one feature. [default: the model's own]"
    )
    loss: str | None = Field(None, description="Training loss. [default: the task's]")
    epochs: Count | None = Field(
        None, description="Passes over the training data. [default: the strategy's]"
    )
    learning_rate: Positive | Literal["auto"] | None = Field(
        None,
        description="Peak learning rate of the head; auto: the strategy's rates are scaled by what a "
        "range test on the training data finds. [default: the strategy's]",
    )
    backbone_learning_rate: Positive | Literal["auto"] | None = Field(
        None,
        description="Peak learning rate of the last backbone layer; auto: that of 1e-3, 2e-4, 4e-5 and "
        "8e-6 which does best on validation data in a short trial, under attack where training is; of "
        "accuracies within a standard error, the highest rate's. [default: the strategy's]",
    )
    layer_decay: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="Factor on the learning rate from each layer to the one below it. "
        "[default: the strategy's]",
    )
    weight_decay: NonNegative = Field(
        0.01, description="Decoupled weight decay; norms and biases are spared."
    )
    warmup: Fraction = Field(0.1, description="Share of the steps with rising learning rate.")
    batch_size: Count | Literal["auto"] = Field(
        "auto", description="Items per optimiser step; auto: from the size of the data."
    )
    micro_batch_size: Count | None = Field(
        None,
        description="Items per forward pass; gradients are accumulated up to the batch size. "
        "[default: the batch size, halved whenever memory runs out]",
    )
    order_seed: Annotated[int, Field(ge=0, lt=2**31)] | None = Field(
        None, description="Seed of the order of the training items alone. [default: the seed]"
    )
    label_smoothing: Fraction = Field(0.0, description="Label smoothing.")
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: weight the loss by inverse class frequency."
    )
    augment: str | None = Field(
        None,
        description="Augmentation of training inputs: a frame (none, flip, crop, crop-flip) and what is "
        "added, such as 'crop-flip + augmix + random-erasing(probability=0.25)'. [default: the strategy's]",
    )
    mixup: NonNegative = Field(0.0, description="Alpha of mixup; 0 is off.")
    cutmix: NonNegative = Field(0.0, description="Alpha of CutMix; 0 is off.")
    object_masks: str | None = Field(
        None,
        description="Where the objects are, for saliency-guided training: a folder of masks named like "
        "the images (not black is object), or a table with image, x1, y1, x2, y2.",
    )
    clip_norm: Annotated[Positive | None, BeforeValidator(_none)] = Field(
        1.0, description="Largest gradient norm; none for no clipping."
    )
    patience: Count | None = Field(
        None,
        description="Stop after this many epochs without a better validation result. "
        "[default: never]",
    )
    cache: bool = Field(True, description="Compute the features of a frozen part only once.")
    checkpoint_steps: Count | None = Field(
        None, description="Also write a checkpoint every so many steps. [default: each epoch]"
    )
    out: str | None = Field(None, description="Run folder. [default: runs/MODEL-STRATEGY-DATA]")


class EvaluateOptions(ModelOptions, DataColumns, CalibrationOptions, ComputeOptions):
    """Everything that decides the outcome of ``finetrust evaluate``."""

    run: str | None = Field(
        None, description="Run folder; without one, give --model or --predictions."
    )
    predictions: str | None = Field(
        None,
        description="Table of predictions made elsewhere (CSV, Parquet, JSON lines): a label and "
        "logits, probabilities or the predicted class for each item.",
    )
    validation_predictions: str | None = Field(
        None,
        description="Such a table of validation data, on which calibration and thresholds are "
        "fitted. [default: the rows of the split val]",
    )
    classes: Names = Field((), description="Class names in the order of the outputs of a table.")
    id_column: str = Field("id", description="Column of such a table with the id of the item.")
    split: Literal["test", "val", "train"] | None = Field(
        None, description="Which split. [default: test, or all items where the data name no split]"
    )
    corruptions: Names | None = Field(
        None,
        description="Corruption types, comma-separated; none to leave out. [default: those that fit "
        "the inputs]",
    )
    severities: (
        Annotated[tuple[Annotated[int, Field(ge=1, le=5)], ...], BeforeValidator(_numbers)] | None
    ) = Field(
        None,
        description="Severities of the corruptions, 1 to 5; of texts 1 to 3. [default: 1,3,5; of "
        "texts 1,2,3]",
    )
    effort: Literal["quick", "standard", "full"] = Field(
        "quick",
        description="How precise the figures of all trials are to be: intervals of 5, 3 or 1 percentage "
        "points to either side at most (10, 5 or 3 for attacks), and as many kinds of disturbance.",
    )
    trial_items: Count | None = Field(
        None,
        description="At most so many items are put to the trials. [default: as many as "
        "the effort asks for]",
    )
    trials: Names | None = Field(
        None,
        description="Trials, comma-separated; none to leave out. [default: those of the effort]",
    )
    corruption_reference: str | None = Field(
        None,
        description="Evaluated run whose errors under corruption are the measure of 100 % in mCE. "
        "[default: AlexNet's, where the classes are those of ImageNet]",
    )
    harmless_changes: Names | None = Field(
        None,
        description="Harmless changes, comma-separated: flip, shift, rotation, crop, resize, jpeg, "
        "colour, vertical_flip; leave out what changes the meaning, as a mirror does to a letter. "
        "[default: all but vertical_flip; for digits also without flip]",
    )
    ood_data: Names = Field(
        (),
        description="Folders or tables of inputs that belong to none of the model's classes, "
        "comma-separated, which it should find unfamiliar; far:PATH for those of quite another kind.",
    )
    repeats: Annotated[int, Field(ge=0)] = Field(
        0,
        description="Train so many times again with another seed, order and sample of the training "
        "data each, to see how far the answers depend on chance.",
    )
    attributions: Names | None = Field(
        None,
        description="Attribution methods to choose from, comma-separated, such as grad_cam,rise; the one "
        "that is most faithful on validation data explains every picture. [default: those of the "
        "effort]",
    )
    target_layer: str | None = Field(
        None,
        description="Layer that class activation maps are made of, by its name in the network. "
        "[default: the last one with a map of the image]",
    )
    object_masks: str | None = Field(
        None,
        description="Where the objects are: a folder of masks named like the images (not black is "
        "object), a table with image, x1, y1, x2, y2, or boxes as COCO's JSON. Heat maps are judged by it.",
    )
    concepts: str | None = Field(
        None,
        description="Folder with a folder of example images for each concept, such as stripes, whose "
        "meaning to the answers is tested (TCAV).",
    )
    gates: str | None = Field(
        None,
        description="YAML file with requirements on measures, e.g. 'ece: < 0.05'; exit code 1 where "
        "one is not met.",
    )
    pictures: Annotated[int, Field(ge=0)] = Field(
        6, description="Pictures each of confident errors and of random correct cases."
    )
    out: str | None = Field(None, description="Folder for the results. [default: the run folder]")


class SearchOptions(TuneOptions):
    """Everything that decides the outcome of ``finetrust search``."""

    trials: Count | None = Field(None, description="So many trials in all.")
    budget: str | None = Field(
        None,
        description="So much time in all, such as 2h, 90m or 1h30m: no trial begins that would probably "
        "not end within it.",
    )
    maximize: Names = Field(
        (),
        description="Measures to make as high as possible, comma-separated, as finetrust evaluate names "
        "them. [default: the task's main one, where --minimize names none either]",
    )
    minimize: Names = Field(
        (), description="Measures to make as low as possible, comma-separated, such as ece."
    )
    space: str | None = Field(
        None,
        description="YAML file with what may vary: choices and ranges. [default: strategies, additions "
        "and the main hyper-parameters, as they suit the task]",
    )
    prune: bool = Field(
        True, description="Stop a trial whose learning curve falls behind those of its kind."
    )
    effort: Literal["quick", "standard", "full"] = Field(
        "quick",
        description="How precise figures of stability and interpretability are to be; see finetrust "
        "evaluate.",
    )
    storage: str | None = Field(
        None,
        description="URL of a data base that several machines share, as SQLAlchemy writes it. "
        "[default: a file of SQLite in the folder]",
    )
    out: str | None = Field(
        None, description="Folder of the search. [default: runs/search-MODEL-DATA]"
    )


Kind = TypeVar("Kind", bound=Options)


def flag_of(option: str) -> str:
    """Return what an option is called on the command line."""
    return f"--{option.replace('_', '-')}"


def make_options(
    kind: type[Kind],
    given: Mapping[str, Any],
    file: Path | None = None,
    kept: Mapping[str, Any] | None = None,
) -> Kind:
    """Return validated options: those given, over those of a YAML file, over the defaults.

    Parameters
    ----------
    kind : type of Options
    given : mapping
    file : Path, optional
    kept : mapping, optional
        Those that what goes on was begun with, which stand in for the defaults.

    Raises
    ------
    UserError
        For an unknown key (the nearest is suggested) or a value out of range, naming the option.
    """
    written = {} if file is None else read_yaml(file)
    origin = {key: f"{file}: " for key in written if key not in given}
    try:
        return kind.model_validate({**(kept or {}), **written, **given})
    except ValidationError as error:
        raise _user_error(kind, error, origin) from None


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises
    ------
    UserError
        If the file is missing, is no YAML, or holds something other than a mapping.
    """
    import yaml

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: cannot be read ({error})", "Give an existing YAML file."
        ) from error
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise UserError(f"{path}: not valid YAML ({where})", "Mend the file.") from error
    if not isinstance(raw, dict):
        raise UserError(f"{path}: expected options as KEY: VALUE lines", "Mend the file.")
    return {str(key).replace("-", "_"): value for key, value in raw.items()}


def _user_error(
    kind: type[Options], error: ValidationError, origin: Mapping[str, str]
) -> UserError:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    where = origin.get(key, "")
    if first["type"] == "extra_forbidden":
        return UserError(
            f"{where}unknown option '{key}'",
            did_you_mean(key, kind.model_fields) or f"Known: {', '.join(kind.model_fields)}.",
        )
    said = first["msg"].removeprefix("Value error, ")
    said = said[0].lower() + said[1:]
    # The settings of an addition are options too, and have no flag.
    name = flag_of(key) if kind.__module__ == __name__ else key
    return UserError(
        f"{where}option '{key}' is {first['input']!r}: {said}",
        f"Change it; {name}: {kind.model_fields[key].description}",
    )


class SelectOptions(DataColumns, ComputeOptions):
    """Everything that decides the outcome of ``finetrust select``."""

    models: Annotated[tuple[str | dict[str, Any], ...], BeforeValidator(_numbers)] = Field(
        (),
        description="Models to choose from, comma-separated: names as for --model, NAME@WEIGHTS-FILE, "
        "and patterns such as timm:top20@25MB (the largest of each family up to a size) or "
        "timm:top20@6M (parameters). In YAML also options such as {model: NAME, mean: ...}. "
        "[default: timm:top10@50MB for images]",
    )
    val_fraction: Fraction = Field(
        0.15, description="Share cut off for validation where the data name no such split."
    )
    test_fraction: Fraction = Field(
        0.15, description="Share cut off for testing where the data name no split at all."
    )
    input_size: Count | None = Field(
        None, description="Longer side of an image's input in pixels. [default: each model's own]"
    )
    max_length: Count | None = Field(
        None, description="Tokens of a text that are read at once. [default: each model's own]"
    )
    trust_remote_code: bool = Field(
        False, description="Run the code that comes with models of Hugging Face's hub."
    )
    max_size: Positive | None = Field(
        None, description="Leave out models whose weights take more, in MB of float32."
    )
    max_latency: Positive | None = Field(
        None, description="Leave out models that take longer for one input here, in ms."
    )
    max_input_size: Count | None = Field(
        None, description="Leave out models that read larger images (pixels) or more tokens."
    )
    licences: Names = Field(
        (),
        description="Licences that are allowed, comma-separated, such as apache-2.0,mit; what is not "
        "known is left out too. [default: all]",
    )
    items: Count | None = Field(
        None, description="At most so many training items are read. [default: all]"
    )
    budget: str | None = Field(
        None, description="Time that may be spent, such as 90s, 10m or 1h30m. [default: no limit]"
    )
    jobs: Count | None = Field(
        None,
        description="Models that are examined at a time, each by a process. [default: 1; over Ray one "
        "for every CPU]",
    )
    ray: str | None = Field(
        None,
        description="Examine models over Ray (extra ray): local, auto for a cluster that this machine "
        "belongs to, or the HOST:PORT of one. Its machines read data and models by the same paths. "
        "[default: processes of this machine]",
    )
    out: str | None = Field(None, description="Folder of the results. [default: runs/select-DATA]")
