"""Gates: requirements on measures that are judged on confidence bounds."""
