"""A disk of a few kilobytes that can grow, or become read-only: a tmpfs, which only root can mount."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    """A file system of its own.

    Parameters
    ----------
    path : Path
        Where it is mounted.
    kilobytes : int
        Its size.
    """

    def __init__(self, path: Path, kilobytes: int) -> None:
        self.path = path
        path.mkdir()
        if os.geteuid() != 0 or not self._mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(path)):
            pytest.skip("a file system can be mounted by root alone")

    def resize(self, kilobytes: int) -> None:
        """Give it another size."""
        assert self._mount("-o", f"remount,rw,size={kilobytes}k", str(self.path))

    def make_read_only(self) -> None:
        """Take away the right to write, from root too."""
        assert self._mount("-o", "remount,ro", str(self.path))

    def close(self) -> None:
        """Take it away with all that is on it."""
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    @staticmethod
    def _mount(*arguments: str) -> bool:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
