"""The table of the published method: (M_CNN - X) / M_CNN per redshift bin, four columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.dataset.bins import PLANCK_BINS, bin_name, within_bin
from szfast.errors import ArgumentError
from szfast.evaluation.mass_pairs import MassPairs
from szfast.evaluation.statistics import Spread, relative_error, spread

if TYPE_CHECKING:
    from astropy.table import QTable

HEAVY_LOG10_M = 14.7
"""The last row's cut in predicted mass [log10 Msun]."""

COLUMNS = {
    "clean": "clean, X = M_true",
    "planck_like": "Planck-like, X = M_true",
    "planck_like_sz": "Planck-like, X = M_SZ",
    "real": "real, X = M_Planck",
}
"""The four columns: key and heading."""

PUBLISHED = {
    "clean": ((-0.03, 0.14), (-0.01, 0.12), (-0.01, 0.08), (-0.02, 0.08), (-0.02, 0.11), (-0.02, 0.11)),
    "planck_like": ((-0.02, 0.21), (0.01, 0.15), (-0.01, 0.13), (-0.02, 0.15), (-0.02, 0.17), (-0.01, 0.17)),
    "planck_like_sz": ((0.08, 0.37), (0.20, 0.23), (0.25, 0.22), (0.29, 0.26), (0.19, 0.30), (0.25, 0.20)),
    "real": ((0.029, 0.289), (0.149, 0.141), (0.127, 0.133), (0.142, 0.121), (0.114, 0.182), (0.142, 0.139)),
}
"""Mean and standard deviation of each cell: simulated columns of de Andres 2021 (talk), real of arXiv:2209.10333."""


@dataclass(frozen=True)
class Row:
    """One cell of the table.

    Parameters
    ----------
    z_min, z_max : float
        Redshifts (z_min, z_max].
    log10_m_min : float or None
        Only predicted masses above this [log10 Msun].
    spread : Spread
        Of the relative errors.
    """

    z_min: float
    z_max: float
    log10_m_min: float | None
    spread: Spread

    def plain(self) -> dict[str, Any]:
        """Edges, mean, std, their errors and n as a flat mapping."""
        return {"z_min": self.z_min, "z_max": self.z_max, "log10_m_min": self.log10_m_min, **asdict(self.spread)}

    @property
    def label(self) -> str:
        """What the row is called in a printed table."""
        text = "all" if (self.z_min, self.z_max) == _whole() else bin_name((self.z_min, self.z_max))
        return text if self.log10_m_min is None else f"{text}, log10 M_CNN > {self.log10_m_min:g}"


@dataclass(frozen=True)
class Table1:
    """Columns of rows, in the order of `COLUMNS` or as given.

    Parameters
    ----------
    columns : mapping of str to list of Row
        By the column's key; all have the same rows.
    """

    columns: Mapping[str, list[Row]]

    def rows(self) -> list[dict[str, Any]]:
        """A flat list: every row of every column, with its column's key."""
        return [{"column": name, **row.plain()} for name, rows in self.columns.items() for row in rows]

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Headings, and a line of text cells for each row: label, mean ± std of each column, N of each column."""
        heads = ["z", *(f"{COLUMNS.get(name, name)} (N)" for name in self.columns)]
        lines = []
        for number, first in enumerate(next(iter(self.columns.values()))):
            lines.append([first.label, *(_cell(rows[number].spread) for rows in self.columns.values())])
        return heads, lines

    def text(self) -> str:
        """The table as aligned plain text."""
        heads, lines = self.cells()
        widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
        form = [
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in [heads, *lines]
        ]
        return "\n".join(line.rstrip() for line in form)

    def latex(self) -> str:
        """The table as a LaTeX tabular with bootstrap errors of the mean and of the standard deviation."""
        heads = " & ".join(["$z$", *(_latex_head(name) for name in self.columns)])
        lines = []
        for number, first in enumerate(next(iter(self.columns.values()))):
            cells = [_latex_cell(rows[number].spread) for rows in self.columns.values()]
            label = first.label.replace("log10 M_CNN >", r"$\log_{10} M_{\rm CNN} >$")
            lines.append(" & ".join([label, *cells]) + r" \\")
        body = "\n".join([heads + r" \\", r"\hline", *lines])
        return f"\\begin{{tabular}}{{l{'c' * len(self.columns)}}}\n\\hline\n{body}\n\\hline\n\\end{{tabular}}\n"

    def table(self) -> QTable:
        """The table for ECSV: a row a cell."""
        from astropy.table import MaskedColumn, QTable

        rows = self.rows()
        table = QTable({name: [row[name] for row in rows] for name in rows[0] if name != "log10_m_min"})
        cuts = [row["log10_m_min"] for row in rows]
        column = MaskedColumn([0.0 if cut is None else cut for cut in cuts], mask=[cut is None for cut in cuts])
        table.add_column(column, name="log10_m_min", index=3)
        table.meta["content"] = "mean and standard deviation of (M_CNN - X) / M_CNN, with bootstrap errors"
        return table


def table1(
    columns: Mapping[str, MassPairs] | MassPairs,
    *,
    bins: tuple[tuple[float, float], ...] = PLANCK_BINS,
    log10_m_min: float = HEAVY_LOG10_M,
    draws: int = 1000,
    seed: int = 0,
) -> Table1:
    """Mean and standard deviation of (M_CNN - X) / M_CNN per redshift bin, for all, and for heavy clusters.

    Parameters
    ----------
    columns : MassPairs, or mapping of str to MassPairs
        Pairs for each column; keys of `COLUMNS` get their headings. A column without pairs is kept, with n = 0.
    bins : tuple of (float, float)
        Redshift bins, low edge excluded.
    log10_m_min : float
        Cut in predicted mass of the last row [log10 Msun].
    draws, seed : int
        Of the bootstrap; views of one cluster are drawn together.

    Raises
    ------
    ArgumentError
        If there is no column, or one is no MassPairs.
    """
    given = {"real": columns} if isinstance(columns, MassPairs) else columns
    if not isinstance(given, Mapping) or not given or not all(isinstance(each, MassPairs) for each in given.values()):
        raise ArgumentError(
            "expected MassPairs, or one or more of them by their names.",
            field="columns",
            remedy="see szfast.evaluate.read_mass_pairs and run_columns.",
        )
    whole = (bins[0][0], bins[-1][1])
    cuts = [*((low, high, None) for low, high in bins), (*whole, None), (*whole, log10_m_min)]
    return Table1({name: [_row(pairs, *cut, draws, seed) for cut in cuts] for name, pairs in given.items()})


def _row(pairs: MassPairs, low: float, high: float, heavy: float | None, draws: int, seed: int) -> Row:
    kept = within_bin(pairs.redshift, (low, high))
    if heavy is not None:
        kept &= pairs.log10_mass > heavy
    inside = pairs.where(kept)
    errors = relative_error(inside.log10_mass, inside.log10_reference)
    return Row(low, high, heavy, spread(errors, groups=inside.group, draws=draws, seed=seed))


def _whole() -> tuple[float, float]:
    return PLANCK_BINS[0][0], PLANCK_BINS[-1][1]


def _cell(numbers: Spread) -> str:
    return "-" if numbers.n == 0 or np.isnan(numbers.std) else f"{numbers.mean:.3f} ± {numbers.std:.3f} ({numbers.n})"


def _latex_head(name: str) -> str:
    head = COLUMNS.get(name, name)
    for word in ("M_true", "M_SZ", "M_Planck"):
        head = head.replace(word, rf"M_{{\rm {word[2:]}}}")
    return head.replace("X = ", "$X = ") + ("$" if "X = " in head else "")


def _latex_cell(numbers: Spread) -> str:
    if numbers.n == 0 or np.isnan(numbers.std):
        return "--"
    mean, std = f"{numbers.mean:.3f}({numbers.mean_error:.3f})", f"{numbers.std:.3f}({numbers.std_error:.3f})"
    return rf"${mean} \pm {std}$"
