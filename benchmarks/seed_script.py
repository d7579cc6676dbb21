"""The script that people start from against ``finetrust tune --strategy linear-probe``, in one run.

The script: all layers frozen, a new last layer, Adam, batches of 32, ten epochs, every step a forward
pass through the whole network, model left in train mode, no normalisation. Both get the same images,
the same pretrained weights, the same epochs and the same machine. Each part runs in a process of its
own; the time counts from after the imports to the fine-tuned model, for finetrust with all that it
does beside (checking the data, calibration, saving), for the script without any evaluation.

    python benchmarks/seed_script.py --data ../shared/data/cifar10
    python benchmarks/seed_script.py --data ../shared/data/cifar10 --model mobilenetv1 --size 96 \
        --weights ../shared/data/weights-imagenet-mobilenetv1/mobilenetv1_100_12blocks.safetensors

``--data`` holds ``train/CLASS/*`` and ``test/CLASS/*``. Without ``--weights`` the ResNet-50 has random
ones: its accuracy then says nothing, its time is the same.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EPOCHS = 10
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", choices=("resnet50", "mobilenetv1"), default="resnet50")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--size", type=int, default=32, help="side of the input in pixels")
    parser.add_argument("--runs", type=int, default=1, help="repetitions; medians are printed")
    parser.add_argument("--part", choices=("script", "finetrust"), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        part = {"script": script, "finetrust": finetrust_probe}[options.part]
        print(json.dumps({**part(options), "memory_mb": peak_memory()}))
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.weights is None:
            options.weights = random_weights(Path(folder))
        rows: dict[str, list[dict[str, float]]] = {"script": [], "cold cache": [], "warm cache": []}
        for number in range(options.runs):
            cache = f"{folder}/cache-{number}"
            rows["script"].append(measured(options, "script", cache, folder))
            for temperature in ("cold", "warm"):
                out = f"{folder}/{temperature}-{number}"
                rows[f"{temperature} cache"].append(measured(options, "finetrust", cache, out))
        show(options, rows)


def measured(options: argparse.Namespace, part: str, cache: str, out: str) -> dict[str, float]:
    """Run one part in a process of its own and return its figures."""
    command = [sys.executable, __file__, "--part", part, "--data", str(options.data)]
    command += ["--model", options.model, "--weights", str(options.weights)]
    command += ["--size", str(options.size), "--out", out]
    environment = {**os.environ, "FINETRUST_CACHE": cache}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(options: argparse.Namespace, rows: dict[str, list[dict[str, float]]]) -> None:
    print(
        f"{options.model}, {options.size} px, {EPOCHS} epochs, {options.data}, {os.cpu_count()} cores"
    )
    script_seconds = statistics.median(row["seconds"] for row in rows["script"])
    for name, figures in rows.items():
        row = {key: statistics.median(f[key] for f in figures) for key in figures[0]}
        label = name if name == "script" else f"finetrust, {name}"
        print(
            f"{label:22} {row['seconds']:8.2f} s   {script_seconds / row['seconds']:6.1f} times as fast"
            f"   test accuracy {row['accuracy']:.1%}   peak memory {row['memory_mb']:.0f} MB"
        )


def script(options: argparse.Namespace) -> dict[str, float]:
    """Train as the plain script does; the accuracy is judged afterwards, as the script leaves it."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    start = time.perf_counter()
    transform = transforms.Compose(
        [
            transforms.Resize(options.size),
            transforms.CenterCrop(options.size),
            transforms.ToTensor(),
        ]
    )
    train = datasets.ImageFolder(str(options.data / "train"), transform)
    test = datasets.ImageFolder(str(options.data / "test"), transform)
    model, features = build_for_script(options)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(features, len(train.classes))
    optimizer = torch.optim.Adam(model.fc.parameters(), lr=0.001)
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(EPOCHS):
        for images, labels in DataLoader(train, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
    seconds = time.perf_counter() - start
    right = 0
    with torch.no_grad():
        for images, labels in DataLoader(test, batch_size=32):
            right += int((model(images).argmax(1) == labels).sum())
    return {"seconds": seconds, "accuracy": right / len(test)}


def build_for_script(options: argparse.Namespace) -> tuple:
    import torchvision
    from safetensors.torch import load_file
    from torch import nn

    if options.model == "resnet50":
        model = torchvision.models.resnet50()
        model.load_state_dict(load_file(options.weights))
        return model, model.fc.in_features

    from backbones import mobilenetv1

    class WithFc(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, _ = mobilenetv1()
            self.body.load_state_dict(load_file(options.weights))
            self.fc = nn.Identity()

        def forward(self, images):
            return self.fc(self.body(images))

    return WithFc(), 1024


def finetrust_probe(options: argparse.Namespace) -> dict[str, float]:
    """Tune with finetrust; the accuracy is judged afterwards, on the same test images."""
    import torch  # noqa: F401
    import torchvision  # noqa: F401

    import finetrust
    import finetrust.api.tune
    from finetrust.data.source import formats
    from finetrust.models.source import sources
    from finetrust.tuning.strategy import strategies

    for registry in (formats, sources, strategies):
        registry.names()  # imports what they hold

    model, normalisation = options.model, {"mean": MEAN, "std": STD}
    if model == "mobilenetv1":
        model = f"{Path(__file__).resolve().parent / 'backbones.py'}:mobilenetv1"
        normalisation = {}
    start = time.perf_counter()
    run = finetrust.tune(
        model=model,
        weights=str(options.weights),
        data=options.data / "train",
        test_fraction=0,
        strategy="linear-probe",
        epochs=EPOCHS,
        input_size=options.size,
        out=str(options.out),
        quiet=True,
        **normalisation,
    )
    seconds = time.perf_counter() - start
    profile = run.evaluate(options.data / "test", trials=("none",), pictures=0, quiet=True)
    return {"seconds": seconds, "accuracy": profile["accuracy"].value}


def random_weights(folder: Path) -> Path:
    import torch
    import torchvision
    from safetensors.torch import save_file

    torch.manual_seed(0)
    path = folder / "resnet50.safetensors"
    save_file(torchvision.models.resnet50().state_dict(), path)
    return path


def peak_memory() -> float:
    """Return the largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
