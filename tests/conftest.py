"""What all tests share: one thread for each worker, a cache of their own, and the way to real data."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("finetrust", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("finetrust")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["FINETRUST_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    import numpy as np
    import torch

    torch.manual_seed(0)
    np.random.seed(0)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data and real weights; a test that needs it skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real data in {SHARED.parent.name}/{SHARED.name}, which is not here")
    return SHARED
