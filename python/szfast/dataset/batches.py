"""Batches that feed a network: shuffled, turned, with fresh noise, each a function of its key."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require, whole_in
from szfast.dataset.arrays import MapsInMemory
from szfast.dataset.maps import Indices, Maps
from szfast.errors import ArgumentError

if TYPE_CHECKING:
    from szfast.dataset.maps import DataSet

Batch = tuple[Maps, NDArray[np.float32]]

SYMMETRIES = 8


class Batches:
    """Maps and log10 masses in batches, epoch after epoch.

    Order, turns and noise of an epoch are functions of (seed, run, epoch), so that a run can be repeated and taken up
    at any epoch, whatever the number of threads. Clean maps are held in memory, 37 kB each; to share them between runs,
    open the data set with `DataSet.in_memory` first.

    Parameters
    ----------
    dataset : DataSet
        Where the maps are.
    maps : (n,) int array, optional
        One side of a split; all by default.
    batch_size : int
        Maps in a batch; the last one of an epoch may have fewer.
    seed, run : int
        Same numbers, same batches; `run` also enters the noise key.
    shuffle : bool
        A new order each epoch.
    symmetries : bool
        Turn and mirror each map at random in one of the square's 8 ways.
    noise : bool
        False for clean maps.
    realisation : int, optional
        The same noise in each epoch, as validation wants it. Default: the epoch's number.
    threads : int
        Batches that are made at once; zero for one a core.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Examples
    --------
    >>> for y, log10_mass in Batches(dataset, split.train).epoch(0): ...
    """

    def __init__(
        self,
        dataset: DataSet,
        maps: Any = None,
        *,
        batch_size: int = 256,
        seed: int = 0,
        run: int = 0,
        shuffle: bool = True,
        symmetries: bool = True,
        noise: bool = True,
        realisation: int | None = None,
        threads: int = 0,
    ) -> None:
        self.dataset, self.maps = dataset, dataset.indices(maps)
        if not len(self.maps):
            raise ArgumentError("expected at least one map.", field="maps")
        whole_in(batch_size, "batch_size", least=1)
        # raises where a number is out of range, or there is no spectrum
        dataset.noise_keys(self.maps[:1], realisation=realisation or 0, run=run)
        if noise and dataset.noise is None:
            raise ArgumentError("this data set has no noise spectrum.", field="noise", remedy="noise=False.")
        self.batch_size, self.seed, self.run = batch_size, seed, run
        self.shuffle, self.symmetries, self.noise, self.realisation = shuffle, symmetries, noise, realisation
        self.threads = threads or os.cpu_count() or 1
        self.log10_mass = dataset.log10_mass_of(self.maps).astype(np.float32)
        self._held, self._rows = self._clean_maps()
        self._plan = lru_cache(maxsize=2)(self._planned)

    def __len__(self) -> int:
        return -(-len(self.maps) // self.batch_size)

    def batch(self, epoch: int, number: int) -> Batch:
        """One batch.

        Parameters
        ----------
        epoch, number : int
            Which epoch, and which of its batches.

        Returns
        -------
        y : (b, size, size) float32 array
            Dimensionless y.
        log10_mass : (b,) float32 array
            Log10 of M500c in Msun.
        """
        whole_in(number, "number", most=len(self) - 1)
        from szfast._core import pick_and_turn

        order, turns = self._plan(epoch)
        rows = order[number * self.batch_size : (number + 1) * self.batch_size]
        noise = None
        if self.noise:
            realisation = epoch if self.realisation is None else self.realisation
            noise = self.dataset.noise_of(self.maps[rows], realisation=realisation, run=self.run, threads=1)
        picked = self._rows[rows]
        y: Maps = pick_and_turn(maps=self._held, rows=picked, noise=noise, symmetry=turns[rows], threads=1)
        return y, self.log10_mass[rows]

    def epoch(self, number: int) -> Iterator[Batch]:
        """All batches of an epoch in order, some of them made ahead in threads."""
        with ThreadPoolExecutor(self.threads) as pool:
            ahead: deque[Future[Batch]] = deque()
            try:
                for each in range(len(self)):
                    ahead.append(pool.submit(self.batch, number, each))
                    if len(ahead) > 2 * self.threads:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _clean_maps(self) -> tuple[Maps, Indices]:
        """Clean maps in memory, (N, size, size), and the row of each of ours."""
        source = self.dataset.source
        if isinstance(source, MapsInMemory):
            return source.clean.reshape(-1, *source.shape[2:]), self.maps
        return self.dataset.clean(self.maps), np.arange(len(self.maps))

    def _planned(self, epoch: int) -> tuple[Indices, Indices]:
        """Order of the maps in an epoch, and the turn of each map."""
        # the epoch is the counter's highest word: streams of two epochs never meet
        philox = np.random.Philox(key=np.array([self.seed, self.run], np.uint64), counter=[0, 0, 0, epoch])
        rng = np.random.Generator(philox)
        order = rng.permutation(len(self.maps)) if self.shuffle else np.arange(len(self.maps))
        turns = rng.integers(0, SYMMETRIES, len(self.maps)) if self.symmetries else np.zeros_like(order)
        return order, turns

    def as_tf_data(self, first_epoch: int = 0) -> Any:
        """A ``tf.data.Dataset`` of one epoch; each pass over it is the next epoch.

        Parameters
        ----------
        first_epoch : int
            Number of the first pass.

        Returns
        -------
        tf.data.Dataset
            (b, size, size, 1) and (b,) float32.

        Raises
        ------
        MissingExtraError
            If TensorFlow is not installed.
        """
        tf = require("tensorflow", "train", "feeding TensorFlow")
        size, epochs = self.dataset.instrument.size, itertools.count(first_epoch)

        def one_epoch() -> Iterator[tuple[Maps, NDArray[np.float32]]]:
            return ((y[..., np.newaxis], log10_mass) for y, log10_mass in self.epoch(next(epochs)))

        signature = (tf.TensorSpec((None, size, size, 1), tf.float32), tf.TensorSpec((None,), tf.float32))
        passes = tf.data.Dataset.from_generator(one_epoch, output_signature=signature)
        return passes.apply(tf.data.experimental.assert_cardinality(len(self))).prefetch(tf.data.AUTOTUNE)

    def as_keras(self, first_epoch: int = 0) -> Any:
        """A ``keras.utils.PyDataset`` for ``model.fit``; each epoch of the fit is the next epoch.

        Parameters
        ----------
        first_epoch : int
            Number of the first epoch.

        Returns
        -------
        keras.utils.PyDataset
            (b, size, size, 1) and (b,) float32.

        Raises
        ------
        MissingExtraError
            If Keras is not installed.
        """
        from szfast.dataset.keras_feed import keras_feed

        return keras_feed(self, first_epoch)
