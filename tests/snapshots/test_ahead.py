"""Reading in a thread: order, errors and the end are those of a plain loop."""

from __future__ import annotations

import threading

import pytest

from szfast.snapshots.ahead import ahead


def test_items_come_in_order_from_another_thread():
    threads = set()

    def items():
        for i in range(50):
            threads.add(threading.get_ident())
            yield i

    assert list(ahead(items())) == list(range(50))
    assert threads.isdisjoint({threading.get_ident()})


def test_the_next_item_is_made_meanwhile():
    made = threading.Semaphore(0)

    def items():
        for i in range(3):
            made.release()
            yield i

    coming = ahead(items())
    assert next(coming) == 0
    assert made.acquire(timeout=5)
    assert made.acquire(timeout=5), "the second item is not made before it is asked for"
    coming.close()


def test_an_error_comes_in_its_turn():
    def items():
        yield 1
        raise OSError("broken")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(OSError, match="broken"):
        next(coming)


def test_stopping_early_closes_what_is_read():
    closed = threading.Event()

    def items():
        try:
            yield from range(10)
        finally:
            closed.set()

    coming = ahead(items())
    assert next(coming) == 0
    coming.close()
    assert closed.is_set()
