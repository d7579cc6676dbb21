"""Run folders of the synthetic tasks, as tuning and evaluation would leave them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from synthetic_tasks import TASKS, SyntheticTask

from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder


def write_task_run(path: Path, name: str, *, evaluated: bool = True) -> RunFolder:
    """Write a run folder of the task called `name` to `path`."""
    task = TASKS[name]()
    path.mkdir(parents=True)
    folder = RunFolder(path)
    model = {
        "architecture": "smallnet",
        "source": "torchvision IMAGENET1K_V1",
        "sha256": "3f5a" * 16,
        "licence": "BSD-3-Clause",
        "parameters": 4_812_032,
        "preprocessing": dict(task.preprocessing),
    }
    folder.write_config({"model": "smallnet", "data": "shapes", "task": task.name})
    folder.write_record(
        task=task.name,
        classes=list(task.classes),
        model=model,
        strategy="lp-ft",
        data={"name": "shapes", "n_train": 400, "n_val": 100, "n_test": 62},
        calibration=dict(task.calibration),
        validation=dict(task.figures),
        phases=[],
        status="finished",
    )
    for epoch in range(1, 9):
        reached = 1 - 0.6**epoch
        validation = {
            f"val_{key}": value * (2 - reached if key == "loss" else reached)
            for key, value in task.figures.items()
        }
        folder.append_log(
            event="epoch",
            phase="full",
            epoch=epoch,
            train_loss=2 * 0.7**epoch,
            **validation,
            learning_rate=1e-3,
            seconds=0.1,
        )
    folder.data_report_file.parent.mkdir()
    folder.data_report_file.write_text(json.dumps(_data_report(task)))
    if evaluated:
        _draw(folder, task.pictures)
        TrustProfile(
            task=task.name,
            model={**model, "strategy": "lp-ft", "run": str(path)},
            data={
                "name": "shapes",
                "split": "test",
                "n": 62,
                "fingerprint": "ab" * 32,
                "classes": list(task.classes),
                "headlines": dict(task.headlines),
                "inputs": task.inputs,
                "counted": task.counted,
                "pipeline": task.pipeline,
            },
            measures=task.measures,
            pictures=task.pictures,
        ).save(folder.profile_file)
    return folder


def _data_report(task: SyntheticTask) -> dict[str, Any]:
    splits = {"train": 400, "val": 100, "test": 62}
    return {
        "name": "shapes",
        "n": sum(splits.values()),
        "inputs": task.inputs,
        "counted": task.counted,
        "splits": {
            split: {"n": n, "classes": {name: 3 * n + i for i, name in enumerate(task.classes)}}
            for split, n in splits.items()
        },
        "unreadable": [{"id": "item-7", "reason": "box 2 is empty"}],
        "problems": [{"id": item, "problem": problem} for item, problem in task.problems],
        "n_problems": len(task.problems),
        "sizes": dict(task.sizes),
        "warnings": [],
    }


def _draw(folder: RunFolder, pictures: Sequence[Mapping[str, Any]]) -> None:
    rng = np.random.default_rng(0)
    for shown in pictures:
        for part in ("file", "overlay"):
            if part in shown:
                file = folder.path / shown[part]
                file.parent.mkdir(exist_ok=True)
                small = Image.fromarray(rng.integers(0, 255, (9, 16, 3), dtype=np.uint8))
                small.resize(shown["size"], Image.Resampling.BILINEAR).save(file)
