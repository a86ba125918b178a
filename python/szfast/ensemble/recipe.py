"""How a network is trained: what stays the same in all runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Recipe(BaseModel):
    """Settings of a training run; all have defaults.

    Parameters
    ----------
    variant : str
        The network: a name of `szfast.networks.variants.VARIANTS`.
    noise : str
        ``fresh``: a new realisation each epoch. ``frozen``: the same in all epochs. ``none``: clean maps.
    augment : bool
        Turn and mirror each map at random, and average predictions over the square's eight symmetries.
    epochs : int
        At most so many passes over the training maps.
    patience : int
        Stop when the validation loss has not fallen for so many epochs; the best epoch's weights are kept.
    batch_size : int
        Maps a step.
    learning_rate : float
        Adam's at its highest: it rises over the first epoch, then falls to a hundredth as a cosine.
    split_by : str
        What stays together in the split: ``region``, ``cluster`` or ``map``.
    fractions : tuple of float
        Shares of training, validation and test.
    seed : int
        Begins the keys of split, weights, order, dropout and symmetries; the run's number follows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: str = "published"
    noise: Literal["fresh", "frozen", "none"] = "fresh"
    augment: bool = True
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 100
    patience: Annotated[int, Field(ge=1)] = 15
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    split_by: Literal["region", "cluster", "map"] = "region"
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
