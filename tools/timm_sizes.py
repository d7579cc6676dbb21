"""How many parameters each of timm's pretrained architectures has: the table that
``finetrust select --models timm:top20@25MB`` chooses from. Nothing is downloaded.

    python tools/timm_sizes.py src/finetrust/selection/timm_sizes.json
"""

import json
import sys
from pathlib import Path

import timm

from finetrust.selection.patterns import n_parameters


def main() -> None:
    names = sorted({name.partition(".")[0] for name in timm.list_pretrained()})
    sizes = {name: n_parameters(name) for name in names}
    lines = [f" {json.dumps(name)}: {size}" for name, size in sizes.items() if size]
    Path(sys.argv[1]).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
