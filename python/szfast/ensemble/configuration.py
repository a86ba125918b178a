"""What is trained: a TOML file, checked before any work is done."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from szfast.arguments import path_in
from szfast.dataset.bins import PLANCK_BINS, Bin
from szfast.dataset.configuration import configuration_error, read_toml
from szfast.ensemble.recipe import Recipe
from szfast.errors import RunError
from szfast.networks.variants import VARIANTS


class TrainingConfiguration(BaseModel):
    """A training: which maps, how many runs of which networks, and how.

    Parameters
    ----------
    dataset : str
        The store, relative to the configuration's folder.
    folder : str
        Where the runs go, relative to the configuration's folder.
    runs : int
        Networks for each bin.
    bins : tuple of (low, high)
        Redshift bins.
    compare : tuple of str
        Variants to train beside the recipe's, each into a folder of its name below ``variants``.
    recipe : Recipe
        How each is trained.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: Annotated[str, Field(min_length=1)]
    folder: Annotated[str, Field(min_length=1)]
    runs: Annotated[int, Field(ge=1, le=10**6)] = 100
    bins: tuple[Bin, ...] = PLANCK_BINS
    compare: tuple[str, ...] = ()
    recipe: Recipe = Recipe()

    @field_validator("bins")
    @classmethod
    def _are_apart(cls, bins: tuple[Bin, ...]) -> tuple[Bin, ...]:
        edges = [edge for each in sorted(bins) for edge in each]
        # NaN compares false
        if not edges or not all(0.0 <= low < high < float("inf") for low, high in bins):
            raise ValueError("expected bins [low, high] with 0 <= low < high")
        if any(after < before for before, after in pairwise(edges)):
            raise ValueError("expected bins that do not overlap")
        return bins

    @model_validator(mode="after")
    def _knows_its_variants(self) -> TrainingConfiguration:
        for name in (self.recipe.variant, *self.compare):
            if name not in VARIANTS:
                raise ValueError(f"expected variants {', '.join(VARIANTS)}, found '{name}'")
        if len({self.recipe.variant, *self.compare}) <= len(self.compare):
            raise ValueError("expected each variant once")
        return self


def read_training(path: str | Path) -> TrainingConfiguration:
    """Read and check a training's configuration; its paths are made absolute.

    Raises
    ------
    RunError
        If it cannot be read, a key is unknown, or a value is out of range.
    """
    file = path_in(path)
    content = read_toml(file, RunError)
    try:
        found = TrainingConfiguration.model_validate(content)
    except ValidationError as error:
        remedy = "see 'szfast train --help' for an example."
        raise configuration_error(error, TrainingConfiguration, RunError, file, remedy) from None
    home = file.absolute().parent
    places: dict[str, Any] = {name: str(home / getattr(found, name)) for name in ("dataset", "folder")}
    return found.model_copy(update=places)
