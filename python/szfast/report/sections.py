"""The sections of a run's report; each says so where its input is absent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.dataset.bins import PLANCK_BINS, bin_name, within_bin
from szfast.evaluation.figures import choice, coverage, masses, sky
from szfast.evaluation.mass_pairs import chosen_rows, run_columns
from szfast.evaluation.published_table import COLUMNS, PUBLISHED, Table1, table1
from szfast.evaluation.statistics import spread
from szfast.networks import read_cutout
from szfast.planck.lensing import SAMPLES, compare_with_lensing
from szfast.planck.masses import read_cutouts
from szfast.report.page import Grid, Picture, Section
from szfast.report.real_clusters import RealClusters
from szfast.run_folder import RunFolder

if TYPE_CHECKING:
    from szfast.evaluation.line_fit import RatioFit

_NO_REAL = "No masses of real clusters were given (--masses)."


def what_was_run(run: RunFolder) -> Section:
    """What ``run.json`` tells, and how many runs there are."""
    rows = [(str(key), _short(value)) for key, value in run.about.items()]
    text = []
    if run.has("runs"):
        runs = run.read("runs")
        bins = sorted(set(np.asarray(runs["bin"]).tolist()))
        chosen = int(np.asarray(runs["chosen"], dtype=bool).sum())
        text = [f"{len(runs)} training runs in {len(bins)} redshift bins, of which {chosen} were chosen on validation."]
    return Section("What was run", text, [Grid(("", ""), rows)] if rows else [])


def sample(run: RunFolder, real: RealClusters) -> Section:
    """The clusters of the data set over the real ones."""
    title = "Sample"
    if not run.has("sample"):
        return Section(title, absent="The run holds no table of its sample.")
    table = run.read("sample")
    counts = [
        (bin_name(edges), str(int(within_bin(table["redshift"], edges).sum())), _real_count(real, edges))
        for edges in PLANCK_BINS
    ]
    behind = _real_masses(real)
    picture = Picture(
        "sample",
        coverage.draw_sample(table, behind),
        "Simulated clusters in redshift and mass" + (" over Planck's." if behind is not None else "."),
        table,
    )
    return Section(
        title, grids=[Grid(("z", "simulated", "real"), counts, "Clusters per redshift bin.")], pictures=[picture]
    )


def example_maps(run: RunFolder, real: RealClusters) -> Section:
    """Example maps, clean, Planck-like and real."""
    rows = sky.example_rows(run.read_examples()) if run.has("examples") else []
    absent = [] if rows else ["The run holds no example maps."]
    if real.cutouts is None:
        absent.append("No cutouts of the real y map were given (--cutouts).")
    pictures = []
    if rows:
        caption = "Maps of simulated clusters: with the beam alone, and with beam and noise."
        pictures.append(Picture("maps", sky.draw_maps(rows), caption))
    if real.cutouts is not None:
        table = read_cutouts(real.cutouts)
        shown = [table[within_bin(table["redshift"], edges)][:1] for edges in PLANCK_BINS]
        cuts = [(str(row["name"][0]), read_cutout(real.cutouts / str(row["file"][0])).y) for row in shown if len(row)]
        if cuts:
            caption = f"Real cutouts of {table.meta.get('map')}, one a redshift bin."
            pictures.append(Picture("real-maps", sky.draw_maps([("real", cuts)]), caption))
    return Section("Example maps", pictures=pictures, absent=" ".join(absent))


def choice_of_runs(run: RunFolder) -> Section:
    """N(bias < t), bias against mass and loss of a biased and an unbiased run."""
    title = "Choice of the unbiased runs"
    if not run.has("runs"):
        return Section(title, absent="The run holds no table of its runs.")
    runs = run.read("runs")
    chosen = np.unique(runs["bin"][np.asarray(runs["chosen"], dtype=bool)])
    left = [str(number) for number in np.setdiff1d(runs["bin"], chosen)]
    text = (
        [f"No run was chosen in bin {', '.join(left)}: none has a score, for want of maps."]
        if len(chosen) and left
        else []
    )
    below = choice.runs_below_table(runs)
    pictures = [
        Picture(
            "runs-below",
            choice.draw_runs_below(below),
            "Number of runs whose largest bias over bins of predicted mass, on validation, is below a threshold.",
            below,
        )
    ]
    absent = []
    if run.has("predictions"):
        bias = choice.bias_table(run.read("predictions"), runs)
        caption = "Mean relative error on test maps against predicted mass: the chosen run, and the most biased one."
        pictures.append(Picture("bias", choice.draw_bias(bias), caption, bias))
    else:
        absent.append("The run holds no predictions on its test sets.")
    if run.has("history"):
        history = choice.history_table(run.read("history"), runs)
        caption = "Loss against epoch of the same runs, in training and validation."
        pictures.append(Picture("loss", choice.draw_history(history), caption, history))
    else:
        absent.append("The run holds no history of its losses.")
    return Section(title, text, pictures=pictures, absent=" ".join(absent))


def masses_on_test_sets(run: RunFolder, real: RealClusters) -> Section:
    """True against predicted mass, and M_CNN against M_SZ."""
    title = "Predicted masses"
    if not run.has("predictions"):
        return Section(title, absent="The run holds no predictions on its test sets.")
    columns = run_columns(run)
    pictures = []
    if len(columns["planck_like"]):
        table = masses.pairs_table({"Planck-like": columns["planck_like"]})
        caption = (
            "True against predicted mass of Planck-like test maps: median, 68 % and 95 % in bins of predicted mass."
        )
        pictures.append(Picture("true-predicted", masses.draw_true_against_predicted(table), caption, table))
    against = {"simulated": columns["planck_like_sz"]} if len(columns["planck_like_sz"]) else {}
    if real.pairs is not None:
        against["Planck"] = real.pairs
    if against:
        table = masses.pairs_table(against)
        caption = "Predicted mass against the mass by Planck's scaling relation."
        pictures.append(Picture("against-sz", masses.draw_against_reference(table), caption, table))
    absent = "" if pictures else "There are no predictions of Planck-like maps."
    return Section(title, grids=_sz_masses(run), pictures=pictures, absent=absent)


def _sz_masses(run: RunFolder) -> list[Grid]:
    """How well the relation itself gives the true mass, from the true Y500 and from the map."""
    predictions = run.read("predictions")
    rows = predictions[chosen_rows(run, predictions)]
    columns = {"log10_M_SZ_true": "from the true Y500", "log10_M_SZ": "from the map"}
    known = [name for name in columns if name in rows.colnames]
    if not known:
        return []
    cells = [[bin_name(edges), *(_sz_error(rows, name, edges) for name in known)] for edges in PLANCK_BINS]
    caption = "log10 M_SZ / M_true of the same test clusters, mean ± standard deviation (N)."
    return [Grid(("z", *(f"M_SZ {columns[name]}" for name in known)), cells, caption)]


def _sz_error(rows: Any, name: str, edges: tuple[float, float]) -> str:
    inside = rows[within_bin(rows["redshift"], edges) & np.isfinite(np.asarray(rows[name]))]
    found = spread(np.asarray(inside[name]) - np.asarray(inside["log10_M_true"]))
    return "-" if found.n < 2 else f"{found.mean:.3f} ± {found.std:.3f} ({found.n})"


def table_1(run: RunFolder, real: RealClusters, clean: RunFolder | None = None) -> tuple[Section, Table1]:
    """The published table beside this run's; a run without noise gives the first column."""
    columns = run_columns(run) if run.has("predictions") else {}
    if clean is not None:
        columns = {**columns, "clean": run_columns(clean)["clean"]}
    if real.pairs is not None:
        columns = {**columns, "real": real.pairs}
    columns = {name: columns[name] for name in COLUMNS if name in columns and len(columns[name])}
    title = "Table 1"
    if not columns:
        return Section(title, absent="There are neither predictions of the run nor masses of real clusters."), Table1(
            {}
        )
    table = table1(columns)
    rows = []
    for i, first in enumerate(next(iter(table.columns.values()))):
        cells = [first.label]
        for name, found in table.columns.items():
            numbers = found[i].spread
            mine = "-" if numbers.n < 2 else f"{numbers.mean:.3f}({numbers.mean_error:.3f}) ±\u00a0{numbers.std:.3f}"
            mean, std = PUBLISHED[name][i]
            cells += [f"{mine}, N\u00a0=\u00a0{numbers.n}", f"{mean:g} ±\u00a0{std:g}"]
        rows.append(cells)
    heads = ["z"] + [head for name in table.columns for head in (COLUMNS[name], "published")]
    caption = "Mean (its bootstrap error) ± standard deviation of (M_CNN - X) / M_CNN."
    missing = [COLUMNS[name] for name in COLUMNS if name not in columns]
    absent = f"Without input: {'; '.join(missing)}." if missing else ""
    if "clean" not in columns:
        absent += " The first column is that of a run trained without noise (--clean)."
    errors = masses.pairs_table({COLUMNS[name]: pairs for name, pairs in columns.items()})
    picture = Picture(
        "errors", masses.draw_error_distributions(errors), "Distributions of the relative errors.", errors
    )
    return Section(title, grids=[Grid(heads, rows, caption)], pictures=[picture], absent=absent), table


def comparison(real: RealClusters) -> Section:
    """Real masses beside Planck's and weak-lensing masses."""
    title = "Real clusters: Planck and weak lensing"
    if real.pairs is None:
        return Section(title, absent=_NO_REAL)
    ratio = real.pairs.log10_reference - real.pairs.log10_mass
    rows = []
    for edges in PLANCK_BINS:
        inside = 10 ** ratio[within_bin(real.pairs.redshift, edges)]
        found = spread(inside)
        rows.append((bin_name(edges), f"{found.mean:.3f} ± {found.mean_error:.3f}", f"{found.std:.3f}", str(found.n)))
    planck = Grid(("z", "mean", "scatter", "N"), rows, f"M_Planck / M_CNN of {real.source}.")
    if real.masses is None or real.lensing is None:
        why = (
            "No weak-lensing samples were given (--lensing)."
            if real.lensing is None
            else "The masses have no positions."
        )
        return Section(title, grids=[planck], absent=why)
    table, fits = compare_with_lensing(real.masses, real.lensing)
    lensing = Grid(("sample", "M_CNN / M_WL", "intrinsic scatter", "N"), _ratios(fits), _samples(fits))
    picture = Picture(
        "against-lensing",
        masses.draw_against_lensing(table, fits),
        f"Predicted against weak-lensing masses of {int(table['first'].sum())} clusters.",
        table,
    )
    return Section(title, grids=[planck, lensing], pictures=[picture])


def calibration(run: RunFolder) -> Section:
    """Coverage of the error bars."""
    title = "Calibration of the error bars"
    if not run.has("predictions"):
        return Section(title, absent="The run holds no predictions on its test sets.")
    predictions = run.read("predictions")
    kept = chosen_rows(run, predictions) & (np.asarray(predictions["maps"]) == "planck-like")
    table = coverage.calibration_table(predictions[kept])
    if not len(table):
        return Section(title, absent="The run's predictions have no intervals.")
    rows = [
        (row["z"], f"{row['promised']:.2f}", f"{row['found']:.3f} ± {row['error']:.3f}", str(row["n"])) for row in table
    ]
    grid = Grid(("z", "promised", "found", "N"), rows, "Share of true masses inside their intervals, on test maps.")
    picture = Picture("calibration", coverage.draw_calibration(table), "Coverage of the intervals on test maps.", table)
    return Section(title, grids=[grid], pictures=[picture])


def provenance(run: RunFolder, real: RealClusters) -> Section:
    """Where everything is from."""
    from szfast import __version__

    rows = [("szfast", __version__), ("run", run.path.name), ("networks", ", ".join(_networks(run)) or "none")]
    rows.append(("real masses", real.source or "none"))
    return Section("Provenance", grids=[Grid(("", ""), rows)])


def _networks(run: RunFolder) -> list[str]:
    return sorted({path.stem for path in run.networks.glob("*") if path.suffix in (".npz", ".keras")})


def _ratios(fits: dict[str, RatioFit]) -> list[tuple[str, ...]]:
    return [
        (name, f"{fit.ratio:.3f} ± {fit.ratio_error:.3f}", f"{fit.scatter_dex:.3f} dex", str(fit.n))
        for name, fit in fits.items()
    ]


def _samples(fits: dict[str, RatioFit]) -> str:
    return "; ".join(f"{name}: {SAMPLES[name][1]}" for name in fits if name in SAMPLES) + "."


def _real_masses(real: RealClusters) -> Any:
    from astropy.table import QTable

    if real.pairs is None:
        return None
    return QTable({"redshift": real.pairs.redshift, "log10_M500c": real.pairs.log10_reference})


def _real_count(real: RealClusters, edges: tuple[float, float]) -> str:
    return "-" if real.pairs is None else str(int(within_bin(real.pairs.redshift, edges).sum()))


def _short(value: Any) -> str:
    if isinstance(value, dict):
        value = "; ".join(f"{key}: {_short(each)}" for key, each in value.items())
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 600 else text[:600] + " …"
