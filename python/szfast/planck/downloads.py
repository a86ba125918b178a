"""Files of others that szfast works with, fetched from where they are published."""

from __future__ import annotations

import gzip
import hashlib
import logging
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from szfast.arguments import choice_in, path_in, require
from szfast.errors import ArgumentError, DownloadError
from szfast.whole_files import replaced

log = logging.getLogger("szfast.planck")

_MOST_UNPACKED = 20
"""Maps of floating-point numbers are hardly packed at all: what unpacks to more would fill the disk."""

_IRSA = "https://irsa.ipac.caltech.edu/data/Planck/release_2"
_DEEPPLANCK = "https://raw.githubusercontent.com/The300th/DeepPlanck"
_WEIGHTS = "7ba9fbfc41a32675ed5c75a17dc691d380ec8db5"
_TABLE = "cb27507d963cf83fe4269a596e9c3743f1ec5bd8"


@dataclass(frozen=True)
class Remote:
    """A published file.

    Parameters
    ----------
    name : str
        What it is called here, below the folder that it is fetched to.
    url : str
        Where it is; .gz and .tgz are unpacked.
    sha256 : str or None
        Of the file as it is called here; None where its authors give none: then the archive's own checks must do.
    """

    name: str
    url: str
    sha256: str | None


_YMAPS = f"{_IRSA}/all-sky-maps/maps/component-maps/foregrounds/COM_CompMap_YSZ_R2.00.fits.tgz"

SETS: dict[str, tuple[Remote, ...]] = {
    "psz2": (
        Remote(
            "HFI_PCCS_SZ-union_R2.08.fits",
            f"{_IRSA}/catalogs/HFI_PCCS_SZ-union_R2.08.fits.gz",
            "041a1acd080f0c9f4b688d56e766fe17f50700dad05f185286e7d2edf584dfd9",
        ),
    ),
    "ymap": (Remote("milca_ymaps.fits", _YMAPS, None), Remote("nilc_ymaps.fits", _YMAPS, None)),
    "deepplanck": (
        Remote(
            "DeepPlanck.csv",
            f"{_DEEPPLANCK}/{_TABLE}/DeepPlanck.csv",
            "adc1734e3a7b06437c0c22a82c72d6fd2bbbdf9bed0cf893164771275b9c538f",
        ),
        Remote(
            "PSZ2G359.07-32.12.fits",
            f"{_DEEPPLANCK}/{_WEIGHTS}/PSZ2G359.07-32.12.fits",
            "a8679b2b8d603bbb81e5cccc42b697fdd2c8967202d2a4004d3d33f2641a33d4",
        ),
        *(
            Remote(f"weights/bestmodel-{number}.h5", f"{_DEEPPLANCK}/{_WEIGHTS}/weights/bestmodel-{number}.h5", sha256)
            for number, sha256 in enumerate(
                (
                    "9a3e6da78df48509e16efd1d2549b6f3e7f623c4df98b4480e088aeb96733a5c",
                    "2a03c01113104cb5b6ee790d49ea79171bb42e37eb3b453fdfbbf41e390eec9c",
                    "19e8d099a9999ee565dbc63e5f6b2de1a474d9aad3560472bbfbfaec10cca365",
                    "ec4af74a49a5b0c453b3b57479549b87d449e637e5a6981fb4470c80c3edc6d3",
                ),
                start=1,
            )
        ),
    ),
}
"""What can be fetched: PSZ2's union catalogue, the Planck 2015 y maps, the published networks and masses."""


def fetch(what: str, folder: str | Path, *, mirror: str | None = None, progress: bool = False) -> list[Path]:
    """Fetch a set of published files; those that are there and right are left alone.

    A transfer that breaks off leaves ``NAME.part`` and goes on there the next time.

    Parameters
    ----------
    what : str
        One of `SETS`.
    folder : str or Path
        Made if need be.
    mirror : str, optional
        Address of a folder that holds the files under their published names, instead of the official place.
    progress : bool
        Show a bar.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ArgumentError
        If there is no such set, or an argument is of another type.
    DownloadError
        If a file cannot be fetched or is not the published one; says which file to put where.
    MissingExtraError
        If pooch is not installed.
    """
    choice_in(what, SETS, "what")
    place = path_in(folder, "folder")
    if mirror is not None and not isinstance(mirror, str):
        raise ArgumentError(f"expected an address, found {type(mirror).__name__}.", field="mirror")
    wanted = [remote for remote in SETS[what] if not _is_there(place / remote.name, remote)]
    packed: dict[str, Path] = {}
    for remote in wanted:
        target = place / remote.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DownloadError(
                f"cannot be made ({error.strerror}).", file=target.parent, field="folder", remedy="name another folder."
            ) from None
        url = remote.url if mirror is None else f"{mirror.rstrip('/')}/{remote.url.rsplit('/', 1)[1]}"
        if url not in packed:
            packed[url] = _download(url, target.parent, remote, _by_hand(wanted, place), progress)
        _unpack(packed[url], target, remote)
    for archive in set(packed.values()) - {place / remote.name for remote in wanted}:
        archive.unlink(missing_ok=True)
    return [place / remote.name for remote in SETS[what]]


def _is_there(file: Path, remote: Remote) -> bool:
    if not file.is_file():
        return False
    if remote.sha256 is not None and _sha256(file) != remote.sha256:
        raise DownloadError(
            "is there, but it is not the published file.",
            file=file,
            field="path",
            remedy="move it away, then fetch again.",
        )
    return True


def _by_hand(wanted: list[Remote], place: Path) -> str:
    names = [remote.name for remote in wanted]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"fetch it in another way and put {listed} into {place}, or give a mirror."


def _download(url: str, folder: Path, remote: Remote, by_hand: str, progress: bool) -> Path:
    pooch = require("pooch", "planck", "fetching files")
    name = url.rsplit("/", 1)[1]
    # its line on each file would stand beside the bar
    pooch.get_logger().setLevel(logging.WARNING)
    plain = not name.endswith((".gz", ".tgz"))
    try:
        found = pooch.retrieve(
            url,
            known_hash=f"sha256:{remote.sha256}" if plain and remote.sha256 else None,
            fname=name,
            path=folder,
            downloader=_Resuming(folder / f"{name}.part", progress),
        )
    # requests' own errors are OSErrors; pooch raises ValueError where the checksum is wrong
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError):
            (folder / f"{name}.part").unlink(missing_ok=True)
        problem = f"cannot be fetched from {url} ({_reason(error, url)})."
        raise DownloadError(problem, file=folder / name, field="url", remedy=by_hand) from None
    return Path(found)


def _reason(error: Exception, url: str) -> str:
    from urllib.parse import urlsplit

    import requests

    host = urlsplit(url).netloc
    if isinstance(error, requests.Timeout):
        return f"{host} does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"{host} broke off"
    if isinstance(error, requests.ConnectionError):
        return f"{host} cannot be reached"
    return str(error).splitlines()[0]


class _Resuming:
    """A downloader for pooch that goes on where the last attempt broke off."""

    def __init__(self, part: Path, progress: bool) -> None:
        self.part, self.progress = part, progress

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        import requests
        from rich.console import Console
        from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

        have = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with requests.get(url, headers=headers, stream=True, timeout=60) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable and have:
                # all of it is there already
                shutil.move(self.part, output_file)
                return
            response.raise_for_status()
            goes_on = response.status_code == requests.codes.partial_content
            begin = have if goes_on else 0
            length = int(response.headers.get("Content-Length", 0)) + begin
            console = Console(stderr=True)
            bar = Progress(
                *Progress.get_default_columns(),
                DownloadColumn(),
                TransferSpeedColumn(),
                console=console,
                disable=not (self.progress and console.is_terminal),
            )
            with self.part.open("ab" if goes_on else "wb") as stream, bar:
                task = bar.add_task(self.part.stem, total=length or None, completed=begin)
                for block in response.iter_content(1 << 15):
                    stream.write(block)
                    bar.advance(task, len(block))
        if length and self.part.stat().st_size < length:
            raise OSError(f"broke off after {self.part.stat().st_size} of {length} bytes")
        shutil.move(self.part, output_file)


def _unpack(archive: Path, target: Path, remote: Remote) -> None:
    if archive != target:
        try:
            with replaced(target, DownloadError) as temporary, temporary.open("wb") as stream:
                _copy(archive, target.name, stream)
        except DownloadError:
            archive.unlink(missing_ok=True)
            raise
    if remote.sha256 is not None and _sha256(target) != remote.sha256:
        target.unlink()
        archive.unlink(missing_ok=True)
        raise DownloadError(
            "is not the published file.", file=target, field="content", remedy="fetch it again, or from elsewhere."
        )
    log.info("%s: sha256 %s", target, remote.sha256 or _sha256(target))


def _copy(archive: Path, name: str, stream: IO[bytes]) -> None:
    try:
        if archive.suffix != ".tgz":
            with gzip.open(archive) as source:
                _copy_bytes(source, stream, archive)
            return
        with tarfile.open(archive, "r:gz") as members:
            # the member's bytes alone are taken: no path of the archive is ever written to
            for member in members:
                # a link's target may be missing, or be itself
                content = members.extractfile(member) if member.isreg() and Path(member.name).name == name else None
                if content is not None:
                    _copy_bytes(content, stream, archive)
                    return
    except (gzip.BadGzipFile, tarfile.TarError, EOFError, zlib.error) as error:
        raise DownloadError(f"is damaged ({error}).", file=archive, field="content", remedy="fetch it again.") from None
    raise DownloadError(f"holds no {name}.", file=archive, field="content", remedy="fetch it from its official place.")


def _copy_bytes(source: IO[bytes] | gzip.GzipFile, stream: IO[bytes], archive: Path) -> None:
    left = _MOST_UNPACKED * archive.stat().st_size
    while block := source.read(1 << 20):
        left -= len(block)
        if left < 0:
            raise DownloadError(
                f"unpacks to more than {_MOST_UNPACKED} times its size.",
                file=archive,
                field="content",
                remedy="fetch it from its official place.",
            )
        stream.write(block)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
