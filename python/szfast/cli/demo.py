"""``szfast demo``: from nothing to masses, in minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from szfast.cli.reporting import show_json, show_line
from szfast.cli.train import plain_rows, show_choice

EXAMPLES = "Examples:\n\nszfast demo -o demo/\n\nszfast demo -o demo/ --clusters 1000 --runs 10"

REGIONS = 60
PARTICLES = 3000
EPOCHS = 15


def demo(
    output: Path = typer.Option(Path("szfast-demo"), "--output", "-o", metavar="DIR", help="Folder for all of it."),
    clusters: int = typer.Option(320, min=80, max=100_000, help="Synthetic clusters, 27 maps each."),
    runs: int = typer.Option(20, min=1, max=1000, help="Networks for each redshift bin."),
    seed: int = typer.Option(0, min=0, help="Same seed, same demo."),
    workers: int = typer.Option(0, min=0, help="Processes that make maps; 0 for one a core."),
    as_json: bool = typer.Option(False, "--json", help="Write the choice as JSON."),
) -> None:
    """Make synthetic clusters and their maps, train small networks, choose, and write the report.

    Needs no input; started again after a kill, it goes on where it was.
    """
    from szfast import dataset, ensemble
    from szfast.arguments import require
    from szfast.evaluation import add_sz_masses
    from szfast.report import write_report
    from szfast.sample.dark_matter import default_cosmology

    for module, extra in (("keras", "train"), ("zarr", "dataset"), ("colossus", "dataset"), ("jinja2", "report")):
        require(module, extra, "the demo")
    output.mkdir(parents=True, exist_ok=True)
    maps = dataset.build(
        {
            "path": str((output / "maps.zarr").absolute()),
            "synthetic": {"clusters": clusters, "particles": PARTICLES, "regions": REGIONS, "seed": seed},
            "maps": {"seed": seed},
        },
        workers=workers,
        progress=True,
    )
    # the most accurate of the networks here, and the only one of which many are trained in a minute
    recipe = ensemble.Recipe(
        variant="filtered", epochs=EPOCHS, patience=EPOCHS, batch_size=128, learning_rate=1e-2, seed=seed
    )
    run = ensemble.train(maps, output / "run", runs=runs, recipe=recipe, stacked=True, progress=True)
    ensemble.choose(maps, run.path)
    for source in ("true", "matched_filter"):
        add_sz_masses(run, maps, default_cosmology(), source=source)
    run.write_examples(**_examples(maps))
    page = write_report(run, output / "report")
    if as_json:
        content = {name: plain_rows(run.read(name)) for name in ("choice", "coverage") if run.has(name)}
        show_json({"folder": str(output), "report": str(page), **content})
        return
    show_choice(run)
    show_line(f"report: {page}")


def _examples(maps: Any) -> dict[str, Any]:
    """One cluster of each redshift bin: the heaviest, so that it is seen."""
    import numpy as np

    from szfast.dataset.bins import PLANCK_BINS, within_bin

    redshift, log10_mass = maps.redshift_of(), maps.log10_mass_of()
    heaviest = [int(np.argmax(np.where(within_bin(redshift, edges), log10_mass, 0.0))) for edges in PLANCK_BINS]
    return {
        "clean": maps.clean(heaviest),
        "planck_like": maps.noisy(heaviest),
        "redshift": redshift[heaviest],
        "log10_M500c": log10_mass[heaviest],
    }
