"""Run folders built from synthetic predictions, as tuning and evaluation would leave them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.trust.measure_all import measure_all
from trust.families import tables_of_trials

DIGITS = tuple("0123456789")
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def make_evidence(
    classes: Sequence[str] = DIGITS,
    n: int = 270,
    skill: float = 3.5,
    corruptions: bool = True,
    groups: Mapping[str, Sequence[str]] | None = None,
    overlap: int | None = 2,
    temperature: float | None = 1.6,
    seed: int = 0,
    trials: bool = False,
) -> Evidence:
    """Return evidence of a model whose logits for the target stand out by `skill`.

    With `trials` there are made-up tables of every trial of stability.
    """
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, len(classes), n)
    ids = np.array([f"item-{i:04d}.png" for i in range(n)])
    noise = rng.normal(0, 1.3, (n, len(classes)))

    def predictions(lift: float, name: str) -> Predictions:
        logits = noise + lift * np.eye(len(classes))[targets]
        return Predictions(ids, {"target": targets, "logits": logits * 1.5}, "test", name)

    kinds = {"gaussian_noise": 0.55, "defocus_blur": 0.3, "brightness": 0.05, "contrast": 0.4}
    perturbed = {
        f"{kind}-{severity}": predictions(skill * (1 - loss * severity / 3), f"{kind}-{severity}")
        for kind, loss in kinds.items()
        for severity in (1, 3, 5)
    }
    named = {column: rng.choice(values, n) for column, values in (groups or {}).items()}
    pairs = [[str(ids[i]), f"train-{i}.png"] for i in range(overlap or 0)]
    data = {
        "n_train": None if overlap is None else 1200,
        "train_overlap_exact": pairs[:1],
        "train_overlap_near": pairs[1:],
    }
    clean = predictions(skill, "clean")
    return Evidence(
        clean=clean,
        perturbed=perturbed if corruptions else {},
        trials=tables_of_trials(clean) if trials else {},
        classes=tuple(classes),
        calibration={"temperature": temperature} if temperature else {},
        groups=named,
        data=data,
    )


def write_run(
    path: Path,
    *,
    evidence: Evidence | None = None,
    evaluated: bool = True,
    tuned: bool = True,
    source: str = "finetrust glyphnet",
    notes: Sequence[str] = (),
    pictures: int = 3,
    strips: int = 0,
    data_report: bool = True,
    hostile: str = "",
) -> RunFolder:
    """Write a run folder to `path`: a tuned one, or one of a model judged as it comes.

    `hostile` is added to every name that comes from a user's files.
    """
    folder = RunFolder(path)
    path.mkdir(parents=True)
    evidence = evidence or make_evidence()
    model = {
        "architecture": f"glyphnet{hostile}",
        "source": source,
        "sha256": "3f5a" * 16,
        "licence": f"Apache-2.0{hostile}",
        "notes": [f"{hostile}the last layer of another size was left out"],
        "parameters": 129162,
        "preprocessing": {
            "input_size": 32,
            "resize": 32,
            "interpolation": "bilinear",
            "mean": [0.33, 0.33, 0.33],
            "std": [0.34, 0.34, 0.34],
        },
    }
    versions = {"python": "3.11.2", "machine": "x86_64", "finetrust": "0.1.0", "torch": "2.15.0"}
    common = {
        "task": "classification",
        "pipeline": "image-classification",
        "classes": list(evidence.classes),
        "model": model,
    }
    if tuned:
        folder.write_config(
            {"model": "glyphnet", "data": "digits", "strategy": f"lp-ft{hostile}", "seed": 0}
        )
        folder.write_record(**common, **_tuning_record(versions, hostile))
        _write_log(folder, hostile)
    else:
        folder.write_config({"model": "glyphnet", "data": "digits"})
        folder.write_record(**common, strategy="none", versions=versions, status="finished")
    if data_report and tuned:
        folder.data_report_file.parent.mkdir()
        folder.data_report_file.write_text(json.dumps(_data_report(evidence, hostile)))
    if evaluated:
        profile = TrustProfile(
            task="classification",
            model={**model, "strategy": "lp-ft" if tuned else "none", "run": str(path)},
            data={
                "name": f"digits{hostile}",
                "split": "test",
                "n": len(evidence.clean),
                "fingerprint": "ab" * 32,
                "classes": list(evidence.classes),
            },
            measures=measure_all(evidence),
            notes=tuple(notes),
            pictures=(*_pictures(folder, evidence, pictures), *_strips(folder, evidence, strips)),
            context={
                "date": "2026-10-19T12:30:00+00:00",
                "versions": versions,
                "device": "cpu",
                "precision": "fp32",
                "seconds": {
                    "predictions": 1.2,
                    "stability": 8.4,
                    "measures": 2.0,
                    "trials": {"corruptions": 2.5, "adversarial": 5.9},
                },
                "untried": {"smoothing": f"it is held at effort full{hostile}"},
                "seed": 0,
            },
        )
        profile.save(folder.profile_file)
    return folder


def _tuning_record(versions: Mapping[str, str], hostile: str) -> dict[str, Any]:
    def phase(
        name: str, epochs: int, trainable: int, cached: bool, seconds: float
    ) -> dict[str, Any]:
        return {
            "name": name,
            "epochs": epochs,
            "trainable_parameters": trainable,
            "learning_rate": 1e-2 if cached else 1e-3,
            "backbone_learning_rate": 0.0 if cached else 1e-4,
            "layer_decay": 1.0 if cached else 0.9,
            "augment": "none" if cached else "crop-flip",
            "batch_size": 64,
            "cached": cached,
            "seconds": seconds,
        }

    return {
        "strategy": "lp-ft",
        "data": {"name": f"digits{hostile}", "n_train": 1257, "n_val": 270, "n_test": 270},
        "decisions": {
            "device": "cpu",
            "training_precision": "fp32",
            "inference_precision": "fp32",
            "backbone_learning_rate": {
                "rate": 1e-4,
                "steps": 40,
                "disturbed": 0.5,
                "tried": [{"rate": rate, "figures": {"loss": 1.0}} for rate in (1e-3, 1e-4)],
            },
        },
        "calibration": {"temperature": 1.6, "n": 270},
        "validation": {"loss": 0.31, "accuracy": 0.94},
        "versions": versions,
        "phases": [
            phase(f"linear-probe{hostile}", 20, 1290, True, 2.4),
            phase("full", 10, 129162, False, 41.7),
        ],
        "seconds": 52.3,
        "status": "finished",
    }


def _write_log(folder: RunFolder, hostile: str) -> None:
    for name, epochs, start in ((f"linear-probe{hostile}", 20, 2.3), ("full", 10, 0.55)):
        for epoch in range(1, epochs + 1):
            loss = start * 0.8**epoch + 0.12
            folder.append_log(
                event="epoch",
                phase=name,
                epoch=epoch,
                train_loss=loss,
                val_loss=loss * 1.1 + 0.004 * epoch,
                val_accuracy=1 - 0.3 * loss,
                learning_rate=1e-3,
                seconds=0.1,
            )


def _data_report(evidence: Evidence, hostile: str) -> dict[str, Any]:
    counts = {"train": 1257, "val": 270, "test": 270}
    per_class = {
        split: {name: n // len(evidence.classes) + i for i, name in enumerate(evidence.classes)}
        for split, n in counts.items()
    }
    return {
        "name": "digits",
        "n": 1797,
        "splits": {split: {"n": n, "classes": per_class[split]} for split, n in counts.items()},
        "unreadable": [{"id": f"broken/0001.jpg{hostile}", "reason": f"truncated{hostile}"}],
        "empty_classes": [],
        "single_item_classes": [],
        "exact_duplicates": {"n_pairs": 0, "across_splits": 0, "pairs": []},
        "near_duplicates": {
            "n_pairs": 2,
            "across_splits": 1,
            "pairs": [
                [f"a.png{hostile}", "train", "b.png", "test"],
                ["c.png", "val", "d.png", "val"],
            ],
        },
        "conflicting_labels": [[f"a.png{hostile}", "3", "b.png", "8"]],
        "sizes": {"min": [8, 8], "median": [8, 8], "max": [8, 8], "distinct": 1},
        "warnings": [f"1 item cannot be read and is left out.{hostile}"],
    }


def _pictures(folder: RunFolder, evidence: Evidence, count: int) -> tuple[dict[str, Any], ...]:
    folder.pictures.mkdir()
    rng = np.random.default_rng(0)
    names, pictures = evidence.classes, []
    for number in range(2 * count):
        kind = "confident error" if number < count else "random correct"
        target = names[number % len(names)]
        files = f"{number:03d}.png", f"{number:03d}-overlay.png"
        for file in files:
            small = Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8))
            small.resize((224, 224), Image.Resampling.NEAREST).save(folder.pictures / file)
        predicted = names[(number + 1) % len(names)] if kind == "confident error" else target
        pictures.append(
            {
                "file": f"pictures/{files[0]}",
                "overlay": f"pictures/{files[1]}",
                "id": f"test/{target}/{number:04d}.png",
                "kind": kind,
                "target": target,
                "predicted": predicted,
                "confidence": 0.99 - number / 50,
            }
        )
    return tuple(pictures)


def _strips(folder: RunFolder, evidence: Evidence, count: int) -> list[dict[str, Any]]:
    """Write strips of examples in the shape that the evaluation makes them."""
    home, name, other = folder.pictures / "strips", evidence.classes[0], evidence.classes[-1]
    found = []
    for number in range(count):
        home.mkdir(exist_ok=True)
        panels: list[dict[str, Any]] = [
            {"kind": "untouched", "predicted": name, "confidence": 0.98, "right": True},
            {"kind": "corruption", "type": "jpeg_compression", "severity": 5, "of": 5,
             "predicted": None, "confidence": None, "right": False},
            {"kind": "harmless", "type": "shift", "change": "down-4",
             "predicted": other, "confidence": 0.61, "right": False},
            {"kind": "attack", "size": 2.36, "predicted": other, "confidence": 0.5, "right": False},
            {"kind": "difference", "enlarged": 54},
        ]  # fmt: skip
        for place, panel in enumerate(panels):
            panel["file"] = f"pictures/strips/{number:03d}-{place}.png"
            Image.new("RGB", (32, 32), (40 * place, 90, 60)).save(folder.path / panel["file"])
        item = f"test/{name}/{number:04d}.png"
        found.append({"id": item, "kind": "answer that flips", "target": name, "panels": panels})
    return found
