"""Batches as Keras takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.arguments import require

if TYPE_CHECKING:
    from szfast.dataset.batches import Batches


def keras_feed(batches: Batches, first_epoch: int = 0) -> Any:
    """A ``keras.utils.PyDataset``; see `Batches.as_keras`."""
    base: Any = require("keras", "train", "feeding Keras").utils.PyDataset

    class KerasFeed(base):  # type: ignore[misc]
        """Batches by their number; Keras asks for them from its own threads."""

        def __init__(self) -> None:
            super().__init__(workers=batches.threads, max_queue_size=2 * batches.threads)
            self.epoch, self.begun = first_epoch, False

        def __len__(self) -> int:
            return len(batches)

        def __getitem__(self, number: int) -> Any:
            y, log10_mass = batches.batch(self.epoch, number)
            return y[..., np.newaxis], log10_mass

        def on_epoch_begin(self) -> None:
            """Take note that an epoch has begun."""
            self.begun = True

        def on_epoch_end(self) -> None:
            """Go on to the next epoch's order and noise."""
            # Keras ends an epoch before the first one too
            self.epoch += self.begun
            self.begun = False

    return KerasFeed()
