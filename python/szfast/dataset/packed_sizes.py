"""How much the packed pieces of a store say that they unpack to, looked at before anything is unpacked."""

from __future__ import annotations

import struct
from pathlib import Path

_ZSTD = b"\x28\xb5\x2f\xfd"
_BLOSC_HEADER = struct.Struct("<4BIII")
_ABSENT = 2**64 - 1


def zstd_size(file: Path) -> int | None:
    """Bytes in a file that is one frame of Zstandard (RFC 8878, 3.1.1.1); None where it does not tell.

    Parameters
    ----------
    file : Path
        The file.
    """
    with file.open("rb") as stream:
        start = stream.read(18)
    if start[:4] != _ZSTD or len(start) < 6:
        return None
    descriptor = start[4]
    flag, single = descriptor >> 6, bool(descriptor & 32)
    length = (1 if single else 0, 2, 4, 8)[flag]
    at = 5 + (not single) + (0, 1, 2, 4)[descriptor & 3]
    if not length or len(start) < at + length:
        return None
    return int.from_bytes(start[at : at + length], "little") + (256 if flag == 1 else 0)


def blosc_sizes(shard: Path, chunks: int) -> list[int]:
    """Bytes that each chunk of a shard says it holds, of those that are there.

    Parameters
    ----------
    shard : Path
        A file of chunks packed by Blosc, with Zarr's index of offsets and lengths and its checksum at the end.
    chunks : int
        In the index.
    """
    size = 16 * chunks + 4
    with shard.open("rb") as stream:
        total = stream.seek(0, 2)
        if total < size:
            return []
        stream.seek(total - size)
        numbers = struct.unpack(f"<{2 * chunks}Q", stream.read(size - 4))
        found = []
        for offset in numbers[::2]:
            # zarr refuses what lies outside
            if offset == _ABSENT or offset + _BLOSC_HEADER.size > total:
                continue
            stream.seek(offset)
            found.append(_BLOSC_HEADER.unpack(stream.read(_BLOSC_HEADER.size))[4])
    return found
