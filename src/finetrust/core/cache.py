"""Where results that any later run may need again are kept: features, inspections of inputs."""

import os
from pathlib import Path


def cache_root() -> Path:
    """Return the folder of the cache: ``$FINETRUST_CACHE``, or the user's cache folder."""
    chosen = os.environ.get("FINETRUST_CACHE")
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("finetrust")
