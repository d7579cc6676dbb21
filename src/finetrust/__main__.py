"""``python -m finetrust``, for launchers that start modules (``torchrun -m finetrust tune ...``)."""

from finetrust.cli import main

main()
