"""``szfast check``: what is in a snapshot, what is assumed, what is odd."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from szfast.cli.reporting import show_error, show_json, show_table, show_warning
from szfast.errors import SzfastError

if TYPE_CHECKING:
    from szfast.cli.survey import Survey
    from szfast.snapshots import Snapshot

EXAMPLES = "Examples:\n\nszfast check snapshot_100.hdf5\n\nszfast check run/snapdir_*/ --json"

Row = tuple[str, str, str]


@dataclass
class Findings:
    """What was found in one snapshot.

    Parameters
    ----------
    path : Path
        As it was named.
    rows : list
        Quantity, value and source of what was found and assumed.
    warnings : list of str
        What is odd.
    error : str or None
        Why the snapshot is bad.
    """

    path: Path
    rows: list[Row] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str | None = None


def check(
    snapshots: list[Path] = typer.Argument(
        ...,
        metavar="SNAPSHOT",
        help="Snapshots: a file, one part of many, a folder or common stem of parts.",
        show_default=False,
    ),
    as_json: bool = typer.Option(False, "--json", help="Write the findings as JSON."),
) -> None:
    """Read every part and every gas particle of snapshots, and say what is found, assumed and odd.

    The exit status is 0 only if all of them can be used.
    """
    found = []
    for path in snapshots:
        found.append(_findings(path))
        if not as_json:
            _show(found[-1])
        elif found[-1].error is not None:
            show_error(found[-1].error)
    if as_json:
        show_json([_as_json(each) for each in found])
    if any(each.error is not None for each in found):
        raise typer.Exit(1)


def _findings(path: Path) -> Findings:
    from szfast.cli.oddities import oddities
    from szfast.cli.survey import survey_gas
    from szfast.snapshots import open_snapshot

    findings = Findings(path)
    try:
        snapshot = open_snapshot(path)
        findings.rows = _header_rows(snapshot)
        survey = survey_gas(snapshot, progress=True)
        findings.rows += _gas_rows(survey)
        findings.warnings = oddities(snapshot, survey)
    except SzfastError as error:
        findings.error = str(error)
    return findings


def _header_rows(snapshot: Snapshot) -> list[Row]:
    header = snapshot.header
    box = "not periodic" if header.box_size_kpc is None else f"{header.box_size_kpc * 1e-3:.6g} Mpc, comoving"
    files = "1 file" if len(snapshot.parts) == 1 else f"{len(snapshot.parts)} files"
    redshift = "file" if header.redshift > 1e-6 else "file; maps need --redshift"
    rows = [
        ("format", f"{snapshot.dialect}, {files}", "file"),
        ("redshift", f"{max(header.redshift, 0.0):.6g}", redshift),
        ("cosmology", f"h = {header.hubble:g}, Ωm = {header.omega_m:g}, ΩΛ = {header.omega_lambda:g}", "file"),
        ("box", box, "file"),
    ]
    return rows + [(row.quantity, row.value, row.source) for row in snapshot.assumptions]


def _gas_rows(survey: Survey) -> list[Row]:
    every = "every gas particle"
    low, high = survey.temperature_k
    rows = [
        ("gas particles", f"{survey.particles}, {survey.mass_msun:.5g} Msun", every),
        ("temperature", f"{low:.3g} to {high:.3g} K", every),
        ("gas above 1e6 K", f"{survey.hot_msun / survey.mass_msun:.2%} of the mass", every),
    ]
    if survey.electrons is not None:
        rows.append(("electrons per hydrogen", f"{survey.electrons[0]:.4g} to {survey.electrons[1]:.4g}", every))
    if survey.neighbours is not None:
        rows.append(("neighbours", f"{survey.neighbours:g} within a smoothing length, median", "16 particles"))
    rows += [
        (f"{reason} gas", f"{count} particles, left out of maps", every) for reason, count in survey.left_out.items()
    ]
    return rows


def _show(findings: Findings) -> None:
    if findings.rows:
        show_table(str(findings.path), ("quantity", "value", "source"), findings.rows)
    for warning in findings.warnings:
        show_warning(f"{findings.path}: {warning}")
    if findings.error is not None:
        show_error(findings.error)


def _as_json(findings: Findings) -> dict[str, Any]:
    return {
        "path": str(findings.path),
        "good": findings.error is None,
        "error": findings.error,
        "warnings": findings.warnings,
        "found": [dict(zip(("quantity", "value", "source"), row, strict=True)) for row in findings.rows],
    }
