"""How the networks were trained, as results repeat it."""

from __future__ import annotations

from typing import Any

from pocus_data.classifier.features import FeatureStore
from pocus_data.classifier.precision import resolve
from pocus_data.params import Split, Train

LEVELS = ("frame", "video_mean")


def protocol_of(
    recipe: Train, split: Split, store: FeatureStore, chosen: dict[str, Any]
) -> dict[str, Any]:
    """Recipe, precision, folds, and what was ``chosen`` for each fold on inner folds."""
    best = recipe.recipe == "best"
    return {
        **recipe.model_dump(include={"recipe", "seed"} if best else None, exclude={"best"}),
        "precision": {
            "features": store.settings["precision"],
            "train": "float64" if best else resolve(recipe.precision),
        },
        "augmentations": store.copies,
        "split": split.model_dump(),
        "chosen": chosen,
    }


def temperatures_of(chosen: dict[str, Any]) -> dict[str, dict[int, float]]:
    """Temperatures by level and fold that were fitted on inner folds, where there were any."""
    return {
        level: {int(fold): choice["temperature"][level] for fold, choice in chosen.items()}
        for level in LEVELS
    }
