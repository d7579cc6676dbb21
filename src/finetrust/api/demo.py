"""finetrust.demo: the whole job on data and a pretrained model that come with it."""

from pathlib import Path

from finetrust.api.report import report
from finetrust.api.run import Run
from finetrust.api.tune import tune
from finetrust.core.progress import quietly, say

DATA = "digits:5"
PROBE_EPOCHS, FULL_EPOCHS = 20, 10


def demo(out: str | Path = "runs/demo", *, quiet: bool = False) -> Run:
    """Fine-tune the bundled network on a few handwritten digits, and judge it on all the others.

    The network was pretrained on printed letters and symbols. Beside it the same network is trained
    from random weights on the same images for the same number of epochs; the report shows both.

    Parameters
    ----------
    out : str or Path
        Folder for the two runs; a demo that was cut off goes on.
    quiet : bool
        Show nothing.

    Returns
    -------
    Run
        The pretrained network's, with profile and report.
    """
    folder = Path(out)
    with quietly(quiet):
        say("Fine-tuning a network that was pretrained on printed letters ...")
        pretrained = tune(
            "glyphnet",
            DATA,
            strategy="lp-ft",
            epochs=FULL_EPOCHS,
            augment="crop",
            out=str(folder / "pretrained"),
            resume=True,
            quiet=quiet,
        )
        say("Training the same network from scratch ...")
        scratch = tune(
            "glyphnet",
            DATA,
            weights="random",
            strategy="full",
            epochs=PROBE_EPOCHS + FULL_EPOCHS,
            augment="crop",
            out=str(folder / "scratch"),
            resume=True,
            quiet=quiet,
        )
        say("Proving how far both can be trusted ...")
        for run in (pretrained, scratch):
            run.evaluate(quiet=quiet)
        report(pretrained, beside=[scratch])
    return pretrained
