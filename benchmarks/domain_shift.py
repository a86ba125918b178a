"""What other kinds of clusters and noise do to a run's networks, real simulations among them.

    python benchmarks/domain_shift.py RUN DATA FOLDER A10=STORE B12=STORE ...  [--trained B12=RUN2]

Writes the run's table 'domain_shift', which its report draws. Each STORE holds synthetic clusters that no run has seen;
the first is tested with homogeneous noise too. DATA holds the real GADGET-4 boxes and the cluster of The Three Hundred
(folders gadget4 and the300), whose maps go into FOLDER: haloes of 10^14 Msun and more seen at z = 0.05, and the cluster
at a redshift of each bin. A line for each of them follows.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import astropy.units as u
import numpy as np

import szfast
from szfast import dataset
from szfast.ensemble import read_chosen, shift_table
from szfast.ensemble.keys import TEST
from szfast.maps.spectrum import noise_spectrum
from szfast.run_folder import open_run

CENTER_KPC_H = (2501.6, 2497.2, 2503.0)
M500C_MSUN_H, H = 1.751e15, 0.6777
# the file is a random fiftieth of the particles, with the smoothing lengths of all
SUBSAMPLE = 50
SEEN_AT = (0.05, 0.15, 0.3, 0.6)


def gadget4(data, folder):
    """Haloes of the two boxes of GADGET-4, as if they were at z = 0.05."""
    box, cooling = data / "gadget4/box", data / "gadget4/box_coolsf"
    files = {
        "GADGET-4": (box / "snapshot_{snapshot}.hdf5", box / "fof_subhalo_tab_{snapshot}.hdf5"),
        "GADGET-4 cooling": (cooling / "snapdir_{snapshot}", cooling / "groups_{snapshot}"),
    }
    how = {"region": "box", "least_mass": "1e14 Msun", "redshift": 0.05}
    boxes = [{"code": code, "snapshots": str(at), "halos": str(halos), **how} for code, (at, halos) in files.items()]
    return dataset.build({"path": str(folder / "gadget4.zarr"), "simulations": boxes}, workers=1)


def three_hundred(data):
    """The cluster of The Three Hundred, seen at a redshift of each bin."""
    how = {"snapshot": data / "the300/snap_Gadget_sample", "center": np.array(CENTER_KPC_H) / H * u.kpc}
    sets = [
        szfast.make_maps(**how, radius=3.6 * u.Mpc, redshift=z, noise=None, smoothing_scale=SUBSAMPLE ** (1 / 3))
        for z in SEEN_AT
    ]
    return dataset.from_arrays(
        np.stack([each.y for each in sets]),
        M500c=np.full(len(sets), M500C_MSUN_H / H) * u.Msun,
        redshift=SEEN_AT,
        name=["NewMDCLUSTER_0001"] * len(sets),
        code=["GIZMO-SIMBA"] * len(sets),
    )


def per_cluster(networks, tested):
    """A line a cluster: its masses over the views, and its out-of-domain number."""
    table = networks.masses_in(tested, np.arange(len(tested)), realisation=TEST)
    names = ("cluster", "z", "log10 M", "predicted, mean ± scatter over views", "out-of-domain number, median")
    print(f"\n| {' | '.join(names)} |\n{'|---' * len(names)}|")
    for row, label in enumerate(tested.labels):
        views = table[row * tested.n_views : (row + 1) * tested.n_views]
        print(
            f"| {label['code']} {label['name']} | {label['redshift']:.2f} | {np.log10(label['M500c'].value):.3f} | "
            f"{np.mean(views['log10_M_pred']):.3f} ± {np.std(views['log10_M_pred']):.3f} | "
            f"{np.median(views['out_of_domain']):.2f} |"
        )


def main(given):
    """Make the maps, predict, write and print."""
    run, folder, data = open_run(given.run), Path(given.folder), Path(given.data)
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [each.split("=", 1) for each in given.stores]
    tested = {name: dataset.open_dataset(store) for name, store in pairs}
    first = pairs[0][0]
    tested[f"{first}, homogeneous noise"] = replace(tested[first], noise=noise_spectrum("homogeneous"))
    real = {"GADGET-4 haloes": gadget4(data, folder), "The Three Hundred, one cluster": three_hundred(data)}
    runs = {first: given.run} | dict(each.split("=", 1) for each in given.trained)
    networks = {name: read_chosen(path) for name, path in runs.items()}
    bins = [(float(row["z_low"]), float(row["z_high"])) for row in run.read("choice")]
    table = shift_table(networks, tested | real, bins)
    run.write("domain_shift", table)
    names = ("trained_on", "tested_on", "z", "clusters", "bias dex", "scatter dex", "in 68 %", "number", "above 1")
    print(f"| {' | '.join(names)} |\n{'|---' * len(names)}|")
    for row in table:
        numbers = " | ".join(
            f"{row[name]:.3f}" for name in ("bias_dex", "scatter_dex", "held68", "out_of_domain", "share_outside")
        )
        print(
            f"| {row['trained_on']} | {row['tested_on']} | {row['z_min']:g}-{row['z_max']:g} | {row['clusters']} | "
            f"{numbers} |"
        )
    for each in real.values():
        per_cluster(networks[first], each)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("run", "data", "folder"):
        parser.add_argument(name)
    parser.add_argument("stores", nargs="+", metavar="NAME=STORE")
    parser.add_argument("--trained", action="append", default=[], metavar="NAME=RUN")
    main(parser.parse_args())
