"""The time of explanations and of their faithfulness, beside bare passes and the loops of other libraries.

    python benchmarks/explanations.py
    python benchmarks/explanations.py --model benchmarks/backbones.py:cifar_resnet20 --size 32
        --weights ../shared/data/weights-cifar10-resnet/resnet20-12fca82f.th

Heat maps by Grad-CAM against one forward and one backward pass of the same batches; insertion and
deletion against Quantus and against a loop over items; other methods against captum with the same steps,
windows, coalitions and batches. All on the same images of noise; ours and theirs take turns in one process,
and the shortest time of each counts. Prints a Markdown table.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable, Iterator
from typing import Any

import captum.attr
import numpy as np
import quantus
import torch
import torchvision
from quantus.functions.perturb_func import noisy_linear_imputation
from torch import Tensor, nn

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.kernel_shap import KernelShap
from finetrust.trust.interpretability.attributions.superpixels import superpixels
from finetrust.trust.interpretability.faithfulness.baseline_maps import random_maps
from finetrust.trust.interpretability.faithfulness.judging import CELLS
from finetrust.trust.interpretability.faithfulness.removal import (
    deletion,
    flipping_fractions,
    removal_curves,
)
from finetrust.trust.interpretability.faithfulness.replacements.noisy_linear import (
    linear_imputation,
)
from finetrust.trust.interpretability.faithfulness.replacements.replacement import replacements
from finetrust.trust.interpretability.spatial_layer import find_layer

FRACTIONS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
STEPS_OF_FLIPPING = 8


class Normalised(nn.Module):
    """A network from pixels in [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network((images - 0.45) / 0.225)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet18", help="of torchvision, or FILE.py:FUNCTION")
    parser.add_argument("--weights", help="checkpoint with a state_dict; random without one")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--maps", type=int, default=1000, help="maps by Grad-CAM")
    parser.add_argument("--items", type=int, default=32, help="items of everything else")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    ours = parser.parse_args()
    torch.manual_seed(0)
    network = Normalised(loaded(ours.model, ours.weights)).eval().to(ours.device)
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    images = torch.rand(ours.maps, 3, ours.size, ours.size, device=ours.device)
    targets = torch.randint(0, 10, (ours.maps,), device=ours.device)
    print(f"{ours.model}, {ours.size} pixels, batches of {ours.batch}, {ours.device}\n")
    print("| what | finetrust | beside it | seconds | seconds beside it | ratio |")
    print("|---|---|---|---|---|---|")
    few = images[: ours.items], targets[: ours.items]
    contests = [
        *grad_cam_maps(network, images, targets, ours.batch),
        *removals(network, *few, ours.batch),
        *methods(network, *few, ours.batch),
    ]
    for what, name, mine, other_name, other in contests:
        one, two = in_turns(mine, other, ours.rounds)
        print(
            f"| {what} | {name} | {other_name} | {one:.2f} | {two:.2f} | {one / two:.2f} |",
            flush=True,
        )


Contest = tuple[str, str, Callable[[], Any], str, Callable[[], Any]]


def grad_cam_maps(
    network: nn.Module, images: Tensor, targets: Tensor, batch: int
) -> Iterator[Contest]:
    grad_cam, layer = attributions.get("grad_cam"), find_layer(network, images[:1])
    parts = list(zip(images.split(batch), targets.split(batch), strict=True))

    def maps() -> None:
        for part, target in parts:
            grad_cam(Explained(network), part, target)

    def passes() -> None:
        for part, target in parts:
            pixels = part.clone().requires_grad_(True)
            of_target = network(pixels).gather(1, target[:, None]).sum()
            torch.autograd.grad(of_target, pixels)

    def of_captum() -> None:
        method = captum.attr.LayerGradCam(network, layer)
        for part, target in parts:
            found = method.attribute(part.clone().requires_grad_(True), target=target)
            captum.attr.LayerAttribution.interpolate(found, part.shape[-2:], "bilinear")

    what = f"{len(images):,} maps by Grad-CAM"
    yield what, "grad_cam", maps, "one pass forward and back", passes
    yield what, "grad_cam", maps, "captum LayerGradCam", of_captum


def removals(network: nn.Module, images: Tensor, targets: Tensor, batch: int) -> Iterator[Contest]:
    n, size = len(images), images.shape[-1]
    maps, seeds = torch.rand_like(images[:, 0]), torch.arange(n, device=images.device)
    black = replacements.get("black")

    def curves() -> None:
        removal_curves(network, images, targets, [maps], seeds, black, FRACTIONS, batch)

    def item_by_item() -> None:
        for image, one, target in zip(images, maps, targets.tolist(), strict=True):
            order = one.flatten().argsort(descending=True)
            for keep in (False, True):
                for fraction in FRACTIONS:
                    gone = torch.full_like(order, keep, dtype=torch.bool)
                    gone[order[: round(fraction * len(order))]] = not keep
                    with torch.no_grad():
                        network(image.masked_fill(gone.view(size, size), 0.0)[None])[
                            0, target
                        ].item()

    def flipped() -> None:
        fractions = flipping_fractions(size**2, size**2 // STEPS_OF_FLIPPING)
        deletion(network, images, targets, maps, seeds, black, fractions, batch)

    def of_quantus() -> None:
        quantus.PixelFlipping(
            features_in_step=size**2 // STEPS_OF_FLIPPING, perturb_baseline="black", abs=False,
            normalise=False, disable_warnings=True, display_progressbar=False,
        )(
            model=network, x_batch=images.cpu().numpy(), y_batch=targets.cpu().numpy(),
            a_batch=maps[:, None].cpu().numpy(), device=str(images.device), softmax=True,
            channel_first=True, batch_size=batch,
        )  # fmt: skip

    gone = random_maps(images, seeds, CELLS) > 0.5

    def imputed() -> None:
        linear_imputation(images, gone)

    def solved_directly() -> None:
        for image, hole in zip(images.cpu().numpy(), gone.cpu().numpy(), strict=True):
            noisy_linear_imputation(image, np.flatnonzero(hole), noise=0)

    what = f"{n} items, insertion and deletion in {len(FRACTIONS)} steps"
    yield what, "removal_curves", curves, "a loop over items and steps", item_by_item
    what = f"{n} items, deletion in {STEPS_OF_FLIPPING} steps"
    yield what, "deletion", flipped, "quantus PixelFlipping", of_quantus
    what = f"{n} items, half of each interpolated from the other"
    yield what, "noisy_linear", imputed, "quantus noisy_linear_imputation", solved_directly


def methods(network: nn.Module, images: Tensor, targets: Tensor, batch: int) -> Iterator[Contest]:
    n, size = len(images), images.shape[-1]
    window = max(1, size // 8)
    ends = [torch.zeros_like(images), torch.ones_like(images)]
    regions = [
        torch.from_numpy(superpixels(image.permute(1, 2, 0).double().cpu().numpy(), 50)).to(targets.device)
        for image in images
    ]  # fmt: skip

    def by(method: str) -> Callable[[], Any]:
        return lambda: attributions.get(method)(Explained(network), images, targets)

    def saliency() -> None:
        captum.attr.Saliency(network).attribute(images.clone().requires_grad_(True), targets)

    def integrated() -> None:
        for baseline in ends:
            captum.attr.IntegratedGradients(network).attribute(
                images, baseline, targets, n_steps=32, internal_batch_size=batch
            )

    def occlusion() -> None:
        method = captum.attr.Occlusion(network)
        for image, target in zip(images, targets, strict=True):
            method.attribute(
                image[None], (3, window, window), (3, max(1, window // 2), max(1, window // 2)),
                float(image.mean()), target, perturbations_per_eval=batch,
            )  # fmt: skip

    def kernel_shap() -> None:
        method = captum.attr.KernelShap(network)
        for image, target, places in zip(images, targets, regions, strict=True):
            method.attribute(
                image[None], float(image.mean()), target, feature_mask=places[None, None],
                n_samples=2 * KernelShap().pairs, perturbations_per_eval=batch,
            )  # fmt: skip

    yield f"{n} items", "saliency", by("saliency"), "captum Saliency", saliency
    yield (
        f"{n} items, 2 x 32 steps", "integrated_gradients", by("integrated_gradients"),
        "captum IntegratedGradients", integrated,
    )  # fmt: skip
    yield f"{n} items", "occlusion", by("occlusion"), "captum Occlusion", occlusion
    yield (
        f"{n} items, 800 coalitions",
        "kernel_shap",
        by("kernel_shap"),
        "captum KernelShap",
        kernel_shap,
    )


def in_turns(mine: Callable[[], Any], other: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Return the shortest seconds of each."""
    times = np.array([[seconds(mine), seconds(other)] for _ in range(rounds)])
    return tuple(times.min(axis=0))


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def loaded(name: str, weights: str | None) -> nn.Module:
    if ".py:" not in name:
        return getattr(torchvision.models, name)(weights=None)
    file, function = name.split(":")
    spec = importlib.util.spec_from_file_location("builders", file)
    builders = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builders)
    network = getattr(builders, function)()[0]
    if weights is not None:
        state = torch.load(weights, map_location="cpu", weights_only=True)["state_dict"]
        network.load_state_dict({k.removeprefix("module."): v for k, v in state.items()})
    return network


if __name__ == "__main__":
    main()
