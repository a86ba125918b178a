"""Errors that szfast raises: each names the file, the field and the remedy."""

from __future__ import annotations

from pathlib import Path


class SzfastError(Exception):
    """Base of every error that szfast raises on purpose.

    Parameters
    ----------
    problem : str
        What was expected and what was found.
    file : str or Path, optional
        The file at fault.
    field : str, optional
        The field, block, column or argument at fault.
    remedy : str, optional
        What the user can do about it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else Path(file)
        self.field = field
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        where = [str(self.file)] if self.file is not None else []
        if self.field is not None:
            where.append(f"'{self.field}'")
        text = ": ".join([", ".join(where), self.problem] if where else [self.problem])
        return f"{text} Remedy: {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple[object, ...]:
        state = {"file": self.file, "field": self.field, "remedy": self.remedy}
        return _rebuild, (type(self), self.problem, state)


def _rebuild(kind: type[SzfastError], problem: str, state: dict[str, str | None]) -> SzfastError:
    return kind(problem, **state)


class ArgumentError(SzfastError, ValueError):
    """An argument has the wrong unit, shape or value; without a remedy of its own, what was expected is the remedy."""

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        default = None if field is None else f"give {field} as expected."
        super().__init__(problem, file=file, field=field, remedy=remedy or default)


class SnapshotError(SzfastError):
    """A snapshot cannot be read, or its content contradicts itself."""


class HaloCatalogueError(SzfastError):
    """A halo catalogue cannot be read, or its content contradicts itself."""


class MapFileError(SzfastError):
    """A file of maps cannot be read or written."""


class NoiseTableError(SzfastError):
    """A noise power spectrum cannot be used."""


class NetworkError(SzfastError):
    """A network's weights cannot be read, or do not fit the network."""


class DataSetError(SzfastError):
    """A data set cannot be built, read or divided."""


class RunError(SzfastError):
    """The folder of a run cannot be read or written, or lacks a part."""


class CatalogueError(SzfastError):
    """A catalogue of clusters cannot be read, or lacks a column."""


class SkyMapError(SzfastError):
    """A map of the whole sky cannot be read, or does not tell what it is."""


class DownloadError(SzfastError):
    """A file cannot be fetched, or is not the one that was expected."""


class MissingExtraError(SzfastError, ImportError):
    """A feature needs an optional dependency that is not installed."""


class DeviceError(SzfastError, RuntimeError):
    """A GPU is asked for where none can be used."""
