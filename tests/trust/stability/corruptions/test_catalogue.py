"""What every registered corruption promises."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from finetrust.core.errors import UserError
from finetrust.trust.stability.corruptions.catalogue import SEVERITIES, Corruption, corruptions

EVERY = [pytest.param(corruption, id=name) for name, corruption in corruptions.items()]
NOT_IN_ORDER = {
    "elastic_transform", "frost", "glass_blur", "motion_blur", "saturate", "spatter", "zoom_blur",
}  # fmt: skip
"""Their published parameters themselves do not go up with the distance from the image."""
SIZES = [(33, 96), (100, 96)]


def images(n: int, size: tuple[int, int]) -> Tensor:
    """Return noise over smooth shades, which no corruption leaves as they are."""
    generator = torch.Generator().manual_seed(0)
    shade = torch.linspace(0, 1, size[1]).expand(n, 3, *size)
    return (0.7 * shade + 0.3 * torch.rand(n, 3, *size, generator=generator)).contiguous()


SEEDS = torch.arange(100, 107)


def test_the_four_corruptions_of_the_first_profile_are_registered() -> None:
    expected = {"gaussian_noise", "defocus_blur", "brightness", "contrast"}
    assert expected <= set(corruptions.names())


def test_an_unknown_corruption_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown corruption 'contrst'.*Did you mean 'contrast'"):
        corruptions.get("contrst")


@pytest.mark.parametrize("corruption", EVERY)
def test_it_is_described_and_has_five_parameters_for_either_size(corruption: Corruption) -> None:
    assert corruption.family in ("noise", "blur", "weather", "digital")
    assert len(corruption.small) == len(corruption.large) == len(SEVERITIES) == 5
    assert corruption.apply.__doc__
    assert corruption.name == corruption.apply.__name__


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corruption", EVERY)
def test_values_stay_within_0_and_1_and_shape_and_input_as_they_are(
    corruption: Corruption, size: tuple[int, int]
) -> None:
    given = images(3, size)
    given[0], given[1] = 0, 1
    kept = given.clone()
    for severity in SEVERITIES:
        found = corruption(given, severity, SEEDS[:3])
        assert found.shape == given.shape
        assert found.dtype == given.dtype
        assert found.min() >= 0
        assert found.max() <= 1
        assert found.isfinite().all()
    assert torch.equal(given, kept)


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """How many threads share the work of one operation, and so may round at other places."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corruption", EVERY)
def test_the_same_seed_gives_the_same_image_in_any_batch_and_any_order(
    corruption: Corruption, size: tuple[int, int], threads: int
) -> None:
    given = images(7, size)
    for severity in (1, 5):
        together = corruption(given, severity, SEEDS)
        backwards = corruption(given.flip(0), severity, SEEDS.flip(0)).flip(0)
        assert torch.equal(together, backwards)
        channels_last = given.contiguous(memory_format=torch.channels_last)
        assert torch.equal(together, corruption(channels_last, severity, SEEDS))
        for length in (1, 2, 3):
            parts = [
                corruption(given[i : i + length], severity, SEEDS[i : i + length])
                for i in range(0, 7, length)
            ]
            assert torch.equal(together, torch.cat(parts))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corruption", EVERY)
def test_a_higher_severity_is_further_from_the_image(
    corruption: Corruption, size: tuple[int, int]
) -> None:
    given = images(4, size)
    distance = [
        float((corruption(given, severity, SEEDS[:4]) - given).square().mean())
        for severity in SEVERITIES
    ]
    if corruption.name not in NOT_IN_ORDER:
        assert distance == sorted(distance)
        assert len(set(distance)) == 5
    assert distance[0] > 0


@pytest.mark.parametrize("corruption", EVERY)
def test_the_size_of_the_image_decides_on_the_table(corruption: Corruption) -> None:
    for size, table in (((90, 200), corruption.small), ((91, 91), corruption.large)):
        given = images(1, size)
        expected = corruption.apply(given, table[2], SEEDS[:1]).clamp(0, 1)
        assert torch.equal(corruption(given, 3, SEEDS[:1]), expected)


@pytest.mark.parametrize("severity", [0, 6])
@pytest.mark.parametrize("corruption", EVERY)
def test_a_severity_that_was_never_published_is_refused(
    corruption: Corruption, severity: int
) -> None:
    with pytest.raises(ValueError, match=f"severity {severity} of '{corruption.name}'"):
        corruption(images(1, (32, 32)), severity, SEEDS[:1])


@pytest.mark.parametrize("corruption", EVERY)
def test_no_images_give_no_images(corruption: Corruption) -> None:
    assert corruption(torch.zeros(0, 3, 32, 32), 3, SEEDS[:0]).shape == (0, 3, 32, 32)


@pytest.mark.parametrize("corruption", EVERY)
def test_images_of_half_precision_come_back_as_such(corruption: Corruption) -> None:
    found = corruption(images(1, (32, 32)).bfloat16(), 3, SEEDS[:1])
    assert found.dtype == torch.bfloat16
