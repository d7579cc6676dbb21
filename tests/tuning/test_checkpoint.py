"""A checkpoint is whole or absent, also when the disk is full."""

import subprocess
import sys
from pathlib import Path

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import torch
from accelerate import Accelerator
from finetrust.core.errors import UserError
from finetrust.tuning.checkpoint import Position, read_position, save_checkpoint, load_checkpoint

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
accelerator = Accelerator(cpu=True)
model = torch.nn.Linear(300, 300)
optimizer = torch.optim.AdamW(model.parameters())
model, optimizer = accelerator.prepare(model, optimizer)
save_checkpoint(folder, accelerator, Position(step=1), None, {})
kept = model.weight.detach().clone()
with torch.no_grad():
    model.weight += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save_checkpoint(folder, accelerator, Position(step=2), None, {})
except UserError as error:
    print(error)
else:
    sys.exit("the full disk was not noticed")
path, position = read_position(folder)
assert position.step == 1, position
assert [p.name for p in folder.iterdir()] == [path.name], list(folder.iterdir())
load_checkpoint(path, accelerator, None, {})
assert torch.equal(model.weight, kept)
"""


def test_a_disk_that_fills_up_leaves_the_previous_checkpoint_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "could not be written" in done.stdout
    assert "Free some disk space and go on with --resume." in done.stdout
