"""The state of a run after an epoch, in one file: what a killed run goes on from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.ensemble.initial import seed_states
from szfast.errors import RunError
from szfast.whole_files import DAMAGED_NPZ, replaced

Arrays = list[NDArray[Any]]


@dataclass
class Progress:
    """How far a run has come.

    Parameters
    ----------
    losses, validation_losses : list of float
        Mean squared error of log10 M, an entry an epoch; of stacked networks a list of them.
    best : list of ndarray
        Weights after the epoch with the lowest validation loss.
    """

    losses: list[Any] = field(default_factory=list)
    validation_losses: list[Any] = field(default_factory=list)
    best: Arrays = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """Epochs that are done."""
        return len(self.losses)

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest validation loss, from 0."""
        return int(np.argmin(self.validation_losses))

    def is_over(self, epochs: int, patience: int) -> bool:
        """Whether the last epoch has been, or the validation loss has not fallen for too long."""
        return self.epoch >= epochs or (self.epoch > 0 and self.epoch - 1 - self.best_epoch >= patience)


def save_checkpoint(path: Path, model: Any, progress: Progress) -> None:
    """Write model, optimiser, dropout's state and progress, whole or not at all."""
    arrays = {f"state_{number:03d}": np.asarray(variable) for number, variable in enumerate(_state(model))}
    arrays |= {f"best_{number:03d}": array for number, array in enumerate(progress.best)}
    arrays["losses"] = np.array(progress.losses)
    arrays["validation_losses"] = np.array(progress.validation_losses)
    with replaced(path, RunError) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def load_checkpoint(path: Path, model: Any) -> Progress:
    """Put a model back to where it was; a fresh `Progress` where there is no file.

    Raises
    ------
    RunError
        If the file is damaged or of another network.
    """
    if not path.exists():
        return Progress()
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        variables = _state(model)
        for number, variable in enumerate(variables):
            variable.assign(arrays[f"state_{number:03d}"])
        best = [arrays[f"best_{number:03d}"] for number in range(len(model.get_weights()))]
        return Progress(arrays["losses"].tolist(), arrays["validation_losses"].tolist(), best)
    except DAMAGED_NPZ as error:
        raise RunError(
            f"is not the state of this network ({error}).",
            file=path,
            field="content",
            remedy="delete it: the run begins again.",
        ) from None


def _state(model: Any) -> list[Any]:
    return [*model.weights, *seed_states(model), *model.optimizer.variables]
