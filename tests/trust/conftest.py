"""Property tests draw the same examples every time and are not timed."""

from hypothesis import settings

settings.register_profile("finetrust", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("finetrust")
