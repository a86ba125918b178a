"""``szfast table1``: relative errors of masses per redshift bin."""

from __future__ import annotations

from pathlib import Path

import typer

from szfast.cli.outputs import check_output, write_table, write_text
from szfast.cli.reporting import show_json, show_line, show_table

EXAMPLES = (
    "Examples:\n\n"
    "szfast table1 DeepPlanck.csv\n\n"
    "szfast table1 masses.ecsv --reference MSZ -o table1.tex\n\n"
    "szfast table1 RUN --json"
)


def table1(
    file: Path = typer.Argument(
        ...,
        metavar="FILE",
        help="A catalogue with two masses of each cluster, or the folder of a run.",
        show_default=False,
    ),
    mass: str | None = typer.Option(
        None, metavar="COLUMN", help="Column of the predicted mass.", show_default="found by its name"
    ),
    reference: str | None = typer.Option(
        None, metavar="COLUMN", help="Column of the mass to compare with.", show_default="found by its name"
    ),
    redshift: str | None = typer.Option(
        None, metavar="COLUMN", help="Column of the redshift.", show_default="found by its name"
    ),
    output: Path | None = typer.Option(
        None, "--output", "-o", metavar="FILE", help="Write the table: .ecsv, .tex or .txt.", show_default=False
    ),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a file that exists."),
    as_json: bool = typer.Option(False, "--json", help="Write the rows as JSON."),
) -> None:
    """Mean and scatter of (M_CNN - X) / M_CNN per redshift bin, with bootstrap errors.

    M_CNN is the predicted mass, X the mass that it is compared with. A column without a unit holds log10 of Msun.
    """
    check_output(output, "--output", (".ecsv", ".tex", ".txt"), overwrite=overwrite)
    from szfast.evaluation import read_mass_pairs, run_columns
    from szfast.evaluation import table1 as make
    from szfast.run_folder import open_run

    if file.is_dir():
        table = make(run_columns(open_run(file)))
    else:
        table = make(read_mass_pairs(file, mass=mass, reference=reference, redshift=redshift))
    if output is not None and output.suffix == ".ecsv":
        write_table(table.table(), output)
    elif output is not None:
        write_text(table.latex() if output.suffix == ".tex" else table.text() + "\n", output)
    if as_json:
        several = len(table.columns) > 1
        show_json([row if several else {k: v for k, v in row.items() if k != "column"} for row in table.rows()])
        return
    show_table("(M_CNN - X) / M_CNN: mean ± standard deviation (N)", *table.cells())
    if output is not None:
        show_line(f"table: {output}")
