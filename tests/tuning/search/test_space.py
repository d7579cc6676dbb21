"""A space is read and checked before anything runs, and only what means something is drawn."""

from typing import Any

import pytest
import yaml

from finetrust.config import TuneOptions, make_options
from finetrust.core.errors import UserError
from finetrust.tasks.task import TrainingDefaults
from finetrust.tuning.plan import read_plan
from finetrust.tuning.search.read_space import SEARCHED, read_space
from finetrust.tuning.search.space import Choice, Dimension, Range, Space

FIXED = make_options(TuneOptions, {"model": "glyphnet", "data": "digits"})
DEFAULTS = TrainingDefaults(full_rate=0.002, probe_rate=0.02, backbone_share=0.5)
WHOLE = """
strategy: [lp-ft, linear-probe]
additions:
  averaging: [none, ema, swa(start=0.6)]
  pull: [none, l2-sp]
l2-sp.weight: {low: 1e-4, high: 1, log: true}
learning_rate: {low: 0.1, high: 10, log: true, relative: true}
layer-decay: {low: 0.5, high: 1}
epochs: {low: 3, high: 10}
batch_size: [16, auto]
weight_decay: 0.01
"""


def read(text: str) -> Space:
    return read_space(yaml.safe_load(text.replace("layer-decay", "layer_decay")), "space.yaml")


def drawn(space: Space, fixed: TuneOptions = FIXED, **chosen: Any) -> dict[str, Any]:
    """Draw what is chosen by name ('.' and '-' as '_'), else the first choice or the lower end."""

    def suggest(name: str, dimension: Dimension) -> Any:
        first = dimension.values[0] if isinstance(dimension, Choice) else dimension.low
        return chosen.get(name.replace(".", "_").replace("-", "_"), first)

    return space.draw(suggest, fixed, DEFAULTS)


def test_what_is_read_can_be_written_and_read_again() -> None:
    space = read(WHOLE)
    again = yaml.safe_dump(space.to_dict())
    assert read(again).dimensions == space.dimensions


def test_whole_numbers_stay_whole() -> None:
    dimensions = read(WHOLE).dimensions
    assert dimensions["epochs"] == Range(3, 10, whole=True)
    assert dimensions["layer_decay"] == Range(0.5, 1.0)


def test_strategy_and_additions_are_joined_with_the_settings_that_are_drawn() -> None:
    options = drawn(
        read(WHOLE), additions_averaging="ema", additions_pull="l2-sp", l2_sp_weight=0.5
    )
    assert options["strategy"] == "lp-ft + ema + l2-sp(weight=0.5)"
    assert read_plan(options["strategy"]).added["l2-sp"].weight == 0.5


def test_a_setting_is_not_drawn_without_its_addition() -> None:
    assert drawn(read(WHOLE), l2_sp_weight=0.5)["strategy"] == "lp-ft"


def test_what_acts_on_the_backbone_is_not_drawn_for_a_linear_probe() -> None:
    assert drawn(read(WHOLE))["layer_decay"] == 0.5
    assert "layer_decay" not in drawn(read(WHOLE), strategy="linear-probe")


def test_a_relative_rate_is_a_factor_on_that_of_the_strategy() -> None:
    rates = {
        s: drawn(read(WHOLE), strategy=s, learning_rate=2.0) for s in ("lp-ft", "linear-probe")
    }
    assert rates["lp-ft"]["learning_rate"] == 0.004
    assert rates["linear-probe"]["learning_rate"] == 0.04


def test_the_relative_rate_of_the_backbone_follows_that_of_the_head() -> None:
    both = "{low: 0.1, high: 10, relative: true}"
    space = read(f"learning_rate: {both}\nbackbone_learning_rate: {both}")
    options = drawn(space, learning_rate=2.0, backbone_learning_rate=0.5)
    assert options["backbone_learning_rate"] == pytest.approx(0.5 * 0.5 * 0.004)


def test_every_drawn_combination_is_a_plan() -> None:
    texts = list(read(WHOLE).combinations(FIXED))
    assert len(texts) == 2 * 3 * 2
    assert "linear-probe + swa(start=0.6) + l2-sp" in texts
    assert all(read_plan(text).text == text for text in texts)


def test_the_first_trial_is_what_is_done_where_nobody_searches() -> None:
    default = read(WHOLE).default(FIXED, DEFAULTS)
    assert default["strategy"] == "lp-ft"
    assert default["additions.averaging"] == default["additions.pull"] == "none"
    assert default["learning_rate"] == 1.0
    assert default["layer_decay"] == DEFAULTS.layer_decay
    assert default["batch_size"] == "auto"
    assert "l2-sp.weight" not in default


def test_what_the_space_does_not_hold_is_left_to_chance() -> None:
    assert "layer_decay" not in read("layer_decay: {low: 0.1, high: 0.2}").default(FIXED, DEFAULTS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lerning_rate: [1]", "unknown option 'lerning_rate'. Did you mean 'learning_rate'"),
        ("learning_rate: {low: 1, high: 0.1}", r"low \(1\) is not below high \(0.1\)"),
        ("learning_rate: fast", "learning_rate is 'fast': input should be a valid number"),
        ("label_smoothing: [0.1, 1.5]", "label_smoothing is 1.5: input should be less than 1"),
        ("seed: [1, 2]", "'seed' must be the same for all trials"),
        ("val_fraction: [0.1, 0.2]", "'val_fraction' must be the same for all trials"),
        ("strategy: [foll]", "unknown strategy 'foll'. Did you mean 'full'"),
        ("strategy: [full, full]", "a choice is there twice"),
        ("additions: [emo]", "unknown addition 'emo'"),
        ("additions: [ema + swa]", "ema and swa both are the averaging"),
        ("l2-sp.weigt: [1]", "l2-sp has no setting 'weigt'. Did you mean 'weight'"),
        ("l2sp.weight: [1]", "unknown addition 'l2sp'.*Did you mean 'l2-sp'"),
        ("l2-sp.weight: [1]", "l2-sp.weight is set, and no choice has l2-sp"),
        ("additions: [l2-sp(weight=1)]\nl2-sp.weight: [1]", "in brackets and l2-sp.weight beside"),
        ("additions: [l2-sp]\nl2-sp.weight: [-1]", "l2-sp.weight is -1: .*greater than or equal"),
        ("epochs: {low: 0, high: 3}", "epochs is 0: .*greater than or equal to 1"),
        ("epochs: {low: 1.5, high: 3}", "epochs is 1.5: .*integer"),
        ("epochs: {low: 1, high: 3, step: 0.5}", "the step of whole numbers is 0.5"),
        ("epochs: []", "neither choices nor a range"),
        ("epochs: {low: 3}", "a range needs low and high"),
        ("augment: {low: 0, high: 1}", "augment is 0: "),
        ("mixup: {low: 0, high: 1, log: true}", "a logarithmic range lies above 0"),
        ("mixup: {low: 0, high: .inf}", "not a number"),
        ("layer_decay: {low: 0.5, hgh: 1}", "unknown key 'hgh'. Did you mean 'high'"),
        (
            "mixup: {low: 0.1, high: 0.5, relative: true}",
            "only learning_rate and backbone_learning",
        ),
        ("mixup: {low: 0.1, high: 0.5, log: often}", "log and relative are true or false"),
        ("{}", "the space is empty"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        read(text)
    assert str(raised.value).startswith("space.yaml: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["seed", "data", "model", "val_fraction", "label_column", "out"])
def test_what_trials_are_judged_by_cannot_vary(name: str) -> None:
    assert name not in SEARCHED
