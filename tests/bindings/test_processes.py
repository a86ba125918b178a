"""The engine among threads, after a fork, and stopped by Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from engine_calls import OPERATIONS, THREADED, arguments, call
from interruption import LONG, longest_delay_s

SECONDS_TO_STOP = float(os.environ.get("SZFAST_SECONDS_TO_STOP", "0.2"))
"""More than is promised only where a sanitizer slows the engine down."""

SHARED = {
    "deposit": 100_000,
    "mesh_spectra": 1_100_000,
    "spread": 100_000,
    "observe": 2000,
    "pick_and_turn": 1000,
    "particle_columns": 200_000,
}
"""So many that every step has work for several threads."""


@pytest.mark.parametrize("name", OPERATIONS)
def test_threads_that_call_at_once_get_what_each_gets_alone(name):
    calls = [arguments(name, count=300 + 10 * number) for number in range(8)]
    alone = [call(name, given) for given in calls]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            together = list(pool.map(lambda given: call(name, given), calls))
            for found, known in zip(together, alone, strict=True):
                for one, other in zip(found, known, strict=True):
                    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", THREADED)
def test_threads_that_share_the_work_change_no_bit(name):
    given = arguments(name, count=SHARED[name])
    for found, known in zip(call(name, given | {"threads": 4}), call(name, given | {"threads": 1}), strict=True):
        np.testing.assert_array_equal(found, known)


def test_an_array_that_another_thread_changes_is_followed_no_further():
    given = arguments("pick_and_turn", count=20000)
    rows, good = given["rows"], given["rows"].copy()
    done = threading.Event()

    def spoil():
        while not done.is_set():
            rows[:] = 2**62
            rows[:] = good

    spoiler, problems = threading.Thread(target=spoil), []
    spoiler.start()
    try:
        for _ in range(30):
            # either the rows are seen to be wrong, or the good ones are taken
            try:
                call("pick_and_turn", given)
            except ValueError as error:
                problems.append(str(error))
    finally:
        done.set()
        spoiler.join()
    assert all("rows: expected" in problem for problem in problems)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_forked_child_computes_the_same(name):
    given = arguments(name)
    expected = call(name, given)
    child = os.fork()
    if child == 0:
        # nothing of pytest's runs in the child
        try:
            same = all(np.array_equal(a, b) for a, b in zip(call(name, given), expected, strict=True))
            os._exit(0 if same else 1)
        finally:
            os._exit(2)
    assert _status(child) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_forked_while_another_thread_computes_is_not_stuck():
    started, stop = threading.Event(), threading.Event()

    def keep_computing():
        while not stop.is_set():
            started.set()
            call("deposit", arguments("deposit", count=20000, views=20))

    busy = threading.Thread(target=keep_computing)
    busy.start()
    started.wait()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                try:
                    call("deposit", arguments("deposit"))
                    os._exit(0)
                finally:
                    os._exit(2)
            assert _status(child) == 0
    finally:
        stop.set()
        busy.join()


def _status(child: int) -> int:
    """How a child ended; one that is stuck is killed."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail("the child is stuck")


@pytest.mark.parametrize(("name", "long_call"), LONG.values(), ids=list(LONG))
def test_ctrl_c_stops_a_long_call_and_breaks_nothing(name, long_call):
    given = arguments(name)
    expected = call(name, given)
    threads_before = threading.active_count()
    # other work on the machine only lengthens a delay
    delays, long = [], long_call()
    while not delays or (min(delays) > SECONDS_TO_STOP and len(delays) < 5):
        delays.append(longest_delay_s(name, long, moments=1))
    assert min(delays) < SECONDS_TO_STOP
    assert threading.active_count() == threads_before
    for found, known in zip(call(name, given), expected, strict=True):
        np.testing.assert_array_equal(found, known)


@pytest.mark.parametrize(("name", "long_call"), LONG.values(), ids=list(LONG))
def test_other_threads_go_on_during_a_call(name, long_call):
    given = long_call()
    gaps = []
    for _ in range(5):
        worker = threading.Thread(target=call, args=(name, given))
        begin = time.perf_counter()
        worker.start()
        ticks = [time.perf_counter()]
        while worker.is_alive():
            time.sleep(0.001)
            ticks.append(time.perf_counter())
        whole = ticks[-1] - begin
        gaps.append(float(np.diff(ticks).max()) / whole)
        # held throughout, the lock would leave one gap of the whole call
        if min(gaps) < 0.5:
            return
    assert min(gaps) < 0.5
