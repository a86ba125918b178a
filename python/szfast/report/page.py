"""A page: sections of text, tables and figures, rendered as HTML with everything inside."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from szfast.arguments import require
from szfast.errors import RunError
from szfast.maps.picture import save_figure
from szfast.table_files import write_ecsv
from szfast.whole_files import replaced

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 160


@dataclass(frozen=True)
class Picture:
    """A figure with what it shows.

    Parameters
    ----------
    name : str
        Of its files.
    figure : Figure
        What is drawn.
    caption : str
        What it shows, also for those who do not see it.
    data : QTable, optional
        The table behind it.
    """

    name: str
    figure: Figure = field(repr=False)
    caption: str
    data: Any = field(default=None, repr=False)

    @cached_property
    def png(self) -> bytes:
        """The picture's file."""
        stream = io.BytesIO()
        self.figure.savefig(stream, format="png", dpi=DOTS_PER_INCH)
        # the layout is known now: finding it again for the PDF would take as long
        self.figure.set_layout_engine("none")
        return stream.getvalue()

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode()

    @property
    def width_px(self) -> int:
        """Width on a screen, at which all figures' letters have the page's size."""
        return round(self.figure.get_figwidth() * 110)

    def save(self, folder: Path) -> None:
        """Write it as PNG and PDF, and the table behind it as ECSV."""
        with replaced(folder / f"{self.name}.png", RunError) as temporary:
            temporary.write_bytes(self.png)
        save_figure(self.figure, folder / f"{self.name}.pdf")
        if self.data is not None:
            with replaced(folder / f"{self.name}.ecsv", RunError) as temporary:
                write_ecsv(self.data, temporary)


@dataclass(frozen=True)
class Grid:
    """A table of text.

    Parameters
    ----------
    heads : sequence of str
        Headings.
    rows : sequence of sequence of str
        Cells.
    caption : str
        What it holds.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A section of a page.

    Parameters
    ----------
    title : str
        Its heading.
    text : sequence of str
        Paragraphs.
    grids, pictures : sequences
        Tables and figures, in this order.
    absent : str
        Why there is nothing to show; empty where there is.
    """

    title: str
    text: Sequence[str] = ()
    grids: Sequence[Grid] = ()
    pictures: Sequence[Picture] = ()
    absent: str = ""

    @property
    def anchor(self) -> str:
        """Its place in the page's address."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


def write_page(file: Path, title: str, subtitle: str, sections: Sequence[Section]) -> Path:
    """Render sections into one HTML file that needs no other.

    Raises
    ------
    RunError
        If it cannot be written.
    MissingExtraError
        If jinja2 is not installed.
    """
    jinja2 = require("jinja2", "report", "writing a report")
    from szfast import __version__

    template = files("szfast.report").joinpath("templates/page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    html = environment.from_string(template).render(
        title=title, subtitle=subtitle, sections=sections, version=__version__
    )
    with replaced(file, RunError) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return file
