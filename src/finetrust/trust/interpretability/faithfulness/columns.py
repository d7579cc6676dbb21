"""What the tables of the trial of explanations are called, and their columns.

``faithfulness`` has ``MAP.REPLACEMENT.FIGURE`` and ``MAP.infidelity``: MAP is the explanation or a rival
that knows nothing of the network, REPLACEMENT what stands in the place of what is removed. ``heat`` has
``heat`` (n, 256), ``target`` and ``predicted``. The step ``choice`` is that of
:mod:`finetrust.trust.interpretability.choice`.
"""

TRIAL = "explanations"
FAITHFULNESS = "faithfulness"
HEAT = "heat"

EXPLANATION = "explanation"
RIVAL = "random"
"""The rival that leads: places drawn at random."""

LEADING = ("noisy_linear", "removed", "mask")
"""The replacement of a figure that names none: of images, of texts, of tagged words."""

FIGURES = ("insertion", "deletion", "comprehensiveness", "sufficiency", "pixel_flipping")
