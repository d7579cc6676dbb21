"""What is said about each question within an axis."""

from collections.abc import Callable, Mapping

from finetrust.core.measure import Topic
from finetrust.core.profile import TrustProfile
from finetrust.report.verdicts.accuracy import accuracy_sentences
from finetrust.report.verdicts.attack import attack_sentences
from finetrust.report.verdicts.believed import believed_sentences
from finetrust.report.verdicts.concept import concept_sentences
from finetrust.report.verdicts.confidence import confidence_sentences
from finetrust.report.verdicts.conformal import conformal_sentences
from finetrust.report.verdicts.damage import damage_sentences
from finetrust.report.verdicts.evaluation_data import evaluation_data_sentences
from finetrust.report.verdicts.explained import explained_sentences
from finetrust.report.verdicts.groups import group_sentences
from finetrust.report.verdicts.harmless import harmless_sentences
from finetrust.report.verdicts.located import located_sentences
from finetrust.report.verdicts.numerics import numerics_sentences
from finetrust.report.verdicts.retrained import retrained_sentences
from finetrust.report.verdicts.selective import selective_sentences
from finetrust.report.verdicts.shortcuts import shortcut_sentences
from finetrust.report.verdicts.unfamiliar import unfamiliar_sentences

SENTENCES: Mapping[Topic, Callable[[TrustProfile], list[str]]] = {
    "right": accuracy_sentences,
    "groups": group_sentences,
    "calibration": confidence_sentences,
    "selective": selective_sentences,
    "conformal": conformal_sentences,
    "test": evaluation_data_sentences,
    "damage": damage_sentences,
    "harmless": harmless_sentences,
    "attack": attack_sentences,
    "unfamiliar": unfamiliar_sentences,
    "retrained": retrained_sentences,
    "numerics": numerics_sentences,
    "explained": explained_sentences,
    "believed": believed_sentences,
    "located": located_sentences,
    "shortcut": shortcut_sentences,
    "concept": concept_sentences,
}


def topic_sentences(topic: Topic, profile: TrustProfile) -> list[str]:
    """Return the answer to a question in one or a few plain sentences; empty if there is none."""
    sentences = SENTENCES.get(topic)
    return sentences(profile) if sentences else []
