"""All damaged inputs, over every reader."""

from __future__ import annotations

import importlib
from pathlib import Path

from damage.judge import Case

KINDS = ("snapshot", "contradiction", "halo", "sky", "store", "weight", "configuration", "table", "stranger")
"""Each has its cases in a module of its name."""


def cases_of(kind: str, folder: Path) -> list[Case]:
    """Cases of one kind; `folder` takes the undamaged files."""
    place = folder / kind
    place.mkdir()
    found: list[Case] = importlib.import_module(f"damage.{kind}_cases").cases(place)
    return found
