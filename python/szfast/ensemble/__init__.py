"""Many networks for each redshift bin, trained as independent runs, and the one whose masses are unbiased.

Every name is loaded when it is first used; training needs the extra ``szfast[train]``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from szfast.ensemble.choice import Choice as Choice
    from szfast.ensemble.choice import choose as choose
    from szfast.ensemble.chosen import ChosenNetworks as ChosenNetworks
    from szfast.ensemble.chosen import read_chosen as read_chosen
    from szfast.ensemble.comparison import train_and_compare as train_and_compare
    from szfast.ensemble.domain import shift_table as shift_table
    from szfast.ensemble.recipe import Recipe as Recipe
    from szfast.ensemble.score import bias_score as bias_score
    from szfast.ensemble.score import runs_below as runs_below
    from szfast.ensemble.training import train as train

_HOME = {
    "Choice": "choice",
    "ChosenNetworks": "chosen",
    "Recipe": "recipe",
    "bias_score": "score",
    "choose": "choice",
    "read_chosen": "chosen",
    "runs_below": "score",
    "shift_table": "domain",
    "train": "training",
    "train_and_compare": "comparison",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'szfast.ensemble' has no attribute '{name}'")
    return getattr(importlib.import_module(f"szfast.ensemble.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
