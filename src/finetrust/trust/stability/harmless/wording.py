"""What all measures of harmless changes say of how they are made."""

CHANGES = (
    "Changes: mirrored; moved 1 to 8 pixels (an eighth of the side at most); turned 2 to 10 degrees; "
    "cropped to 95 to 85 % of the side; resized by other filters from the original; JPEG of quality 95 "
    "to 50; converted to YCbCr or HSV and back; at effort quick a few of each. A mirrored letter or "
    "digit is another sign: leave out with the option harmless_changes what changes the meaning of "
    "your images."
)
SAMPLE = "Of a random sample of the items where n is less than all."
NO_ANSWER = "An item without a finite output counts as wrong, and as one whose answer is not kept."
