"""Many networks in one model against the same networks one by one; needs the extra szfast[train]."""

from __future__ import annotations

import os

import numpy as np
import pytest

from szfast.networks.stacked import masked_squared_error, stack_weights, stacked_vgg, unstack_weights
from szfast.networks.variants import VARIANTS, Scaling

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
keras = pytest.importorskip("keras", reason="needs the extra szfast[train]")

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

SCALING = Scaling(1e-7, 2e-6, 1e-6, 14.6, 0.3, 0.15, 0.03)
MODELS = 3


@pytest.fixture(scope="module")
def singles():
    keras.utils.set_random_seed(5)
    models = [VARIANTS["published"].build(SCALING) for _ in range(MODELS)]
    rng = np.random.default_rng(2)
    for model in models:
        # biases that are zero would hide a wrong order of models
        model.set_weights([w + rng.normal(0, 0.02, w.shape).astype("f4") for w in model.get_weights()])
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
    return models


def test_unstacking_undoes_stacking(singles):
    weights = [model.get_weights() for model in singles]
    stacked = stacked_vgg(MODELS, SCALING)
    stacked.set_weights(stack_weights(weights))
    for number, each in enumerate(weights):
        for one, other in zip(unstack_weights(stacked.get_weights(), number), each, strict=True):
            np.testing.assert_array_equal(one, other)


def test_stacked_training_equals_training_one_by_one(singles, noise_maps):
    stacked = stacked_vgg(MODELS, SCALING, dropout=0.0)
    stacked.set_weights(stack_weights([model.get_weights() for model in singles]))
    jit = "auto" if keras.backend.backend() == "jax" else False
    # with Keras's epsilon of 1e-7 Adam would make full steps of gradients that are nothing but rounding
    adam = {"learning_rate": 1e-3, "epsilon": 1e-4}
    stacked.compile(keras.optimizers.Adam(**adam), loss=masked_squared_error, jit_compile=jit)
    rng = np.random.default_rng(4)
    x, log10_mass = noise_maps[..., None], np.linspace(14.2, 15.0, len(noise_maps)).astype("f4")
    # every model's maps are others, as in its own split, and as many, so that JAX compiles one shape
    masks = np.array([[rng.permutation(len(x)) < 8 for _ in range(MODELS)] for _ in range(4)])
    for model in singles:
        model.compile(keras.optimizers.Adam(**adam), loss="mse", jit_compile=jit)
    before = singles[0].get_weights()[0].copy()
    for mask in masks:
        stacked.train_on_batch(x, np.concatenate([log10_mass[:, None], mask.T.astype("f4")], axis=1))
        for model, own in zip(singles, mask, strict=True):
            model.train_on_batch(x[own], log10_mass[own, None])
    assert np.abs(singles[0].get_weights()[0] - before).max() > 1e-3
    for number, model in enumerate(singles):
        for one, other in zip(unstack_weights(stacked.get_weights(), number), model.get_weights(), strict=True):
            # single precision, summed in another order, over four steps of up to 1e-3
            np.testing.assert_allclose(one, other, atol=1e-4)
        found = stacked.predict_on_batch(x)[:, number]
        np.testing.assert_allclose(found, model.predict_on_batch(x)[:, 0], atol=1e-4)
