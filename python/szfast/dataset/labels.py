"""Labels of a data set: one row a cluster."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import DataSetError

if TYPE_CHECKING:
    from astropy.table import QTable


@dataclass(frozen=True)
class Column:
    """One column of the labels.

    Parameters
    ----------
    name : str
        Its name.
    unit : str or None
        Its unit; None for numbers without one, and for text.
    dtype : str
        NumPy's name of its type; ``str`` for text.
    description : str
        What it holds.
    """

    name: str
    unit: str | None
    dtype: str
    description: str


COLUMNS = (
    Column("cluster", None, "int64", "row in this data set"),
    Column("name", None, "str", "name of the cluster"),
    Column("region", None, "str", "simulated region; all its clusters share one initial condition"),
    Column("snapshot", None, "str", "name of the snapshot"),
    Column("code", None, "str", "simulation code"),
    Column("halo_id", None, "int64", "identifier in the halo catalogue"),
    Column("redshift", None, "float64", "redshift at which the cluster is seen"),
    Column("M500c", "Msun", "float64", "mass within R500c"),
    Column("R500c", "kpc", "float64", "physical radius of 500 times the critical density"),
    Column("Y500", "Mpc2", "float64", "Compton parameter of the sphere of R500c"),
    Column("center", "kpc", "float64", "comoving position of the centre in the snapshot's frame"),
    Column("pixel", "kpc", "float64", "physical side of a pixel at the cluster"),
    Column("noise_cluster", None, "uint64", "number of the cluster in the noise key"),
)

NAMES = tuple(column.name for column in COLUMNS)


def noise_number(*identity: Any) -> int:
    """Number of a cluster in the noise key, 0 to 2^64 - 1, from what names it in all data sets."""
    text = "|".join(map(str, identity))
    return int.from_bytes(hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest(), "little")


def as_table(columns: dict[str, NDArray[Any]]) -> QTable:
    """Labels with their units, from plain arrays.

    Parameters
    ----------
    columns : dict
        An array for each of `NAMES`: (N,), and (N, 3) for center; in the units of `COLUMNS`.

    Raises
    ------
    DataSetError
        If a column is absent, of another length, or holds a number that is not finite.
    """
    import astropy.units as u
    from astropy.table import QTable

    table = QTable()
    for column in COLUMNS:
        if column.name not in columns:
            raise DataSetError("the labels lack this column.", field=column.name, remedy="build the data set again.")
        given = np.asarray(columns[column.name])
        # NumPy casts text of variable length to fixed length through lists alone
        values = np.array(given.tolist(), dtype="str") if column.dtype == "str" else given.astype(column.dtype)
        _check(values, column, len(columns["cluster"]))
        table[column.name] = values if column.unit is None else values * u.Unit(column.unit)
        table[column.name].info.description = column.description
    return table


def _check(values: NDArray[Any], column: Column, count: int) -> None:
    shape = (count, 3) if column.name == "center" else (count,)
    if values.shape != shape:
        raise DataSetError(f"expected labels of shape {shape}, found {values.shape}.", field=column.name)
    if column.dtype == "float64" and not np.isfinite(values).all():
        # what no catalogue gives may be absent; what a network learns from may not
        required = column.name in {"redshift", "M500c"}
        if required or np.isinf(values).any():
            raise DataSetError("the labels hold values that are not finite.", field=column.name)


def plain_columns(table: QTable) -> dict[str, NDArray[Any]]:
    """Labels as plain arrays in the units of `COLUMNS`."""
    plain = {}
    for column in COLUMNS:
        values = table[column.name]
        plain[column.name] = np.asarray(values if column.unit is None else values.to_value(column.unit))
    return plain
