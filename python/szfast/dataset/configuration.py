"""What a data set is made of: a TOML file, checked before any work is done."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from szfast.arguments import path_in
from szfast.errors import ArgumentError, DataSetError, SzfastError

if TYPE_CHECKING:
    from szfast.maps.instrument import Instrument


def _with_unit(unit: str) -> AfterValidator:
    """Accept text that is a positive quantity; it stays text, so that the provenance shows what was asked for."""

    def check(text: str) -> str:
        import astropy.units as u

        from szfast.arguments import scalar_in

        try:
            scalar_in(u.Quantity(text), unit, "value", positive=True)
        except (TypeError, ValueError):
            raise ValueError(
                f"expected a positive number with a unit, for example '5 {unit}', found '{text}'"
            ) from None
        return text

    return AfterValidator(check)


Length = Annotated[str, _with_unit("Mpc")]
Mass = Annotated[str, _with_unit("Msun")]
Angle = Annotated[str, _with_unit("arcmin")]


def _device(text: str) -> str:
    """Accept the name of a device; whether it is there is asked where it is used."""
    from szfast.engines import check_device_name

    try:
        check_device_name(text)
    except ArgumentError as error:
        raise ValueError(error.problem.rstrip(".")) from None
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MapsPart(_Part):
    """How maps are made; the defaults are the Planck set's. The device is part of it: two agree to 1e-5 of the peak."""

    instrument: str = "Planck"
    pixel: Angle = "1.717 arcmin"
    size: int = Field(default=96, ge=2, le=8192, multiple_of=2)
    beam: Angle = "10 arcmin"
    noise: str = "milca"
    sightlines: str = "hemisphere27"
    method: Literal["auto", "exact", "beam"] = "auto"
    rtol: float = Field(default=1e-3, ge=1e-7, le=0.1)
    seed: int = Field(default=0, ge=0, lt=2**64)
    device: Annotated[str, AfterValidator(_device)] = "cpu"

    def as_instrument(self) -> Instrument:
        """The instrument that these lines describe."""
        import astropy.units as u

        from szfast.maps.instrument import Instrument

        return Instrument(self.instrument, u.Quantity(self.pixel), self.size, u.Quantity(self.beam), noise=self.noise)


class SyntheticPart(_Part):
    """Synthetic clusters: no simulation is needed."""

    clusters: int = Field(ge=1, le=10**7)
    particles: int = Field(default=20000, ge=100, le=10**8)
    profile: Literal["A10", "P13", "B12"] = "A10"
    regions: int = Field(default=324, ge=1, le=10**6)
    seed: int = Field(default=0, ge=0, lt=2**64)


class SimulationPart(_Part):
    """Clusters of one simulation code: paths with {region} and {snapshot} where names differ."""

    code: str = Field(min_length=1)
    snapshots: str = Field(min_length=1)
    halos: str = Field(min_length=1)
    region: str | None = None
    least_mass: Mass = "1e14 Msun"
    radius: Length | None = None
    redshift: float | None = Field(default=None, gt=0, lt=20)
    sample: str | None = None
    electrons: Literal["from_file", "fully_ionised"] | float = "from_file"
    smoothing_scale: float = Field(default=1.0, gt=0)


class Configuration(_Part):
    """A data set: where it goes, how its maps are made, and of what.

    Attributes
    ----------
    path : str
        The store, relative to the configuration's folder.
    bad_snapshots : str
        ``stop``, or ``leave out`` what cannot be read, and report it.
    materialise : int
        Realisations of noise to store beside the clean maps, for programs that cannot make them.
    maps : MapsPart
        How maps are made.
    synthetic : SyntheticPart or None
        Synthetic clusters.
    simulations : tuple of SimulationPart
        Simulations.
    """

    path: str = Field(min_length=1)
    bad_snapshots: Literal["stop", "leave out"] = "stop"
    materialise: int = Field(default=0, ge=0, le=1000)
    maps: MapsPart = MapsPart()
    synthetic: SyntheticPart | None = None
    simulations: tuple[SimulationPart, ...] = ()

    @model_validator(mode="after")
    def _has_a_source(self) -> Configuration:
        if self.synthetic is None and not self.simulations:
            raise ValueError("expected [synthetic] or [[simulations]]: there is nothing to make maps of")
        if self.materialise and self.maps.noise == "none":
            raise ValueError("expected a noise spectrum: there is no noise to materialise")
        return self

    def content(self) -> dict[str, Any]:
        """What the maps are a function of, ready for JSON: all but where the store goes and what is done on errors."""
        return self.model_dump(mode="json", exclude={"path", "bad_snapshots", "materialise"})


def read_configuration(path: str | Path) -> Configuration:
    """Read and check a configuration file.

    Parameters
    ----------
    path : str or Path
        A TOML file.

    Returns
    -------
    Configuration
        With every default filled in.

    Raises
    ------
    DataSetError
        If it cannot be read, a key is unknown, or a value is out of range.
    """
    path = path_in(path)
    return checked_configuration(read_toml(path, DataSetError), path)


def read_toml(path: Path, kind: type[SzfastError]) -> dict[str, Any]:
    """Read a TOML file; what is wrong with it is raised as an error of the given kind."""
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise kind(
            f"cannot be read ({error.strerror}).", file=path, field="path", remedy="give a TOML file."
        ) from error
    # TOMLDecodeError and UnicodeDecodeError are ValueErrors, as a number of 10,000 digits is
    except (ValueError, RecursionError) as error:
        raise kind(f"is not TOML ({error}).", file=path, field="TOML", remedy="mend this line.") from error


def checked_configuration(content: dict[str, Any], file: Path | None = None) -> Configuration:
    """Check a configuration that stands in a dictionary; see `read_configuration`."""
    try:
        configuration = Configuration.model_validate(content)
    except ValidationError as error:
        remedy = "see 'szfast dataset build --help' for an example."
        raise configuration_error(error, Configuration, DataSetError, file, remedy) from None
    try:
        configuration.maps.as_instrument()
    except SzfastError as error:
        raise DataSetError(error.problem, file=file, field=f"maps.{error.field}", remedy=error.remedy) from None
    return configuration


def configuration_error(
    error: ValidationError, model: type[BaseModel], kind: type[SzfastError], file: Path | None, remedy: str
) -> SzfastError:
    """What is wrong with a configuration: the first unknown key with the nearest that there is, else the first value.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    model : type
        The model that describes the whole file.
    kind : type
        The error to make.
    file : Path or None
        The file.
    remedy : str
        For values that are wrong.
    """
    problems = error.errors(include_url=False)
    # a misspelt key makes the right one missing: name what was typed
    first = next((each for each in problems if each["type"] == "extra_forbidden"), problems[0])
    field = ".".join(str(step) for step in first["loc"])
    if first["type"] == "extra_forbidden":
        known = list(_part_at(model, first["loc"][:-1]).model_fields)
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1, cutoff=0.5)
        meant = f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(known)}."
        return kind("unknown key.", file=file, field=field, remedy=meant)
    problem = first["msg"].removeprefix("Value error, ")
    found = "" if first["type"] in {"missing", "value_error"} else f", found {first['input']!r}"
    return kind(f"{problem}{found}.", file=file, field=field or "configuration", remedy=remedy)


def _part_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that describes a table of the file."""
    for step in location:
        if isinstance(step, str):
            annotation = model.model_fields[step].annotation
            choices = [annotation, *get_args(annotation)]
            model = next(each for each in choices if isinstance(each, type) and issubclass(each, BaseModel))
    return model
