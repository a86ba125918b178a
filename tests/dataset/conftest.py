"""A small data set in memory: 60 clusters in 12 regions, 3 views of 16 x 16 pixels."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from in_process import InThisProcess
from small_snapshot import PARTICLES, write_halos, write_small_snapshot

from szfast import Instrument
from szfast.dataset import build, from_arrays

SMALL = Instrument("small", 10 * u.arcmin, 16, 20 * u.arcmin, noise="milca")


@pytest.fixture
def small_instrument():
    return SMALL


@pytest.fixture
def dataset():
    rng = np.random.default_rng(3)
    return from_arrays(
        rng.random((60, 3, 16, 16), dtype=np.float32) * 1e-5,
        M500c=np.geomspace(1e14, 1e15, 60) * u.Msun,
        redshift=np.linspace(0.02, 0.98, 60),
        region=[f"region {row % 12}" for row in range(60)],
        pixel=np.full(60, 500.0) * u.kpc,
        R500c=np.full(60, 1000.0) * u.kpc,
        center=np.zeros((60, 3)) * u.kpc,
        instrument=SMALL,
        seed=11,
    )


@pytest.fixture
def in_this_process(monkeypatch):
    """Builders without processes, to be quick; the workers of the last one are its `done`."""
    crews = []

    def crew(*arguments):
        crews.append(InThisProcess())
        return crews[-1]

    monkeypatch.setattr("szfast.dataset.building.Processes", crew)
    return crews


def write_simulations(folder):
    """Two regions with two snapshots each, all different; 2 of 3 haloes of each are heavy enough."""
    for number, (region, snapshot) in enumerate([("a", "9"), ("a", "10"), ("b", "9"), ("b", "10")]):
        where = folder / "sims" / region
        where.mkdir(parents=True, exist_ok=True)
        hotter = {"InternalEnergy": np.full(2 * PARTICLES, 6e5 * (1 + 0.1 * number))}
        write_small_snapshot(where / f"snap_{snapshot}.hdf5", columns=hotter)
        write_halos(where / f"halos_{snapshot}_z0.25.csv")
    (folder / "views.txt").write_text("0 0 0\n30 40 50\n80 10 20\n")
    (folder / "set.toml").write_text(CONFIGURATION)
    return folder / "set.toml"


CONFIGURATION = """
path = "set.zarr"
materialise = 2
[maps]
instrument = "small"
size = 16
pixel = "10 arcmin"
beam = "20 arcmin"
sightlines = "views.txt"
method = "exact"
seed = 5
[[simulations]]
code = "GADGET-4"
snapshots = "sims/{region}/snap_{snapshot}.hdf5"
halos = "sims/{region}/halos_{snapshot}_*.csv"
least_mass = "1e14 Msun"
radius = "3 Mpc"
"""


@pytest.fixture
def configuration(tmp_path):
    """The configuration file of a data set of 8 clusters, beside the snapshots."""
    return write_simulations(tmp_path)


def tree_of(store):
    return {str(file.relative_to(store)): file.read_bytes() for file in store.rglob("*") if file.is_file()}


@pytest.fixture
def read_tree():
    """Read every file of a store with its content."""
    return tree_of


@pytest.fixture(scope="module")
def undisturbed_build(tmp_path_factory):
    """The configuration of a store that is yet to be built, and the files that it is to have."""
    configuration = write_simulations(tmp_path_factory.mktemp("killed"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("szfast.dataset.building.Processes", InThisProcess)
        undisturbed = tree_of(build(configuration).path)
    configuration.write_text(configuration.read_text().replace("set.zarr", "killed.zarr"))
    return configuration, undisturbed
