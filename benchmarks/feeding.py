"""Maps per second that feed a network, against what the network takes.

Usage: python benchmarks/feeding.py [--clusters 100] [--batch 256]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import astropy.units as u
import numpy as np
import scipy.fft
from results import machine

import szfast
from szfast.dataset import Batches

REPEATS = 5
NETWORK_STEPS = 4


def random_set(clusters: int) -> Any:
    """Feeding costs the same whatever the maps show."""
    rng = np.random.default_rng(0)
    return szfast.dataset.from_arrays(
        rng.random((clusters, 27, 96, 96), dtype=np.float32) * 1e-5,
        M500c=np.geomspace(1e14, 2e15, clusters) * u.Msun,
        redshift=np.full(clusters, 0.15),
    )


def plain_peer(dataset: Any, batch: int) -> Iterator[int]:
    """What is written by hand: a shuffle, random flips, normals and an inverse FFT for the noise."""
    rng = np.random.default_rng(1)
    maps, amplitude = dataset.clean(), dataset._amplitude.astype(np.float32)
    n, size = dataset.instrument.padded_size, dataset.instrument.size
    order = rng.permutation(len(maps))
    for start in range(0, len(order), batch):
        y = maps[order[start : start + batch]]
        turns = rng.integers(0, 8, len(y))
        for row, turn in enumerate(turns):
            y[row] = np.rot90(y[row].T if turn >= 4 else y[row], turn % 4)
        real, imaginary = rng.standard_normal((2, len(y), n, n // 2 + 1), dtype=np.float32)
        modes = (real + 1j * imaginary) * (amplitude * np.float32(n * n / np.sqrt(2)))
        y += scipy.fft.irfft2(modes, s=(n, n), workers=-1)[:, :size, :size]
        yield len(y)


def rate(epoch: Callable[[int], Iterator[Any]]) -> tuple[float, float]:
    """Maps per second, and CPU microseconds a map; medians."""
    rates, costs = [], []
    for number in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        count = sum(batch if isinstance(batch, int) else len(batch[0]) for batch in epoch(number))
        rates.append(count / (time.perf_counter() - wall))
        costs.append((time.process_time() - cpu) / count * 1e6)
    return median(rates), median(costs)


def network_rate(dataset: Any, batch: int) -> tuple[float, float] | None:
    """Maps per second that training takes from an array, and from the feed."""
    try:
        from szfast.networks.keras_model import vgg
    except szfast.SzfastError:
        return None
    feed = Batches(dataset, np.arange(NETWORK_STEPS * batch), batch_size=batch)
    model = vgg(input_std=1e-5, target_offset=14.5, target_scale=0.3)
    model.compile(optimizer="adam", loss="mse")
    y, target = feed.batch(0, 0)
    model.train_on_batch(y[..., np.newaxis], target)
    held = np.concatenate([y] * NETWORK_STEPS)[..., np.newaxis], np.concatenate([target] * NETWORK_STEPS)
    rates = []
    for fit in (lambda: model.fit(*held, batch_size=batch, verbose=0), lambda: model.fit(feed.as_keras(), verbose=0)):
        fit()
        begun = time.perf_counter()
        fit()
        rates.append(NETWORK_STEPS * batch / (time.perf_counter() - begun))
    return rates[0], rates[1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--clusters", type=int, default=100)
    options.add_argument("--batch", type=int, default=256)
    asked = options.parse_args()
    print(", ".join(machine().values()))
    dataset = random_set(asked.clusters)
    cases: dict[str, Callable[[int], Iterator[Any]]] = {
        "by hand: NumPy normals, scipy.fft": lambda number: plain_peer(dataset, asked.batch),
    }
    for threads in (1, 2):
        for name, kept in (
            ("order", {"symmetries": False, "noise": False}),
            ("turns", {"noise": False}),
            ("noise", {}),
        ):
            batches = Batches(dataset, batch_size=asked.batch, threads=threads, **kept)
            cases[f"Batches up to {name}, {threads} threads"] = batches.epoch
    print("| feed | maps/s | CPU us a map |\n|---|---|---|")
    for name, epoch in cases.items():
        print("| {} | {:.0f} | {:.1f} |".format(name, *rate(epoch)))
    trained = network_rate(dataset, asked.batch)
    if trained is None:
        print("training: szfast[train] is not installed")
    else:
        for source, maps_per_s in zip(("an array", "the Keras feed"), trained, strict=True):
            print(f"| training the network from {source} | {maps_per_s:.0f} | |")


if __name__ == "__main__":
    main()
