"""The section on other networks, and on clusters of another kind or simulation code than those learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.dataset.bins import PLANCK_BINS, bin_name
from szfast.evaluation.figures import coverage, masses
from szfast.evaluation.mass_pairs import pairs_of_predictions, run_columns
from szfast.evaluation.other_clusters import other_table1, shift_rows
from szfast.evaluation.published_table import table1
from szfast.report.page import Grid, Picture, Section
from szfast.run_folder import MAPS, RunFolder

if TYPE_CHECKING:
    from astropy.table import QTable

    from szfast.evaluation.mass_pairs import MassPairs

_SHIFT_COLUMNS = {
    "bias_dex": "bias [dex]",
    "scatter_dex": "scatter [dex]",
    "held68": "inside 68 %",
    "out_of_domain": "out of domain",
    "share_outside": "share above 1",
}

Parts = tuple[list[Grid], list[Picture]]


def other_clusters(run: RunFolder) -> Section:
    """Other networks, domain shift, and the run's networks on other data sets and other codes."""
    grids, pictures = _variants(run), []
    for made in (_domain_shift(run), _evaluated(run)):
        grids += made[0]
        pictures += made[1]
    grids += _codes(run)
    absent = "" if grids else "The run compares neither networks nor kinds of clusters (szfast evaluate RUN STORE)."
    return Section("Other networks and other clusters", grids=grids, pictures=pictures, absent=absent)


def _variants(run: RunFolder) -> list[Grid]:
    if not run.has("variants"):
        return []
    rows = [
        (str(row["variant"]), _bin(row), f"{row['bias']:.3f}", f"{row['scatter']:.3f}", str(row["n"]))
        for row in run.read("variants")
    ]
    return [Grid(("network", "z", "bias", "scatter", "N"), rows, "Networks beside the published one.")]


def _domain_shift(run: RunFolder) -> Parts:
    """What was trained on one kind of clusters or noise and tested on another, in dex."""
    if not run.has("domain_shift"):
        return [], []
    from astropy.table import QTable

    table = run.read("domain_shift")
    columns = {name: head for name, head in _SHIFT_COLUMNS.items() if name in table.colnames}
    rows = [
        (
            row["trained_on"],
            row["tested_on"],
            f"{row['z_min']:g}-{row['z_max']:g}",
            *(f"{row[name]:.3f}" for name in columns),
            str(row["n"]),
        )
        for row in table
    ]
    heads = ("trained on", "tested on", "z", *columns.values(), "N")
    drawn = QTable({"trained": table["trained_on"], "tested": table["tested_on"], "n": table["n"]})
    drawn["bias"], drawn["scatter"] = table["bias_dex"], table["scatter_dex"]
    known = {high: number for number, (_, high) in enumerate(PLANCK_BINS, start=1)}
    numbers = [known.get(round(float(high), 6), 0) for high in table["z_max"]]
    if all(numbers):
        drawn["bin"] = numbers
    caption = "Bias and scatter of log10 M on clusters or noise of another kind than those learnt."
    picture = Picture("domain-shift", coverage.draw_shift(drawn, dex=True), caption, table)
    about = "Domain shift; above 1 a map is out of the domain learnt, where 5 % of the maps learnt lie."
    return [Grid(heads, rows, about)], [picture]


def _evaluated(run: RunFolder) -> Parts:
    """The published table's columns and out-of-domain numbers for each data set of ``szfast evaluate``."""
    if not run.has("evaluated"):
        return [], []
    rows, shift = run.read("evaluated"), shift_rows(run)
    names = list(dict.fromkeys(np.asarray(rows["dataset"]).tolist()))
    grids = []
    for name in names:
        inside = rows[np.asarray(rows["dataset"]) == name]
        codes = ", ".join(sorted(set(np.asarray(inside["code"]).tolist())))
        caption = f"{name} (code: {codes}): (M_CNN - X) / M_CNN, mean ± standard deviation (N)."
        grids.append(Grid(*other_table1(inside).cells(), caption=caption))
    heads = ("clusters", "z", "clusters, maps", "rms [dex]", "out-of-domain number", "share above 1", "masses learnt")
    caption = (
        "Out-of-domain number: median over the maps, and share of maps above 1, where 5 % of the maps learnt lie; "
        "masses learnt: share of maps whose true mass the run's sample holds."
    )
    grids.append(Grid(heads, [_shift_cells(row) for row in shift], caption))
    shift["trained"], shift["tested"] = "", shift["dataset"]
    about = "Bias and scatter of the run's networks on clusters that they have not learnt from."
    pairs = masses.pairs_table({name: _pairs(rows[np.asarray(rows["dataset"]) == name]) for name in names})
    against = "Predicted against true mass of the same maps."
    return grids, [
        Picture("evaluated", coverage.draw_shift(shift), about, shift),
        Picture("evaluated-masses", masses.draw_against_reference(pairs), against, pairs),
    ]


def _pairs(rows: QTable) -> MassPairs:
    # a run has learnt maps of one of both kinds
    return next(pairs for maps in MAPS if len(pairs := pairs_of_predictions(rows, maps, "M_true")))


def _shift_cells(row: Any) -> tuple[str, ...]:
    numbers = (f"{row['rms_dex']:.3f}", f"{row['out_of_domain']:.2f}", f"{row['share_outside']:.3f}")
    return (row["dataset"], _bin(row), f"{row['clusters']}, {row['n']}", *numbers, f"{row['learnt']:.2f}")


def _codes(run: RunFolder) -> list[Grid]:
    """The same table for each code of the run's own test sets, where there are several."""
    if not run.has("predictions"):
        return []
    predictions = run.read("predictions")
    codes = sorted(set(np.asarray(predictions["code"]).tolist())) if "code" in predictions.colnames else []
    if len(codes) < 2:
        return []
    grids = []
    for code in codes:
        columns = {name: pairs for name, pairs in run_columns(run, code=code).items() if len(pairs)}
        if columns:
            grids.append(Grid(*table1(columns).cells(), caption=f"Clusters of {code}."))
    return grids


def _bin(row: Any) -> str:
    return bin_name(PLANCK_BINS[int(row["bin"]) - 1])
