"""``szfast maps``: from a snapshot, or nothing, to maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from szfast.cli.clusters import SYNTHETIC_REDSHIFT, Reading, halos_of, synthetic
from szfast.cli.outputs import PICTURES, check_drawing, check_output
from szfast.cli.quantities import Frame, comoving_position, electron_model, physical_length
from szfast.cli.reporting import show_json, show_line, show_table, show_warning
from szfast.cli.timing import Timed
from szfast.engines import device_named
from szfast.maps.profile import stage

if TYPE_CHECKING:
    from szfast.gas import Gas
    from szfast.maps.mapset import MapSet
    from szfast.snapshots import Snapshot

EXAMPLES = (
    "Examples:\n\n"
    "szfast maps --synthetic --plot views.png -o maps.fits\n\n"
    "szfast maps snapshot_100.hdf5 --halos fof_subhalo_tab_100.hdf5 --min-mass 3e14 -o maps.fits\n\n"
    "szfast maps snapdir_100 --halos out.AHF_halos --redshift 0.2 --noise none -o clean.fits\n\n"
    "szfast maps snap_128 --center '2501.6,2497.2,2503.0' --redshift 0.1 --radius '5 Mpc' -o maps.fits"
)


def maps(
    snapshot: Path | None = typer.Argument(
        None,
        metavar="SNAPSHOT",
        help="A snapshot: its file, one part of many, their folder or common stem.",
        show_default=False,
    ),
    output: Path = typer.Option(
        ..., "--output", "-o", metavar="FILE", help="FITS file of maps: one image HDU a cluster, heaviest first."
    ),
    synthetic_cluster: bool = typer.Option(
        False, "--synthetic", help="Map a synthetic cluster of 8e14 Msun instead of a snapshot."
    ),
    halos: Path | None = typer.Option(
        None,
        metavar="FILE",
        help="Halo catalogue: AHF, FOF+SUBFIND, or a table with id, x, y, z, M500c.",
        show_default=False,
    ),
    min_mass: str | None = typer.Option(
        None,
        metavar="MASS",
        help="With --halos: map every halo from this M500c on, in Msun or with a unit.",
        show_default="1e14 Msun",
    ),
    center: str | None = typer.Option(
        None, metavar="X,Y,Z", help="Comoving centre, in code units or with a unit.", show_default=False
    ),
    redshift: float | None = typer.Option(
        None,
        metavar="Z",
        help="Redshift at which the clusters are seen.",
        show_default="the snapshot's, or 0.1 with --synthetic",
    ),
    sightlines: str = typer.Option(
        "hemisphere27", metavar="SET", help="hemisphere27, euler27, or a file of Euler angles in degrees."
    ),
    noise: str = typer.Option(
        "milca", metavar="SPECTRUM", help="milca, nilc, homogeneous, none, or a table of ell and C_ell."
    ),
    radius: str | None = typer.Option(
        None,
        metavar="LENGTH",
        help="Physical radius to read about each centre, in code units or with a unit.",
        show_default="out to the map's corners",
    ),
    depth: str | None = typer.Option(
        None,
        metavar="LENGTH",
        help="Physical depth along the line of sight, in code units or with a unit.",
        show_default="all that is read",
    ),
    electrons: str = typer.Option(
        "from_file", metavar="MODEL", help="from_file, fully_ionised, or electrons per hydrogen atom."
    ),
    smoothing_scale: float = typer.Option(
        1.0,
        metavar="FACTOR",
        help="Multiplies smoothing lengths: (N_full/N)^(1/3) for a random subsample of a snapshot.",
    ),
    method: str = typer.Option(
        "auto", metavar="NAME", help="How to project: exact, beam (all views from one pass), or auto, the cheaper."
    ),
    rtol: float = typer.Option(
        1e-3, metavar="SHARE", help="Largest error, as a share of each map's largest value without noise."
    ),
    seed: int = typer.Option(0, min=0, help="Seed of the noise: same seed, same noise."),
    threads: int = typer.Option(0, min=0, help="Threads; 0 for all cores. The maps do not depend on it."),
    device: str = typer.Option(
        "cpu", metavar="DEVICE", help="cpu, cuda, cuda:N, or auto: a GPU where one can be used. See szfast doctor."
    ),
    plot: Path | None = typer.Option(
        None,
        metavar="FILE",
        help="Also draw the views of the first cluster: a .png, .pdf or .svg file.",
        show_default=False,
    ),
    profile: bool = typer.Option(False, "--profile", help="Tell where the time goes."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace files that exist."),
    as_json: bool = typer.Option(False, "--json", help="Write what was made as JSON."),
) -> None:
    """Make Planck-like maps of the clusters of a snapshot, 27 views each."""
    _check_usage(snapshot, synthetic_cluster, halos, min_mass, center)
    if synthetic_cluster:
        _check_synthetic(radius=radius, electrons=electrons != "from_file", smoothing_scale=smoothing_scale != 1.0)
    device_named(device)
    check_output(output, "--output", (".fits",), overwrite=overwrite)
    check_output(plot, "--plot", PICTURES, overwrite=overwrite)
    check_drawing(plot)
    _check_names(sightlines, noise, method, rtol)
    options = {"sightlines": sightlines, "noise": noise, "seed": seed, "threads": threads}
    options |= {"method": method, "rtol": rtol, "device": device}
    timed = Timed(profile)
    with timed:
        if snapshot is None:
            made, rows = _synthetic(redshift, seed, depth, options)
        else:
            reading = Reading(redshift, radius, electron_model(electrons), smoothing_scale)
            made, rows = _of_snapshot(snapshot, halos, min_mass, center, depth, reading, options)
        with stage("writing"):
            _write(made, output, plot, overwrite)
    show_table("read and assumed", ("quantity", "value", "source"), rows, stderr=True)
    if as_json:
        show_json(_as_json(made, output, plot, rows) | ({"profile": timed.seconds()} if profile else {}))
    else:
        _show(made, output, plot)
        if profile:
            timed.show()


def _check_usage(
    snapshot: Path | None, synthetic_cluster: bool, halos: Path | None, min_mass: str | None, center: str | None
) -> None:
    if (snapshot is None) != synthetic_cluster:
        raise typer.BadParameter("expected a snapshot or --synthetic, one of them.", param_hint="SNAPSHOT")
    if synthetic_cluster:
        _check_synthetic(halos=halos, min_mass=min_mass, center=center)
    elif (halos is None) == (center is None):
        raise typer.BadParameter("expected --halos CATALOGUE or --center X,Y,Z, one of them.", param_hint="--halos")
    if min_mass is not None and halos is None:
        raise typer.BadParameter("needs --halos.", param_hint="--min-mass")


def _check_synthetic(**given: Any) -> None:
    for name, value in given.items():
        if value:
            raise typer.BadParameter("has no meaning with --synthetic.", param_hint="--" + name.replace("_", "-"))


def _check_names(sightlines: str, noise: str, method: str, rtol: float) -> None:
    from szfast.maps.method import check_method
    from szfast.maps.sightlines import sightlines as views_of
    from szfast.maps.spectrum import noise_spectrum

    views_of(sightlines)
    noise_spectrum(noise)
    check_method(method, rtol)


Made = tuple[list["MapSet"], list[tuple[str, str, str]]]


def _synthetic(redshift: float | None, seed: int, depth: str | None, options: dict[str, Any]) -> Made:
    from szfast.maps.make import make_maps
    from szfast.maps.observation import observed_redshift

    gas, halo = synthetic(observed_redshift(redshift, SYNTHETIC_REDSHIFT), seed)
    frame = Frame(hubble=gas.cosmology.h)
    made = make_maps(gas, halo=halo, name="synthetic cluster", redshift=redshift, depth=_depth(depth, frame), **options)
    return [made], list(made.assumptions)


def _depth(text: str | None, frame: Frame) -> Any:
    return None if text is None else physical_length(text, frame, "--depth")


def _of_snapshot(
    path: Path,
    halos: Path | None,
    min_mass: str | None,
    center: str | None,
    depth: str | None,
    reading: Reading,
    options: dict[str, Any],
) -> Made:
    from szfast.gas.central_mass import CentralMass, odd_center
    from szfast.gas.neighbours import Neighbours, odd_neighbours
    from szfast.maps.halos import make_halo_maps
    from szfast.maps.make import make_maps
    from szfast.snapshots import open_snapshot

    opened = open_snapshot(path)
    options = options | reading.options(opened) | {"depth": _depth(depth, Frame.of(opened.header))}
    neighbours = Neighbours()
    if halos is None:
        central = CentralMass()

        def watch(gas: Gas) -> None:
            neighbours.add(gas)
            central.add(gas)

        position = comoving_position(center or "", Frame.of(opened.header), "--center")
        made = [make_maps(snapshot=opened, center=position, watch=watch, **options)]
        _warn(path, odd_center(central.mass_msun, opened.header))
    else:
        found = make_halo_maps(
            opened,
            halos_of(opened, halos, min_mass),
            watch=lambda row, gas: neighbours.add(gas) if row == 0 else None,
            **options,
        )
        made = [maps for _, maps in sorted(found, key=lambda item: item[0])]
    _warn(path, odd_neighbours(neighbours.typical))
    return made, _snapshot_rows(opened, made)


def _warn(path: Path, odd: str | None) -> None:
    if odd is not None:
        show_warning(f"{path}: {odd}")


def _snapshot_rows(snapshot: Snapshot, made: list[MapSet]) -> list[tuple[str, str, str]]:
    files = "1 file" if len(snapshot.parts) == 1 else f"{len(snapshot.parts)} files"
    rows = [("snapshot", f"{snapshot.dialect}, {files}, {snapshot.gas_count} gas particles", str(snapshot.path))]
    first = list(made[0].assumptions)
    if len(made) > 1:
        rows.append(("clusters", str(len(made)), "the catalogue"))
        quantity, value, source = first[0]
        first[0] = (f"{quantity} of the first", value, source)
    return rows + first


def _write(made: list[MapSet], output: Path, plot: Path | None, overwrite: bool) -> None:
    from szfast.maps.files import write_maps

    write_maps(output, made, overwrite=overwrite)
    if plot is not None:
        from szfast.maps.picture import contact_sheet, save_figure

        save_figure(contact_sheet(made[0]), plot)


def _peak(maps_of_one: MapSet) -> float:
    import numpy as np

    return float(np.median(maps_of_one.y.max(axis=(1, 2))))


def _how(each: MapSet) -> str:
    return f"method {each.method}" + ("" if each.bound is None else f", error at most {each.bound:.1e} of the peak")


def _show(made: list[MapSet], output: Path, plot: Path | None) -> None:
    for each in made:
        mass = "unknown" if each.M500c_msun is None else f"{each.M500c_msun:.4g} Msun"
        patch_mpc2 = each.conserved.patch_kpc2.mean() * 1e-6
        show_line(
            f"{each.name}: M500c {mass}, z = {each.redshift:.4g}, Y on the patch {patch_mpc2:.4g} Mpc2, "
            f"peak y {_peak(each):.3g} (median of {len(each)} views), {_how(each)}"
        )
    show_line(f"maps: {output}")
    if plot is not None:
        show_line(f"picture: {plot}")


def _as_json(made: list[MapSet], output: Path, plot: Path | None, rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    clusters = [
        {
            **each.provenance(),
            "views": len(each),
            "M500c_Msun": each.M500c_msun,
            "R500c_kpc": each.R500c_kpc,
            "center_comoving_kpc": each.center_kpc.tolist(),
            "pixel_kpc": each.pixel_kpc,
            "Y_patch_Mpc2": float(each.conserved.patch_kpc2.mean() * 1e-6),
            "peak_y": _peak(each),
        }
        for each in made
    ]
    return {
        "output": str(output),
        "plot": None if plot is None else str(plot),
        "assumptions": [dict(zip(("quantity", "value", "source"), row, strict=True)) for row in rows],
        "clusters": clusters,
    }
