"""A run: the folder in which training leaves what evaluation and the report read.

It holds ``run.json`` (what was run), a few ECSV tables (`TABLES`), the chosen networks as ``networks/*.npz``
(`szfast.networks.read_networks`) and, as an option, ``examples.npz`` with example maps. All but
``run.json`` may be absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import RunError
from szfast.folder_members import check_folder
from szfast.table_files import check_table, write_ecsv
from szfast.whole_files import DAMAGED_NPZ, replaced

if TYPE_CHECKING:
    from astropy.table import QTable

FORMAT = 1
"""Version of the layout; a reader refuses a later one."""

MAPS = ("clean", "planck-like")
"""Values of the predictions' column ``maps``: beam alone, or beam and noise."""

TABLES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "runs": ({"bin": "i", "run": "i", "score": "n", "chosen": "b"}, {"epochs": "i", "validation_loss": "f"}),
    "predictions": (
        {
            "bin": "i",
            "run": "i",
            "maps": "U",
            "cluster": "i",
            "view": "i",
            "redshift": "f",
            "log10_M_true": "f",
            "log10_M_pred": "f",
        },
        {
            "lower68": "f",
            "upper68": "f",
            "lower95": "f",
            "upper95": "f",
            "log10_M_SZ": "n",
            "log10_M_SZ_true": "n",
            "out_of_domain": "f",
            "code": "U",
        },
    ),
    "evaluated": (
        {
            **{"dataset": "U", "cluster": "i", "name": "U", "code": "U", "view": "i", "bin": "i", "maps": "U"},
            **{"redshift": "f", "log10_M_true": "f", "log10_M_pred": "f", "out_of_domain": "f", "learnt": "b"},
        },
        {
            **{"lower68": "f", "upper68": "f", "lower95": "f", "upper95": "f"},
            **{"log10_M_SZ": "n", "log10_M_SZ_true": "n"},
        },
    ),
    "history": ({"bin": "i", "run": "i", "epoch": "i", "loss": "f", "validation_loss": "f"}, {}),
    "sample": ({"cluster": "i", "redshift": "f", "log10_M500c": "f"}, {"region": "U", "code": "U"}),
    "choice": (
        {
            **{"bin": "i", "z_low": "f", "z_high": "f", "runs": "i", "run": "i", "biased_run": "i", "score": "f"},
            **{
                "biased_score": "f",
                "test_score": "n",
                "fresh_score": "n",
                "optimism": "n",
                "bias": "f",
                "scatter": "f",
            },
        },
        {"biased_bias": "f", "biased_scatter": "f", "n": "i", "clusters": "i"},
    ),
    "intervals": (
        {"bin": "i", "log10_mass": "f", "lower68": "f", "upper68": "f", "lower95": "f", "upper95": "f"},
        {},
    ),
    "coverage": (
        {
            **{"bin": "i", "log10_m_low": "f", "log10_m_high": "f", "n": "i", "clusters": "i"},
            **{"held68": "f", "held95": "f", "error68": "f", "error95": "f"},
        },
        {},
    ),
    "domain_shift": (
        {
            **{"trained_on": "U", "tested_on": "U", "z_min": "f", "z_max": "f", "n": "i"},
            **{"bias_dex": "f", "scatter_dex": "f"},
        },
        {},
    ),
    "variants": ({"variant": "U", "bin": "i", "bias": "f", "scatter": "f", "n": "i"}, {}),
}
"""Required and optional columns of each table with the kind of their values: integer, float, number or NaN,
boolean, text.

Masses and the ends of intervals are log10 of M500c in Msun. ``predictions`` are those of test sets, ``bin`` counts
from 1, a ``score`` is NaN where too few maps tell it, ``bias`` and ``scatter`` are mean and standard deviation of
(M_pred - M_true) / M_pred. ``evaluated`` are predictions on clusters of other data sets
(`szfast.evaluation.evaluate_on`); ``log10_M_SZ`` is measured on the map, ``log10_M_SZ_true`` follows from the true
Y500. ``choice``, ``intervals`` and ``coverage`` are described in `szfast.ensemble`.
"""

_KINDS = {
    "n": ("fiu", "numbers or NaN"),
    "i": ("iu", "whole numbers"),
    "f": ("fiu", "numbers"),
    "b": ("b", "true or false"),
    "U": ("UOS", "text"),
}
EXAMPLES = {"clean": 3, "planck_like": 3, "redshift": 1, "log10_M500c": 1}
"""Arrays of ``examples.npz`` and their number of axes: two stacks of maps (N, n, n), and a number for each."""


@dataclass(frozen=True)
class RunFolder:
    """A run on disk; `create_run` and `open_run` make one.

    Parameters
    ----------
    path : Path
        The folder.
    """

    path: Path

    @property
    def about(self) -> dict[str, Any]:
        """What was run: the content of ``run.json``."""
        return _about(self.path)

    @property
    def networks(self) -> Path:
        """Folder of the chosen networks, one .npz a redshift bin."""
        return self.path / "networks"

    def has(self, name: str) -> bool:
        """Tell whether the run holds a table of `TABLES`, or ``examples``."""
        return self._file(name).is_file()

    def write(self, name: str, table: Any) -> Path:
        """Write one of `TABLES`, whole or not at all; a table that is there is replaced.

        Raises
        ------
        RunError
            If the name is unknown, a column is missing, of a wrong kind or not finite, or the disk refuses.
        """
        file = self._file(name)
        checked = _checked(table, name, file)
        with replaced(file, RunError) as temporary:
            write_ecsv(checked, temporary)
        return file

    def read(self, name: str) -> QTable:
        """Read one of `TABLES`.

        Raises
        ------
        RunError
            If it is absent or damaged.
        """
        from astropy.table import QTable

        file = self._file(name)
        if not file.is_file():
            raise RunError("is not in this run.", file=file, field="path", remedy="run the step that writes it.")
        try:
            check_table(file, RunError)
            table = QTable.read(file, format="ascii.ecsv", encoding="utf-8")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RunError(
                f"cannot be read as ECSV ({str(error).splitlines()[0]}).",
                file=file,
                field="content",
                remedy="make the run again.",
            ) from None
        return _checked(table, name, file)

    def write_examples(self, **arrays: Any) -> Path:
        """Write example maps for the report: the arrays of `EXAMPLES`.

        Raises
        ------
        RunError
            If an array is missing or of a wrong shape, or the disk refuses.
        """
        file = self._file("examples")
        checked = _checked_examples(arrays, file)
        with replaced(file, RunError) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **checked)
        return file

    def read_examples(self) -> dict[str, NDArray[np.float64]]:
        """Read the example maps.

        Raises
        ------
        RunError
            If they are absent or damaged.
        """
        file = self._file("examples")
        try:
            with np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except FileNotFoundError:
            raise RunError(
                "is not in this run.", file=file, field="path", remedy="run the step that writes it."
            ) from None
        except DAMAGED_NPZ as error:
            raise RunError(
                f"cannot be read ({error}).", file=file, field="content", remedy="make the run again."
            ) from None
        return _checked_examples(arrays, file)

    def _file(self, name: str) -> Path:
        if name == "examples":
            return self.path / "examples.npz"
        if name not in TABLES:
            raise RunError(f"there is no table '{name}'.", field="name", remedy=f"use one of {', '.join(TABLES)}.")
        return self.path / f"{name}.ecsv"


def create_run(path: str | Path, about: Mapping[str, Any]) -> RunFolder:
    """Begin a run: make its folder and write ``run.json``; a run that is there keeps its tables.

    Parameters
    ----------
    path : str or Path
        The folder.
    about : mapping
        What is run, as JSON: data set, configuration, seeds, versions, times. The report shows it as it stands.

    Raises
    ------
    RunError
        If the folder cannot be written or holds links that lead out of it, or `about` is no JSON.
    """
    folder = Path(path)
    check_folder(folder, RunError)
    try:
        text = json.dumps({**about, "format": FORMAT}, indent=2, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RunError(f"cannot be written as JSON ({error}).", field="about", remedy="give plain values.") from None
    try:
        (folder / "networks").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot be made ({error.strerror}).", file=folder, field="path", remedy="choose another folder."
        ) from None
    with replaced(folder / "run.json", RunError) as temporary:
        temporary.write_text(text + "\n")
    return RunFolder(folder)


def open_run(path: str | Path) -> RunFolder:
    """Open a run.

    Raises
    ------
    RunError
        If the folder holds no run, one of a later layout, or links that lead out of it.
    """
    folder = Path(path)
    check_folder(folder, RunError)
    _about(folder)
    return RunFolder(folder)


def _about(folder: Path) -> dict[str, Any]:
    file = folder / "run.json"
    try:
        content = json.loads(file.read_text())
        version = int(content["format"])
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(
            "is not the folder of a run.", file=folder, field="path", remedy="give the folder with run.json."
        ) from None
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise RunError(f"is damaged ({error!r}).", file=file, field="content", remedy="make the run again.") from None
    if version > FORMAT:
        raise RunError(
            f"expected layout {FORMAT}, found {version}.", file=file, field="format", remedy="use a newer szfast."
        )
    return {key: value for key, value in content.items() if key != "format"}


def _checked(table: Any, name: str, file: Path) -> QTable:
    from astropy.table import MaskedColumn, QTable

    checked = QTable(table)
    required, optional = TABLES[name]
    for column, kind in {**required, **optional}.items():
        if column not in checked.colnames:
            if column in required:
                raise RunError(f"expected columns {', '.join(required)}.", file=file, field=column, remedy="add it.")
            continue
        values = checked[column]
        masked = isinstance(values, MaskedColumn) and bool(np.any(values.mask))
        array = np.asarray(values)
        good = array.dtype.kind in _KINDS[kind][0] and not masked
        if not len(array) == 0 and (not good or (kind == "f" and not np.isfinite(array).all())):
            raise RunError(f"expected {_KINDS[kind][1]} in every row.", file=file, field=column, remedy="correct it.")
    if name in ("predictions", "evaluated") and not set(np.asarray(checked["maps"]).tolist()) <= set(MAPS):
        raise RunError(f"expected {' or '.join(MAPS)}.", file=file, field="maps", remedy="correct it.")
    return checked


def _checked_examples(arrays: Mapping[str, Any], file: Path) -> dict[str, NDArray[np.float64]]:
    checked = {}
    for name, axes in EXAMPLES.items():
        array = np.asarray(arrays.get(name, ()))
        numbers = array.dtype.kind in "fiu"
        if (
            not numbers
            or array.ndim != axes
            or not len(array)
            or len(array) != len(arrays["clean"])
            or not np.isfinite(array).all()
        ):
            raise RunError(
                f"expected {axes} axes of finite numbers, one entry a map, found shape {array.shape}.",
                file=file,
                field=name,
                remedy="see szfast.run_folder.EXAMPLES.",
            )
        checked[name] = array.astype(np.float64)
    return checked
