from __future__ import annotations

import sys

import pytest

from szfast.errors import MissingExtraError
from szfast.networks import save_keras, to_keras, vgg


def test_the_missing_extra_is_named(monkeypatch, random_network, tmp_path):
    # None in sys.modules makes an import fail as if the package were not installed.
    monkeypatch.setitem(sys.modules, "keras", None)
    for call in (
        vgg,
        lambda: to_keras(random_network()),
        lambda: save_keras(random_network(), tmp_path / "n.keras"),
    ):
        with pytest.raises(MissingExtraError, match=r"szfast\[train\]"):
            call()
    assert list(tmp_path.iterdir()) == []
