"""Features of a frozen backbone are computed once, and the result is that of the slow way."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import finetrust
from finetrust.data.loader import epoch_order
from finetrust.models import features
from finetrust.tuning.optimizer import Schedule

from .runs import digits, same, tuned, weights_of

PIXELS_SEEN = [0]


class Counting(nn.Module):
    """A small frozen network that counts the images that pass through it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 4)
        self.fc = nn.Linear(8, 3)

    def forward(self, images: Tensor) -> Tensor:
        PIXELS_SEEN[0] += len(images)
        return self.fc(self.conv(images).relu().mean((2, 3)))


def logits_of(run: finetrust.Run, data: finetrust.Dataset) -> Tensor:
    network = run.model.network
    transform = network.preprocessing.transform()
    with torch.no_grad():
        return network(torch.stack([transform(data.inputs[i]) for i in range(len(data))]))


def test_the_cached_path_ends_with_the_logits_of_the_uncached_one(tmp_path: Path) -> None:
    data = digits()
    runs = [
        tuned(tmp_path / str(cache), data, strategy="linear-probe", epochs=10, cache=cache)
        for cache in (True, False)
    ]
    cached, uncached = (logits_of(run, data) for run in runs)
    assert [run.folder.record["phases"][0]["cached"] for run in runs] == [True, False]
    torch.testing.assert_close(cached, uncached, atol=1e-4, rtol=0)


def test_features_that_take_too_much_room_are_computed_anew_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = digits()
    cached = tuned(tmp_path / "cached", data, strategy="linear-probe", epochs=4)
    monkeypatch.setattr(features, "MOST_BYTES", 0)
    passed = tuned(tmp_path / "passed", data, strategy="linear-probe", epochs=4)
    assert [run.folder.record["phases"][0]["cached"] for run in (cached, passed)] == [True, False]
    torch.testing.assert_close(logits_of(passed, data), logits_of(cached, data), atol=1e-4, rtol=0)


def test_a_linear_probe_is_the_plain_loop_over_the_frozen_network(tmp_path: Path) -> None:
    data = digits()
    run = tuned(
        tmp_path / "run",
        data,
        strategy="linear-probe",
        input_size=32,
        epochs=10,
        batch_size=10,
        val_fraction=0,
        clip_norm=None,
    )

    from finetrust.config import ModelOptions
    from finetrust.models.assemble import assemble_classifier, classifier_network

    assembled = assemble_classifier(ModelOptions(model="glyphnet"))
    train = data.split("train")
    torch.manual_seed(0)
    network = classifier_network(
        assembled.parts.backbone, nn.Linear(assembled.parts.features, 10), assembled.preprocessing
    ).eval()
    head = network.head
    optimizer = torch.optim.AdamW(
        [{"params": [head.weight]}, {"params": [head.bias], "weight_decay": 0.0}], weight_decay=0.01
    )
    transform = network.preprocessing.transform()
    images = torch.stack([transform(train.inputs[i]) for i in range(len(train))])
    targets = torch.from_numpy(train.targets)
    best, best_loss = None, np.inf
    val = data.split("val")
    val_images = torch.stack([transform(val.inputs[i]) for i in range(len(val))])
    best_accuracy = -1.0
    for epoch in range(10):
        order = epoch_order(len(train), 0, epoch)
        for number in range(5):
            rows = torch.from_numpy(order[number * 10 : number * 10 + 10])
            for group in optimizer.param_groups:
                group["lr"] = 1e-2 * Schedule(0.1).factor(epoch * 5 + number, 50)
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images[rows]), targets[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            logits = network(val_images)
        accuracy = float((logits.argmax(1) == torch.from_numpy(val.targets)).double().mean())
        loss = float(nn.functional.cross_entropy(logits.double(), torch.from_numpy(val.targets)))
        if (accuracy, -loss) > (best_accuracy, -best_loss):
            best_accuracy, best_loss = accuracy, loss
            best = {k: v.clone() for k, v in head.state_dict().items()}
    head.load_state_dict(best)
    with torch.no_grad():
        torch.testing.assert_close(logits_of(run, train), network(images), atol=1e-4, rtol=0)


def test_a_second_run_passes_no_image_through_the_backbone(tmp_path: Path) -> None:
    torch.manual_seed(7)
    module, data = Counting(), digits()
    preprocessing = finetrust.Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3)

    def seen(name: str, **options: object) -> int:
        before = PIXELS_SEEN[0]
        copy = Counting()
        copy.load_state_dict(module.state_dict())
        tuned(
            tmp_path / name,
            data,
            model=copy,
            preprocessing=preprocessing,
            strategy="linear-probe",
            epochs=4,
            **options,
        )
        return PIXELS_SEEN[0] - before

    cold, warm, uncached = seen("cold"), seen("warm", seed=3), seen("uncached", cache=False)
    assert warm < 10, "only the few images that find the head"
    cold, uncached = (more - warm for more in (cold, uncached))
    folding = cold - 100
    assert 0 <= folding <= 4, "each of 50 training and 50 validation images once"
    assert uncached == folding + 4 * (48 + 50), "all full batches and the validation every epoch"


def test_changed_images_weights_or_preprocessing_are_not_taken_from_the_cache(
    tmp_path: Path,
) -> None:
    data = digits()
    first = weights_of(tuned(tmp_path / "a", data, strategy="linear-probe"))
    smaller = weights_of(tuned(tmp_path / "b", data, strategy="linear-probe", input_size=24))
    random = weights_of(tuned(tmp_path / "c", data, strategy="linear-probe", weights="random"))
    assert not torch.equal(first["head.weight"], smaller["head.weight"])
    assert not torch.equal(first["head.weight"], random["head.weight"])


@pytest.mark.parametrize("augment", ["none", "crop-flip"])
def test_a_linear_probe_leaves_the_backbone_bitwise_as_it_was(augment: str, tmp_path: Path) -> None:
    from finetrust.models.finetrust_source import WEIGHTS

    run = tuned(tmp_path / "run", strategy="linear-probe", augment=augment)
    saved = weights_of(run)
    backbone = {
        k.removeprefix("backbone."): v for k, v in saved.items() if k.startswith("backbone.")
    }
    assert same(backbone, {k: v for k, v in load_file(WEIGHTS).items() if k in backbone})
