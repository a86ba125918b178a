"""A data set of the real boxes, against the table of direct sums that comes with them."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table

from szfast.dataset import build

pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")


def test_compton_y_of_real_clusters(real_data, tmp_path, in_this_process):
    folder, truth = real_data("gadget4"), Table.read(real_data("gadget4/truth.csv"))
    limits = {"least_mass": "5e13 Msun", "radius": "2 Mpc"}
    simulations = [
        {
            "code": "GADGET-4 adiabatic",
            "region": "box",
            "snapshots": f"{folder}/box/snapshot_{{snapshot}}.hdf5",
            "halos": f"{folder}/box/fof_subhalo_tab_{{snapshot}}.hdf5",
        },
        {
            "code": "GADGET-4 cooling",
            "snapshots": f"{folder}/{{region}}/snapdir_{{snapshot}}",
            "halos": f"{folder}/{{region}}/groups_{{snapshot}}",
        },
    ]
    (tmp_path / "views.txt").write_text("0 0 0\n30 40 50\n")
    maps = {"size": 32, "pixel": "5 arcmin", "sightlines": str(tmp_path / "views.txt")}
    content = {"path": str(tmp_path / "real.zarr"), "maps": maps}
    dataset = build(content | {"simulations": [each | limits for each in simulations]})
    labels = dataset.labels
    found = set(zip(labels["region"].tolist(), labels["snapshot"].tolist(), strict=True))
    assert found == {("box", "002"), ("box", "003"), ("box_coolsf", "002")}
    truth["M500c_msun"] = truth["M500c"] / 0.6777
    checked = 0
    for row in truth[truth["M500c_msun"] >= 1.05 * 5e13]:
        here = (labels["region"] == row["box"]) & (labels["snapshot"] == f"{row['snap']:03d}")
        nearest = np.argmin(np.abs(labels["M500c"].value - row["M500c_msun"]) + 1e99 * ~here)
        label = labels[nearest]
        # the table's Msun is 1.989e33 g, 3e-4 more than the IAU's
        assert label["M500c"].value == pytest.approx(row["M500c_msun"], rel=5e-4)
        assert label["Y500"].to_value("Mpc2") == pytest.approx(row["Y500sph"], rel=1e-3)
        # all that was read lies in the field: the sphere's gas, and its surroundings out to 2 Mpc
        y = dataset.clean(dataset.n_views * nearest + np.arange(dataset.n_views))
        seen_mpc2 = y.sum(axis=(1, 2), dtype=np.float64) * label["pixel"].to_value("Mpc") ** 2
        assert (seen_mpc2 > row["Y500sph"]).all()
        assert (seen_mpc2 < 10 * row["Y500sph"]).all()
        checked += 1
    assert checked >= 5
