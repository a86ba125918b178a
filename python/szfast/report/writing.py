"""Writing the report of a run."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from szfast.arguments import require
from szfast.errors import RunError
from szfast.evaluation.mass_pairs import run_columns
from szfast.evaluation.published_table import Table1
from szfast.report import sections as parts
from szfast.report.cluster_page import write_cluster_page
from szfast.report.other_clusters import other_clusters
from szfast.report.page import write_page
from szfast.report.real_clusters import RealClusters
from szfast.run_folder import RunFolder, open_run
from szfast.table_files import write_ecsv
from szfast.whole_files import replaced

log = logging.getLogger("szfast.report")


def write_report(
    run: RunFolder | str | Path,
    out: str | Path,
    *,
    real: RealClusters | None = None,
    clusters: Sequence[str] = (),
    clean: RunFolder | str | Path | None = None,
) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run : RunFolder or path
        The run; what it does not hold is said to be absent.
    out : str or Path
        Folder, made if need be. Gets ``index.html``, which needs no other file, ``figures/`` with each figure as PNG
        and PDF and the table behind it, and ``table1.ecsv`` and ``table1.tex``.
    real : RealClusters, optional
        Masses of real clusters (`szfast.report.read_real_clusters`).
    clusters : sequence of str
        Names of real clusters that get a page of their own, ``clusters/NAME.html``.

    clean : RunFolder or path, optional
        A run that was trained without noise: the first column of the published table.

    Returns
    -------
    Path
        ``index.html``.

    Raises
    ------
    RunError
        If the run cannot be read, or the report not written.
    CatalogueError
        If there is no cutout of a cluster.
    MissingExtraError
        If matplotlib or jinja2 is not installed.
    """
    require("matplotlib", "report", "writing a report")
    require("jinja2", "report", "writing a report")
    opened = run if isinstance(run, RunFolder) else open_run(run)
    without_noise = None if clean is None else _clean_run(clean)
    known = real or RealClusters()
    place = Path(out)
    try:
        (place / "figures").mkdir(parents=True, exist_ok=True)
        if clusters:
            (place / "clusters").mkdir(exist_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot be made ({error.strerror}).", file=place, field="path", remedy="choose another folder."
        ) from None
    for name in clusters:
        write_cluster_page(name, known, place / "clusters")
    table_section, table = parts.table_1(opened, known, without_noise)
    page = [
        parts.what_was_run(opened),
        parts.sample(opened, known),
        parts.example_maps(opened, known),
        parts.choice_of_runs(opened),
        parts.masses_on_test_sets(opened, known),
        table_section,
        parts.comparison(known),
        parts.calibration(opened),
        other_clusters(opened),
        parts.provenance(opened, known),
    ]
    for section in page:
        for picture in section.pictures:
            picture.save(place / "figures")
    if table.columns:
        _save_table(table, place)
    subtitle = "Galaxy-cluster masses from Compton-y maps: what was run, and how good the masses are."
    index = write_page(place / "index.html", f"Report of {opened.path.name}", subtitle, page)
    log.info("report: %s", index)
    return index


def _clean_run(given: RunFolder | str | Path) -> RunFolder:
    run = given if isinstance(given, RunFolder) else open_run(given)
    if not len(run_columns(run)["clean"]):
        raise RunError(
            "holds no predictions of clean maps.",
            file=run.path,
            field="clean",
            remedy='give a run whose recipe has noise = "none".',
        )
    return run


def _save_table(table: Table1, place: Path) -> None:
    with replaced(place / "table1.ecsv", RunError) as temporary:
        write_ecsv(table.table(), temporary)
    with replaced(place / "table1.tex", RunError) as temporary:
        temporary.write_text(table.latex(), encoding="utf-8")
