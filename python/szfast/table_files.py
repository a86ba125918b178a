"""Tables as files: ours in UTF-8 on any terminal; those of strangers fetch nothing and unpack to no great size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from szfast.errors import SzfastError

if TYPE_CHECKING:
    from astropy.table import Table

_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
"""First bytes of gzip, bzip2 and xz, which astropy unpacks."""

_MOST_UNPACKED = 50
"""More than numbers as text are packed to; the bytes of a bomb are thousands to one."""

_SPARE_BYTES = 1 << 20


def write_ecsv(table: Table, file: Path) -> None:
    """Write a table as ECSV in UTF-8, where astropy would take the terminal's encoding."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        table.write(stream, format="ascii.ecsv")


def check_table(file: Path, kind: type[SzfastError]) -> None:
    """Refuse a table whose rows lie elsewhere, or that unpacks to too much.

    A VOTable's STREAM and an HDF5 file's links may name any file or address, and astropy follows them.

    Parameters
    ----------
    file : Path
        The table, in any format of astropy's.
    kind : type of SzfastError
        What to raise.

    Raises
    ------
    SzfastError
        Of that kind.
    """
    import h5py

    with file.open("rb") as stream:
        start = stream.read(4096)
    packed = start.startswith(_PACKED)
    if packed:
        _check_size(file, kind)
    if h5py.is_hdf5(str(file)):
        _check_hdf5(file, kind)
    elif packed or b"<" in start:
        _check_votable(file, kind)


def _check_size(file: Path, kind: type[SzfastError]) -> None:
    from astropy.utils.data import get_readable_fileobj

    most = _MOST_UNPACKED * file.stat().st_size + _SPARE_BYTES
    unpacked = 0
    try:
        with get_readable_fileobj(file, encoding="binary") as content:
            while unpacked <= most and (piece := content.read(1 << 20)):
                unpacked += len(piece)
    except (OSError, EOFError) as error:
        raise kind(f"cannot be unpacked ({error}).", file=file, field="table", remedy="fetch it again.") from None
    if unpacked > most:
        raise kind(
            f"unpacks to more than {_MOST_UNPACKED} times its size.",
            file=file,
            field="table",
            remedy="unpack it yourself if you trust it.",
        )


def _check_hdf5(file: Path, kind: type[SzfastError]) -> None:
    import h5py

    from szfast.hdf5_links import lying_elsewhere

    with h5py.File(file, "r") as content:
        name = lying_elsewhere(content)
    if name is not None:
        raise kind(
            "leads out of the file, or in circles.", file=file, field=name, remedy="give a file that holds its rows."
        )


def _check_votable(file: Path, kind: type[SzfastError]) -> None:
    from astropy.io.votable import is_votable
    from astropy.utils.xml.iterparser import get_xml_iterator

    if not is_votable(file):
        return
    with get_xml_iterator(str(file)) as elements:
        for start, tag, content, _ in elements:
            if start and tag.rpartition(":")[2] == "STREAM" and "href" in content:
                raise kind(
                    f"has its rows at {content['href'][:80]}.",
                    file=file,
                    field="STREAM",
                    remedy="give a VOTable that holds its rows.",
                )
