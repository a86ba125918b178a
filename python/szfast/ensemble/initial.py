"""A model's weights and dropout before training, as a function of the run's key."""

from __future__ import annotations

from typing import Any

import numpy as np

from szfast.ensemble.keys import stream


def initialise(model: Any, *key: int) -> None:
    """Set a Keras model's weights and seeds from a key.

    Kernels are uniform in +-sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010, eq. 16), biases zero. NumPy draws
    them, so that they are the same on every backend.

    Parameters
    ----------
    model : keras.Model
        The model; its arrays are replaced.
    *key : int
        Seed, bin and run.
    """
    drawn = stream("weights", *key)
    for variable in model.trainable_variables:
        variable.assign(_glorot(drawn, tuple(variable.shape)) if len(variable.shape) > 1 else np.zeros(variable.shape))
    seeds = stream("dropout", *key)
    for variable in seed_states(model):
        variable.assign(seeds.integers(0, 2**31, tuple(variable.shape)))


def seed_states(model: Any) -> list[Any]:
    """Variables that hold the state of dropout's random numbers."""
    return [variable for variable in model.variables if variable.path.endswith("seed_generator_state")]


def _glorot(drawn: np.random.Generator, shape: tuple[int, ...]) -> Any:
    field = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (field * (shape[-2] + shape[-1])))
    return drawn.uniform(-limit, limit, shape).astype(np.float32)
