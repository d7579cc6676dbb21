"""What limits the figures of a profile and has no remedy: for which data they hold."""

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import noun_of


def cautions(profile: TrustProfile) -> list[str]:
    """Return sentences on what a reader should keep in mind, whatever the figures are.

    What can be mended is told by :func:`finetrust.report.next_steps.next_steps`.
    """
    return [
        f"All figures hold for data like “{profile.data.get('name', 'these')}”. Other sources, "
        f"times and kinds of {noun_of(profile.data)} were not tried."
    ]
