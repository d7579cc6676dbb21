"""What all measures of shortcuts say of how they are made."""

CANDIDATES = (
    "Candidates for every class: the border, the corners, the cells of a 4 x 4 grid, boxes in which the "
    "class has content of its own, the colour and contrast, fine detail in common, and the background "
    "where masks say what it is. They are found on one half of a sample with as many items of each class "
    "and judged on the other half. Each is replaced by the same from other classes, compared with the "
    "same from the own class, and by neutral fillings; what counts is the replacement that costs least."
)
ALARM = (
    "An alarm is raised where an effect is larger than 10 % of the items (50 % for border, background and "
    "colour, which hold honest evidence too; where objects lie at the same place in all images, as digits "
    "do, 50 % of the items of other classes must turn) and McNemar's exact tests of all ways to replace it "
    "are significant at 5 % after Holm's correction."
)
