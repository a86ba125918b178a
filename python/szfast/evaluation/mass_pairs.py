"""Masses of the same clusters from two sources, and the catalogues they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import MOST_REDSHIFT, path_in
from szfast.errors import ArgumentError, CatalogueError
from szfast.run_folder import MAPS
from szfast.table_files import check_table

if TYPE_CHECKING:
    from astropy.table import QTable, Table

    from szfast.run_folder import RunFolder

MASS_COLUMNS = ("CNN_mass", "log10_M500c", "log10_M_pred", "M500c")
REFERENCE_COLUMNS = ("Planck_mass", "M_Planck", "MSZ", "log10_M_Planck", "log10_M_true")
REDSHIFT_COLUMNS = ("redshift", "REDSHIFT", "z")
"""Names that are looked for where none is given: the published catalogues', szfast's own and PSZ2's."""

REFERENCES = ("M_true", "M_SZ", "M_SZ_true")
"""References that a run's predictions may hold."""

LOG10_RANGE = (10.0, 17.0)
"""Bare numbers in this range are log10 of Msun; no mass in any usual unit lies in it by chance and fits as well."""


@dataclass(frozen=True, eq=False)
class MassPairs:
    """Predicted masses of clusters beside reference masses.

    Parameters
    ----------
    redshift, log10_mass, log10_reference : (N,) arrays
        Of each cluster or map; masses are log10 of Msun.
    reference : str
        What the reference is, for headings: ``M_true``, ``M_SZ``, ``M_Planck``.
    group : (N,) array, optional
        The cluster of each map.
    name : (N,) array, optional
        Names of the clusters.
    """

    redshift: NDArray[np.float64]
    log10_mass: NDArray[np.float64]
    log10_reference: NDArray[np.float64]
    reference: str = "M_Planck"
    group: NDArray[Any] | None = None
    name: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        shapes = {np.shape(array) for array in (self.redshift, self.log10_mass, self.log10_reference)}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            raise ArgumentError(f"expected three arrays of one length, found {shapes}.", field="log10_mass")
        for field in ("redshift", "log10_mass", "log10_reference"):
            try:
                values = np.asarray(getattr(self, field), dtype=np.float64)
            except (TypeError, ValueError):
                raise ArgumentError("expected numbers.", field=field, remedy="give log10 of Msun.") from None
            if not np.isfinite(values).all():
                raise ArgumentError("holds values that are not finite.", field=field, remedy="leave those rows out.")
            object.__setattr__(self, field, values)

    def __len__(self) -> int:
        return len(self.redshift)

    def where(self, kept: NDArray[np.bool_]) -> MassPairs:
        """The pairs for which `kept` is true."""
        return replace(
            self,
            redshift=self.redshift[kept],
            log10_mass=self.log10_mass[kept],
            log10_reference=self.log10_reference[kept],
            group=None if self.group is None else self.group[kept],
            name=None if self.name is None else self.name[kept],
        )


def read_mass_pairs(
    path: str | Path, *, mass: str | None = None, reference: str | None = None, redshift: str | None = None
) -> MassPairs:
    """Read a catalogue with two masses of each cluster.

    Parameters
    ----------
    path : str or Path
        A table that astropy reads; ``DeepPlanck.csv`` and the catalogues of ``szfast planck mass`` as they are.
    mass, reference, redshift : str, optional
        Columns of the predicted mass, the reference mass and the redshift. Default: the first that is there of
        `MASS_COLUMNS`, `REFERENCE_COLUMNS` and `REDSHIFT_COLUMNS`. A column without a unit holds log10 of Msun.

    Raises
    ------
    CatalogueError
        If the file cannot be read, or a column is absent or holds no masses.
    """
    file = path_in(path)
    table = read_catalogue(file)
    names = [
        _column(table, file, given, candidates, option)
        for given, candidates, option in (
            (redshift, REDSHIFT_COLUMNS, "redshift"),
            (mass, MASS_COLUMNS, "mass"),
            (reference, REFERENCE_COLUMNS, "reference"),
        )
    ]
    z, predicted, known = names[0], names[1], names[2]
    kept = ~np.any([_masked(table[name]) for name in names], axis=0)
    if not kept.any():
        raise CatalogueError(
            f"no cluster has all of {', '.join(names)}.", file=file, field=predicted, remedy="check the columns."
        )
    redshifts = _plain(table[z], z, file)[kept]
    if not ((redshifts >= 0.0) & (redshifts < MOST_REDSHIFT)).all():
        found = redshifts[~((redshifts >= 0.0) & (redshifts < MOST_REDSHIFT))][0]
        problem = f"expected redshifts from 0 to {MOST_REDSHIFT:g}, found {found:g}."
        raise CatalogueError(problem, file=file, field=z, remedy="leave the row out.")
    return MassPairs(
        redshifts,
        _log10_msun(table[predicted], predicted, file)[kept],
        _log10_msun(table[known], known, file)[kept],
        reference="M_true" if "true" in known else "M_Planck",
        name=np.asarray(table["cluster" if "cluster" in table.colnames else table.colnames[0]]).astype(str)[kept],
    )


def read_catalogue(file: Path) -> Table:
    """Read any table that astropy reads by its name or content.

    Raises
    ------
    CatalogueError
        If it cannot be read or is empty.
    """
    from astropy.io.registry import IORegistryError
    from astropy.table import Table

    if not file.is_file():
        raise CatalogueError("there is no such file.", file=file, field="path", remedy="check the path.")
    text = file.suffix.lower() in {".csv", ".tsv", ".txt", ".dat"}
    try:
        check_table(file, CatalogueError)
        table = Table.read(file, format="ascii") if text else Table.read(file)
    except (OSError, ValueError, TypeError, IORegistryError, IndexError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise CatalogueError(
            f"cannot be read as a table ({said[0]}).", file=file, field="table", remedy="give a table."
        ) from None
    if len(table) == 0:
        raise CatalogueError("holds no row.", file=file, field="table", remedy="give a catalogue of clusters.")
    return table


def run_pairs(run: RunFolder, maps: str, reference: str, *, code: str | None = None) -> MassPairs:
    """Pairs of a run's chosen networks on their test sets.

    Parameters
    ----------
    run : RunFolder
        The run.
    maps : str
        ``clean`` or ``planck-like``.
    reference : str
        ``M_true`` or ``M_SZ``.
    code : str, optional
        Only clusters of this simulation code.

    Raises
    ------
    ArgumentError
        If a name is unknown.
    RunError
        If the run holds no predictions.
    """
    if maps not in MAPS:
        raise ArgumentError(f"expected {' or '.join(MAPS)}, found {maps!r}.", field="maps", remedy="name one of them.")
    if reference not in REFERENCES:
        found = f"expected {' or '.join(REFERENCES)}, found {reference!r}."
        raise ArgumentError(found, field="reference", remedy="name one of them.")
    return pairs_of_predictions(_chosen(run), maps, reference, code)


def _chosen(run: RunFolder) -> QTable:
    predictions = run.read("predictions")
    return predictions[chosen_rows(run, predictions)]


def pairs_of_predictions(predictions: QTable, maps: str, reference: str, code: str | None = None) -> MassPairs:
    """Pairs of a table of predictions as `szfast.run_folder` describes it; see `run_pairs`."""
    kept = np.asarray(predictions["maps"]) == maps
    column = "log10_" + reference
    if code is not None:
        kept &= np.asarray(predictions["code"]) == code if "code" in predictions.colnames else False
    if column not in predictions.colnames:
        kept[:], column = False, "log10_M_true"
    # M_SZ is NaN where a map has no signal
    rows = predictions[kept & np.isfinite(np.asarray(predictions[column]))]
    return MassPairs(
        np.asarray(rows["redshift"]),
        np.asarray(rows["log10_M_pred"]),
        np.asarray(rows[column]),
        reference=reference,
        group=np.asarray(rows["cluster"]),
    )


def run_columns(run: RunFolder, *, code: str | None = None) -> dict[str, MassPairs]:
    """Pairs for the three simulated columns of the published table, by the column's key."""
    predictions = _chosen(run)
    return {
        "clean": pairs_of_predictions(predictions, "clean", "M_true", code),
        "planck_like": pairs_of_predictions(predictions, "planck-like", "M_true", code),
        "planck_like_sz": pairs_of_predictions(predictions, "planck-like", "M_SZ", code),
    }


def chosen_rows(run: RunFolder, table: Any) -> NDArray[np.bool_]:
    """Tell which rows of a table with ``bin`` and ``run`` belong to the chosen runs; all where no run is marked."""
    if not run.has("runs"):
        return np.ones(len(table), dtype=bool)
    runs = run.read("runs")
    chosen = {(int(row["bin"]), int(row["run"])) for row in runs if row["chosen"]}
    keys = zip(np.asarray(table["bin"]).tolist(), np.asarray(table["run"]).tolist(), strict=True)
    return np.array([key in chosen for key in keys], dtype=bool)


def _column(table: Table, file: Path, given: str | None, candidates: Sequence[str], option: str) -> str:
    if given is not None and not isinstance(given, str):
        raise ArgumentError(f"expected a column's name, found {type(given).__name__}.", field=option)
    wanted = [given] if given is not None else candidates
    for name in wanted:
        if name in table.colnames:
            return str(name)
    raise CatalogueError(
        f"expected a column {' or '.join(map(str, wanted))}, found {', '.join(table.colnames)}.",
        file=file,
        field=option,
        remedy=f"name the column with {option}=.",
    )


def _masked(column: Any) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = np.ma.getmaskarray(np.ma.asarray(column)).astype(bool)
    if np.asarray(column).dtype.kind == "f":
        missing = missing | np.isnan(np.ma.filled(np.ma.asarray(column), 0.0))
    return missing


def _plain(column: Any, name: str, file: Path) -> NDArray[np.float64]:
    try:
        return np.asarray(np.ma.filled(np.ma.asarray(column), 0.0), dtype=np.float64)
    except (TypeError, ValueError):
        raise CatalogueError("expected numbers.", file=file, field=name, remedy="correct the column.") from None


def _log10_msun(column: Any, name: str, file: Path) -> NDArray[np.float64]:
    values = _plain(column, name, file)
    known = ~_masked(column)
    unit = getattr(column, "unit", None)
    if unit is not None and str(unit) not in ("", "dex"):
        import astropy.units as u

        try:
            factor = u.Unit(str(unit)).to("Msun")
        except (ValueError, u.UnitConversionError):
            raise CatalogueError(
                f"expected a unit of mass, found '{unit}'.", file=file, field=name, remedy="correct the unit."
            ) from None
        if not (values[known] > 0).all():
            raise CatalogueError("holds masses that are not positive.", file=file, field=name, remedy="leave them out.")
        return np.log10(np.where(known, values * factor, 1.0))
    if not ((values[known] > LOG10_RANGE[0]) & (values[known] < LOG10_RANGE[1])).all():
        raise CatalogueError(
            f"expected log10 of masses in Msun, found values from {values[known].min():g} to {values[known].max():g}.",
            file=file,
            field=name,
            remedy="give log10 of Msun, or a column with a unit.",
        )
    return values
