import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from finetrust.data.masks.masks import IGNORE
from finetrust.models.letterbox import Letterbox
from finetrust.tasks.segmentation_answers import decoded_masks, run_lengths
from finetrust.tasks.segmentation_figures import judged, mask_figures
from finetrust.tasks.segmentation_logits import at_image_size

BOX = Letterbox(64, 96, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@given(st.integers(10, 300), st.integers(10, 300))
def test_a_place_comes_back_to_where_it_was_in_the_image(width: int, height: int) -> None:
    # Logits that are the places themselves, on the grid of a quarter of the canvas.
    y, x = torch.meshgrid(torch.arange(16) * 4 + 1.5, torch.arange(24) * 4 + 1.5, indexing="ij")
    (found,) = at_image_size(torch.stack([y, x])[None], [(width, height)])
    assert found.shape == (2, height, width)
    across, down = BOX.scaled_size((width, height))
    for axis, (scaled, side) in enumerate(((down, height), (across, width))):
        place = (np.arange(side) + 0.5) * scaled / side - 0.5
        line = found[axis, :, width // 2] if axis == 0 else found[axis, height // 2]
        inner = (place > 2) & (place < min(scaled, BOX.canvas[axis]) - 4)
        np.testing.assert_allclose(line.numpy()[inner], place[inner], atol=0.51 + scaled / side / 2)


def test_logits_of_an_image_that_fits_are_only_enlarged() -> None:
    logits = torch.randn(1, 3, 16, 24)
    (found,) = at_image_size(logits, [(96, 64)])
    expected = functional.interpolate(logits, (64, 96), mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(found, expected)


def test_logits_of_a_whole_large_image_are_cut_to_it() -> None:
    logits = torch.randn(3, 24, 40)
    (found,) = at_image_size([logits], [(150, 90)])
    enlarged = functional.interpolate(logits[None], (96, 160), mode="bilinear")[0]
    torch.testing.assert_close(found, enlarged[:, :90, :150])


def test_figures_add_up_over_batches() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 3, 4, 6, generator=generator)
    targets = torch.randint(3, (5, 16, 24), generator=generator)
    targets[0, :8] = IGNORE
    parts = [judged(logits[a:b], targets[a:b].to(torch.uint8)) for a, b in ((0, 2), (2, 5))]
    found = mask_figures(parts)
    enlarged = functional.interpolate(logits, (16, 24), mode="bilinear", align_corners=False)
    assert found["loss"] == pytest.approx(
        float(functional.cross_entropy(enlarged, targets, ignore_index=IGNORE)), rel=1e-5
    )
    labels, known = enlarged.argmax(1), targets != IGNORE
    ious = [
        float(((labels == c) & (targets == c)).sum())
        / float((((labels == c) & known) | (targets == c)).sum())
        for c in range(3)
    ]
    assert found["miou"] == pytest.approx(np.mean(ious))
    assert found["pixel_accuracy"] == pytest.approx(
        float((labels == targets)[known].float().mean())
    )
    assert found == pytest.approx(mask_figures([judged(logits, targets.to(torch.uint8))]))


def test_whole_images_are_judged_at_their_own_sizes() -> None:
    logits = [torch.randn(3, 24, 40), torch.randn(3, 16, 16)]
    targets = [torch.randint(3, (96, 160)), torch.randint(3, (64, 64))]
    together = judged(logits, targets)
    alone = [judged([one], [target]) for one, target in zip(logits, targets, strict=True)]
    assert torch.equal(together[0], alone[0][0] + alone[1][0])
    assert together[2] == 96 * 160 + 64 * 64


def test_an_answer_holds_shares_confidence_and_the_mask() -> None:
    logits = torch.full((1, 2, 16, 24), -20.0)
    logits[0, 0, :, :12] = 20
    logits[0, 1, :, 12:] = 20

    class Value:
        size = (96, 64)

    (answer,) = decoded_masks(logits, [Value()], ["sky", "road"], {"temperature": 2.0})
    assert answer["classes"] == {"sky": 0.5, "road": 0.5}
    assert answer["confidence"] > 0.98
    assert answer["mask"]["size"] == [64, 96]
    assert answer["mask"]["runs"][:4] == [0, 48, 1, 48]


def test_an_image_without_a_finite_answer_is_an_error() -> None:
    class Value:
        size = (96, 64)

    (answer,) = decoded_masks(torch.full((1, 2, 16, 24), torch.nan), [Value()], ["a", "b"], {})
    assert answer == {"error": "the model returned NaN or infinity"}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_run_lengths_give_the_mask_back(labels: list[int]) -> None:
    runs = np.array(run_lengths(np.array(labels)[None])).reshape(-1, 2)
    assert np.repeat(runs[:, 0], runs[:, 1]).tolist() == labels
