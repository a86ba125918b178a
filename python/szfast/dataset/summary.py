"""What a data set holds, in a few numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.dataset.bins import PLANCK_BINS, bin_name, bin_numbers

if TYPE_CHECKING:
    from szfast.dataset.maps import DataSet


def summary(dataset: DataSet) -> dict[str, Any]:
    """Counts, sizes and origin of a data set, ready for JSON.

    Parameters
    ----------
    dataset : DataSet
        In memory or stored.

    Returns
    -------
    dict
        maps, clusters, views, regions, snapshots, codes, bytes on disk, files, version, inputs, left_out, configuration
        and bins.
    """
    labels, provenance = dataset.labels, dataset.provenance
    files = [] if dataset.path is None else [file for file in dataset.path.rglob("*") if file.is_file()]
    pairs = set(zip(labels["code"].tolist(), labels["region"].tolist(), labels["snapshot"].tolist(), strict=True))
    return {
        "maps": len(dataset),
        "clusters": len(labels),
        "views": dataset.n_views,
        "regions": len(np.unique(labels["region"])),
        "snapshots": len(pairs),
        "codes": ", ".join(dict.fromkeys(labels["code"].tolist())),
        "bytes": sum(file.stat().st_size for file in files),
        "files": len(files),
        "stored_realisations_of_noise": provenance.get("materialised", 0),
        "version": provenance.get("version", ""),
        "input_files": len(provenance.get("inputs", [])),
        "configuration": provenance.get("configuration", {"maps": {}}),
        "left_out": provenance.get("left_out", []),
        "bins": _bins(dataset),
    }


def _bins(dataset: DataSet) -> list[dict[str, Any]]:
    redshift, log10_mass = np.asarray(dataset.labels["redshift"]), np.log10(dataset.labels["M500c"].to_value("Msun"))
    number = bin_numbers(redshift)
    rows: list[dict[str, Any]] = []
    for bin_number, name in [*enumerate(map(bin_name, PLANCK_BINS)), (-1, "none of these")]:
        here = number == bin_number
        if here.any():
            low, high = float(log10_mass[here].min()), float(log10_mass[here].max())
            count = int(here.sum())
            maps = count * dataset.n_views
            rows.append({"redshift": name, "clusters": count, "maps": maps, "log10 M500c": f"{low:.2f}-{high:.2f}"})
    return rows
