"""The cases shown are the confident false alarms, the missed objects, and right boxes at random."""

import numpy as np

from finetrust.core.predictions import Predictions, ragged
from finetrust.trust.interpretability.box_cases import (
    CORRECT,
    FALSE_ALARM,
    MISSED,
    box_cases,
    overlaps,
)

A, B, C = [0, 0, 10, 10], [20, 20, 40, 40], [50, 50, 53, 53]


def table(*images: dict[str, list]) -> Predictions:
    names = {
        "pred_boxes": (np.float32, 4),
        "pred_labels": (np.int64, 0),
        "pred_scores": (np.float32, 0),
        "true_boxes": (np.float32, 4),
        "true_labels": (np.int64, 0),
        "true_crowd": (bool, 0),
    }
    columns = {}
    for name, (kind, width) in names.items():
        rows = [np.asarray(image.get(name, []), kind) for image in images]
        if name == "true_crowd":
            rows = [
                r if len(r) else np.zeros(len(i.get("true_labels", [])), bool)
                for r, i in zip(rows, images, strict=True)
            ]
        columns[name] = ragged([r.reshape(-1, 4) if width else r for r in rows])
    return Predictions(np.array([str(i) for i in range(len(images))]), columns)


def found(predictions: Predictions) -> list[tuple[str, int, int | None]]:
    return [(case.kind, case.label, case.truth) for case in box_cases(predictions, 9, 0)]


def test_overlap_is_intersection_over_union() -> None:
    assert np.allclose(overlaps([A, B], [[0, 0, 10, 5], B]), [[0.5, 0], [0, 1]])
    assert overlaps(np.zeros((0, 4)), [A]).shape == (0, 1)


def test_a_box_on_its_object_is_right_and_a_second_one_is_a_false_alarm() -> None:
    image = {
        "pred_boxes": [A, A],
        "pred_labels": [1, 1],
        "pred_scores": [0.6, 0.9],
        "true_boxes": [A],
        "true_labels": [1],
    }
    cases = box_cases(table(image), 9, 0)
    assert [(c.kind, round(c.score, 1), c.truth) for c in cases] == [
        (FALSE_ALARM, 0.6, 1),
        (CORRECT, 0.9, 1),
    ]


def test_another_class_on_an_object_is_a_false_alarm_and_the_object_is_missed() -> None:
    image = {
        "pred_boxes": [A],
        "pred_labels": [0],
        "pred_scores": [0.8],
        "true_boxes": [A],
        "true_labels": [1],
    }
    assert found(table(image)) == [(FALSE_ALARM, 0, 1), (MISSED, 1, 1)]


def test_a_box_on_nothing_is_a_false_alarm_and_images_without_objects_are_fine() -> None:
    image = {"pred_boxes": [A], "pred_labels": [0], "pred_scores": [0.8]}
    assert found(table(image, {})) == [(FALSE_ALARM, 0, None)]


def test_weak_boxes_find_nothing_and_alarm_nobody() -> None:
    image = {
        "pred_boxes": [A, B],
        "pred_labels": [1, 1],
        "pred_scores": [0.2, 0.1],
        "true_boxes": [A],
        "true_labels": [1],
    }
    assert found(table(image)) == [(MISSED, 1, 1)]


def test_what_lies_in_a_crowd_is_neither_right_nor_wrong() -> None:
    image = {
        "pred_boxes": [[21, 21, 25, 25], A],
        "pred_labels": [1, 1],
        "pred_scores": [0.9, 0.8],
        "true_boxes": [B],
        "true_labels": [1],
        "true_crowd": [True],
    }
    assert found(table(image)) == [(FALSE_ALARM, 1, None)]


def test_the_surest_alarms_and_the_largest_missed_objects_come_first() -> None:
    image = {
        "pred_boxes": [[60, 0, 70, 9], [80, 0, 90, 9]],
        "pred_labels": [0, 0],
        "pred_scores": [0.5, 0.7],
        "true_boxes": [C, B, A],
        "true_labels": [1, 1, 1],
    }
    cases = box_cases(table(image), 2, 0)
    assert [round(c.score, 1) for c in cases] == [0.7, 0.5, 0, 0]
    assert [c.box.tolist() for c in cases[2:]] == [B, A]


def test_right_boxes_are_drawn_by_the_seed() -> None:
    boxes = [[20 * i, 0, 20 * i + 10, 10] for i in range(30)]
    image = {
        "pred_boxes": boxes,
        "pred_labels": [0] * 30,
        "pred_scores": np.linspace(0.4, 0.9, 30),
        "true_boxes": boxes,
        "true_labels": [0] * 30,
    }
    drawn = [
        tuple(round(c.score, 3) for c in box_cases(table(image), 4, seed)) for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 4


def test_a_case_holds_the_annotated_box_that_it_is_about() -> None:
    image = {
        "pred_boxes": [[0, 0, 10, 9], C],
        "pred_labels": [1, 1],
        "pred_scores": [0.9, 0.9],
        "true_boxes": [B, A],
        "true_labels": [1, 1],
    }
    about = {case.kind: case.annotated for case in box_cases(table(image), 9, 0)}
    assert about[FALSE_ALARM] is None
    assert np.array_equal(about[CORRECT], A)
    assert np.array_equal(about[MISSED], B)
