from __future__ import annotations

import pytest

from szfast.dataset.bins import PLANCK_BINS
from szfast.ensemble.configuration import read_training
from szfast.errors import RunError


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "train.toml").write_text('dataset = "a.zarr"\nfolder = "out"\n' + text)
        return tmp_path / "train.toml"

    return write


def test_defaults_are_the_published_recipe(write, tmp_path):
    found = read_training(write(""))
    assert (found.dataset, found.folder) == (str(tmp_path / "a.zarr"), str(tmp_path / "out"))
    assert (found.runs, found.bins, found.recipe.variant) == (100, PLANCK_BINS, "published")
    assert found.recipe.fractions == (0.8, 0.1, 0.1)


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("run = 3", "run", "did you mean 'runs'"),
        ("[recipe]\nbacth_size = 3", "recipe.bacth_size", "did you mean 'batch_size'"),
        ("[recipe]\nepochs = 0", "recipe.epochs", "found 0"),
        ("[recipe]\nvariant = 'resnet'", "configuration", "expected variants published"),
        ("compare = ['published']", "configuration", "each variant once"),
        ("runs = ", "TOML", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(write, text, field, message):
    with pytest.raises(RunError, match=message) as caught:
        read_training(write(text))
    assert caught.value.file is not None
    assert caught.value.field == field
    assert caught.value.remedy
