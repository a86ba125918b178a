"""Where the time of making maps goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

STAGES = ("reading", "projection", "beam", "noise", "writing")
"""What time is told apart into."""


class Profile:
    """Wall seconds by stage. A stage inside another one is not counted for the outer one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner = [0.0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        start = time.perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            elapsed = time.perf_counter() - start
            self.add(name, elapsed - self._inner.pop())
            self._inner[-1] += elapsed

    def add(self, name: str, seconds: float) -> None:
        """Add seconds to a stage."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def beside(self, seconds: float) -> None:
        """Take out of the stage that is timed what is done for the profile alone."""
        self._inner[-1] += seconds


_current: ContextVar[Profile | None] = ContextVar("profile", default=None)


@contextmanager
def profiled(profile: Profile | None) -> Iterator[Profile | None]:
    """Collect the time of all stages inside, where a profile is wanted."""
    token = _current.set(profile)
    try:
        yield profile
    finally:
        _current.reset(token)


def current_profile() -> Profile | None:
    """The profile that collects time now, if any."""
    return _current.get()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time what is done inside, where a profile is wanted."""
    profile = _current.get()
    if profile is None:
        yield
    else:
        with profile.stage(name):
            yield
