"""The command ``szfast``."""

from __future__ import annotations

import typer

from szfast.cli import (
    check,
    dataset,
    demo,
    doctor,
    evaluate,
    fetch,
    maps,
    mass,
    planck,
    plot,
    report,
    runs,
    shift,
    table1,
    train,
)
from szfast.cli.reporting import ReportingGroup, set_up_logging

app = typer.Typer(
    name="szfast",
    cls=ReportingGroup,
    help="Simulated galaxy clusters to Planck-like Compton-y maps to masses of real clusters.",
    epilog=(
        "Examples, with no input at hand, then with a snapshot of yours:\n\n"
        "szfast maps --synthetic --plot views.png -o maps.fits\n\n"
        "szfast check snapshot_100.hdf5\n\n"
        "szfast maps snapshot_100.hdf5 --halos fof_subhalo_tab_100.hdf5 -o maps.fits\n\n"
        "szfast mass maps.fits --networks weights/ -o masses.ecsv"
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from szfast import __version__

        typer.echo(f"szfast {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log each step to standard error."),
    debug: bool = typer.Option(
        False, "--debug", envvar="SZFAST_DEBUG", help="Log everything, and show a traceback with an error."
    ),
) -> None:
    set_up_logging(verbose=verbose, debug=debug)


app.command("maps", epilog=maps.EXAMPLES)(maps.maps)
app.command("mass", epilog=mass.EXAMPLES)(mass.mass)
app.command("check", epilog=check.EXAMPLES)(check.check)
app.command("demo", epilog=demo.EXAMPLES)(demo.demo)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("evaluate", epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command("fetch", epilog=fetch.EXAMPLES)(fetch.fetch)
app.add_typer(planck.app, name="planck")
app.command("report", epilog=report.EXAMPLES)(report.report)
app.command("table1", epilog=table1.EXAMPLES)(table1.table1)
app.command("plot", epilog=plot.EXAMPLES)(plot.plot)
app.add_typer(dataset.app, name="dataset")
app.command("shift", epilog=shift.EXAMPLES)(shift.shift)
app.command("train", epilog=train.EXAMPLE)(train.train)
app.command("runs")(runs.runs)


def main() -> None:
    """Run the command; the entry point of the installed program."""
    app(prog_name="szfast")
