"""Where a command's time goes."""

from __future__ import annotations

import time
from types import TracebackType

from szfast.cli.reporting import show_line, show_table
from szfast.maps.profile import STAGES, Profile, profiled

NOTE = (
    "reading: waiting for particles, which are read while others are projected; all else in the command is in the "
    "total. Beam and noise are made together: without the noise the same call takes the beam's time."
)


class Timed:
    """Collects the wall seconds of the stages of a command, where that is wanted."""

    def __init__(self, wanted: bool) -> None:
        self.profile = Profile() if wanted else None
        self._collecting = profiled(self.profile)
        self._start = self._total = 0.0

    def __enter__(self) -> Timed:
        self._start = time.perf_counter()
        self._collecting.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._collecting.__exit__(kind, error, trace)
        self._total = time.perf_counter() - self._start

    def seconds(self) -> dict[str, float]:
        """Wall seconds by stage, and of the whole."""
        found = {} if self.profile is None else self.profile.seconds
        return {name: found.get(name, 0.0) for name in STAGES} | {"total": self._total}

    def show(self) -> None:
        """Write the table."""
        seconds = self.seconds()
        rows = [(name, f"{time_s:.3f}", f"{time_s / self._total:.1%}") for name, time_s in seconds.items()]
        show_table("profile", ("stage", "seconds", "share"), rows)
        show_line(NOTE)
