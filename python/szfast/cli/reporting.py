"""What the command says: errors, tables, progress and JSON."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from szfast.errors import ArgumentError, DeviceError, SzfastError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

WIDTH_OF_FILES = 120
"""Columns of a table that does not go to a terminal."""


_FULL = (errno.ENOSPC, errno.EDQUOT)


class ReportingGroup(TyperGroup):
    """Commands whose errors are reported in one message, with exit status 1; usage errors have status 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (SzfastError, MemoryError) as error:
            if ctx.params.get("debug"):
                raise
            command = self.get_command(ctx, ctx.invoked_subcommand or "")
            # of a command with commands of its own, the options of all of them
            commands = getattr(command, "commands", {"": command}).values() if command else []
            options = [parameter.name or "" for each in commands for parameter in each.params]
            show_error(_as_typed(error, options) if isinstance(error, SzfastError) else _out_of_memory())
            raise typer.Exit(1) from None
        except OSError as error:
            # files that are asked for are written elsewhere, with errors of their own
            if ctx.params.get("debug") or error.errno not in _FULL:
                raise
            show_error(
                f"standard output cannot be written ({error.strerror}). Remedy: make room, or send it elsewhere."
            )
            raise typer.Exit(1) from None


def _out_of_memory() -> str:
    return "there is not enough memory. Remedy: read less gas at a time, with --radius or a larger --min-mass."


def _as_typed(error: SzfastError, options: Sequence[str]) -> str:
    """The error's text, with the library's arguments spelt as the command's options."""
    where = [] if error.file is None else [str(error.file)]
    if error.field is not None:
        # In other errors the field is one of the file's.
        option = isinstance(error, ArgumentError | DeviceError) and error.field in options
        where.append(f"'{_option(error.field) if option else error.field}'")
    text = ": ".join([", ".join(where), error.problem] if where else [error.problem])
    return f"{text} Remedy: {_with_options(error.remedy, options)}" if error.remedy else text


def _option(argument: str) -> str:
    return "--" + argument.replace("_", "-")


def _with_options(remedy: str, options: Sequence[str]) -> str:
    for argument in options:
        remedy = re.sub(rf"\b{argument}=(?=\w|['\"])", f"{_option(argument)} ", remedy)
        remedy = re.sub(rf"\b{argument}=", _option(argument), remedy)
        if "_" in argument:
            remedy = re.sub(rf"\b{argument}\b", _option(argument), remedy)
    return remedy


def show_error(text: str) -> None:
    """Write one message to standard error, in red on a terminal."""
    from rich.text import Text

    console(stderr=True).print(Text.assemble(("error: ", "bold red"), (text, "red")), soft_wrap=True)


def show_warning(text: str) -> None:
    """Write one warning to standard error, in yellow on a terminal."""
    from rich.text import Text

    console(stderr=True).print(Text.assemble(("warning: ", "bold yellow"), text), soft_wrap=True)


@contextmanager
def going_on() -> Iterator[None]:
    """Say, where Ctrl-C stops what can go on later, that it can."""
    try:
        yield
    except KeyboardInterrupt:
        show_warning("interrupted; the same command goes on where this one was.")
        raise


def show_line(text: str) -> None:
    """Write one line to standard output, whatever its length."""
    console().print(text, soft_wrap=True, markup=False, highlight=False)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, stderr: bool = False) -> None:
    """Write a table of text."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text, so that brackets in file names are no markup.
        table.add_row(*map(Text, row))
    console(stderr=stderr).print(table)


def show_json(content: Any) -> None:
    """Write JSON to standard output; a number that is not finite becomes null."""
    typer.echo(json.dumps(_finite(content), indent=2, allow_nan=False))


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not abs(content) < float("inf"):
        return None
    return content


def console(*, stderr: bool = False) -> Console:
    """A console on one of the standard streams."""
    from rich.console import Console

    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=WIDTH_OF_FILES)


def progress_bar() -> Progress:
    """A progress bar on standard error; nothing is shown where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    stderr = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal)


class _Once(logging.Filter):
    """Lets each message through once: what is said of a snapshot holds for all its clusters."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        new = message not in self.seen
        self.seen.add(message)
        return new


def set_up_logging(*, verbose: bool, debug: bool) -> None:
    """Send szfast's log to standard error: warnings, or more where asked."""
    from rich.console import Console
    from rich.logging import RichHandler

    for stream in (sys.stdout, sys.stderr):
        # a name of a file, or a unit, that the terminal's encoding lacks must not cost the result
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # TensorFlow's notes about this machine would bury what is said of the input
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logger = logging.getLogger("szfast")
    for handler in [handler for handler in logger.handlers if isinstance(handler, RichHandler)]:
        logger.removeHandler(handler)
    handler = RichHandler(console=Console(stderr=True), show_time=debug, show_path=debug)
    handler.addFilter(_Once())
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.INFO if verbose else logging.WARNING)
