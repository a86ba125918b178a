"""A run with everything in it, of invented predictions, and a folder of two cutouts."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable, vstack

from szfast.run_folder import create_run

pytest.importorskip("matplotlib", reason="needs szfast[report]")

EDGES = ((0.0, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 1.0))


def predictions(rng, number, run, maps, bias, scatter, n=300):
    low, high = EDGES[number - 1]
    true = rng.uniform(14.2, 15.2, n)
    predicted = true + bias + rng.normal(0, scatter, n)
    columns = {"bin": number, "run": run, "maps": maps, "view": 0}
    table = QTable({name: [value] * n for name, value in columns.items()})
    table["cluster"] = np.arange(n) // 3
    table["redshift"] = rng.uniform(low + 1e-3, high, n)
    table["log10_M_true"], table["log10_M_pred"] = true, predicted
    table["log10_M_SZ"] = true - 0.1 + rng.normal(0, 0.08, n)
    for share, width in ((68, 0.994), (95, 1.96)):
        table[f"lower{share}"], table[f"upper{share}"] = predicted - width * scatter, predicted + width * scatter
    table["code"] = np.where(np.arange(n) % 2, "GADGET-X", "GIZMO")
    return table


def evaluated(rng):
    tables = []
    for name, number in (("Battaglia", 1), ("Battaglia", 2), ("GADGET-4", 1)):
        table = predictions(rng, number, 0, "planck-like", 0.03, 0.06, n=30)
        table["dataset"], table["name"] = [name] * 30, [f"cluster {row}" for row in table["cluster"]]
        table["code"] = ["gadget"] * 30
        table["out_of_domain"], table["learnt"] = np.linspace(0.1, 2.0, 30), np.arange(30) < 24
        tables.append(table)
    return vstack(tables)


@pytest.fixture(scope="session")
def full_run(tmp_path_factory):
    rng = np.random.default_rng(1)
    run = create_run(
        tmp_path_factory.mktemp("runs") / "invented",
        {"data set": "invented clusters", "clusters": 800, "seed": 3, "config": {"epochs": 20, "batch": 32}},
    )
    rows, parts, losses = [], [], []
    for number in range(1, 5):
        scores = np.sort(rng.lognormal(-2.5, 0.7, 20))
        for i, score in enumerate(scores):
            rows.append((number, i, score, i == 0, 20, 0.01 + 0.1 * score))
            if i in (0, 19):
                parts.append(predictions(rng, number, i, "planck-like", 0.06 if i else 0.0, 0.06))
                at = np.arange(1, 21)
                losses.append((number, i, at, 0.2 / at + 0.01, 0.22 / at + 0.013))
        parts.append(predictions(rng, number, 0, "clean", 0.0, 0.04))
    names = ["bin", "run", "score", "chosen", "epochs", "validation_loss"]
    run.write("runs", QTable(rows=rows, names=names))
    run.write("predictions", vstack(parts))
    columns = {"bin": 0, "run": 1, "epoch": 2, "loss": 3, "validation_loss": 4}
    spread = [[np.broadcast_to(part, 20) for part in loss] for loss in losses]
    run.write("history", {name: np.concatenate([loss[i] for loss in spread]) for name, i in columns.items()})
    sample = {
        "cluster": np.arange(800),
        "redshift": rng.uniform(0.01, 1, 800),
        "log10_M500c": rng.uniform(14, 15.3, 800),
    }
    run.write("sample", sample)
    shift = {"trained_on": ["A10", "milca"], "tested_on": ["Battaglia", "homogeneous"], "n": [500, 500]}
    edges = {"z_min": [0.1, 0.1], "z_max": [0.2, 0.2]}
    run.write("domain_shift", {**shift, **edges, "bias_dex": [0.05, -0.01], "scatter_dex": [0.12, 0.1]})
    run.write("evaluated", evaluated(rng))
    variants = {
        "variant": ["vgg", "small"],
        "bin": [2, 2],
        "bias": [0.01, 0.0],
        "scatter": [0.15, 0.13],
        "n": [400, 400],
    }
    run.write("variants", variants)
    radius = np.hypot(*(np.mgrid[:96, :96] - 47.5))
    clean = np.array([5e-5 * np.exp(-((radius / width) ** 2)) for width in (8, 6, 4, 3)])
    noisy = clean + rng.normal(0, 1.5e-6, clean.shape)
    run.write_examples(
        clean=clean, planck_like=noisy, redshift=[0.05, 0.15, 0.3, 0.6], log10_M500c=[14.6, 14.7, 14.8, 14.9]
    )
    return run


@pytest.fixture(scope="session")
def cutout_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cutouts")
    rng = np.random.default_rng(2)
    radius = np.hypot(*(np.mgrid[:96, :96] - 47.5))
    names, z = ["PSZ2 G000.00+01.00", "PSZ2 G010.00-50.00"], [0.15, 0.3]
    for name, redshift, peak in zip(names, z, (6e-5, 1e-7), strict=True):
        hdu = fits.PrimaryHDU((peak * np.exp(-((radius / 5) ** 2)) + rng.normal(0, 1e-6, radius.shape)).astype("f4"))
        hdu.header.update({"NAME": name, "Z": redshift})
        hdu.writeto(folder / f"{name.replace(' ', '_')}.fits")
    position = SkyCoord([0, 10], [1, -50], unit="deg", frame="galactic")
    files = [f"{name.replace(' ', '_')}.fits" for name in names]
    columns = {"name": names, "file": files, "position": position, "redshift": z}
    table = QTable({**columns, "masked": [0, 900], "flagged": [False, True]}, meta={"map": "an invented sky"})
    table.write(folder / "cutouts.ecsv")
    return folder
