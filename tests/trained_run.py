"""A run of one small network for all redshifts to 0.4, on maps of round clusters."""

from __future__ import annotations

import astropy.units as u
import numpy as np

from szfast import PLANCK
from szfast.dataset import from_arrays
from szfast.evaluation import theta_500
from szfast.sample.dark_matter import default_cosmology
from szfast.sample.pressure import mean_compton_y

VIEWS = 4


def round_clusters(count, *, seed=1, profile="A10", code="synthetic", redshift=None):
    """A data set of clusters from 2e14 to 1e15 Msun: Gaussians as wide as theta500 and beam, with a profile's Y500."""
    rng = np.random.default_rng(seed)
    mass = 10 ** rng.uniform(14.3, 15.0, count) * u.Msun
    z = rng.uniform(0.05, 0.39, count) if redshift is None else np.full(count, redshift)
    y500 = u.Quantity([mean_compton_y(each, at, profile=profile) for each, at in zip(mass, z, strict=True)])
    distance = default_cosmology().angular_diameter_distance(z)
    # all of a cluster's Y, out to 5 R500: 1.796 Y500 (Arnaud et al. 2010)
    flux = (1.796 * y500 / distance**2).to_value(u.arcmin**2, u.dimensionless_angles())
    width2 = (0.8 * theta_500(mass, z, default_cosmology()).value) ** 2 + PLANCK.beam_sigma_arcmin**2
    offset = (np.arange(96) - 47.5) * PLANCK.pixel_arcmin
    distance2 = offset[:, None] ** 2 + offset**2
    y = (flux / (2 * np.pi * width2))[:, None, None] * np.exp(-0.5 * distance2 / width2[:, None, None])
    known = {"M500c": mass, "redshift": z, "Y500": y500, "code": [code] * count}
    return from_arrays(np.repeat(y[:, None], VIEWS, axis=1).astype("f4"), seed=seed, **known)


def train_run(folder):
    """The run and its data set: 112 validation maps, enough for intervals; every prediction in one tenth of a dex."""
    from szfast.ensemble import Recipe, choose, train
    from szfast.evaluation import add_sz_masses

    dataset = round_clusters(40)
    how = {"variant": "compact", "epochs": 1, "batch_size": 16, "learning_rate": 1e-5, "split_by": "map"}
    recipe = Recipe(fractions=(0.15, 0.7, 0.15), **how)
    run = train(dataset, folder, runs=1, bins=((0.0, 0.4),), recipe=recipe, workers=0)
    choose(dataset, run.path)
    for source in ("true", "matched_filter"):
        add_sz_masses(run, dataset, default_cosmology(), source=source)
    return run, dataset
