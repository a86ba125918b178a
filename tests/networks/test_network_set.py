from __future__ import annotations

import numpy as np
import pytest

from szfast.errors import ArgumentError, NetworkError
from szfast.networks import NetworkSet, read_networks, save


def test_a_redshift_chooses_its_bin(random_network):
    far, near = random_network(redshift_bin=(0.1, 0.2)), random_network(redshift_bin=(0.0, 0.1))
    networks = NetworkSet((far, near))
    assert list(networks) == [near, far]
    assert [networks.at_redshift(z) for z in (1e-6, 0.1, 0.10001, 0.2)] == [near, near, far, far]


@pytest.mark.parametrize("redshift", [0.0, -1.0, 0.05, 0.25, 0.5, np.nan, np.inf])
def test_redshifts_outside_are_refused(random_network, redshift):
    networks = NetworkSet((random_network(redshift_bin=(0.1, 0.2)), random_network(redshift_bin=(0.3, 0.4))))
    with pytest.raises(ArgumentError, match=r"\(0\.1, 0\.2\], \(0\.3, 0\.4\]") as caught:
        networks.at_redshift(redshift)
    assert caught.value.field == "redshift"


def test_overlapping_bins_are_refused(random_network):
    with pytest.raises(NetworkError, match="same redshifts"):
        NetworkSet((random_network(redshift_bin=(0.0, 0.15)), random_network(redshift_bin=(0.1, 0.2))))
    with pytest.raises(NetworkError, match="no network"):
        NetworkSet(())


def test_a_folder_of_own_files(tmp_path, random_network):
    save(random_network(1, redshift_bin=(0.2, 0.4)), tmp_path / "a.npz")
    save(random_network(2, redshift_bin=(0.0, 0.2)), tmp_path / "b.npz")
    assert [network.redshift_bin for network in read_networks(tmp_path)] == [(0.0, 0.2), (0.2, 0.4)]
    assert len(read_networks(tmp_path / "a.npz")) == 1
    save(random_network(3, redshift_bin=(0.1, 0.3)), tmp_path / "c.npz")
    with pytest.raises(NetworkError, match="same redshifts") as caught:
        read_networks(tmp_path)
    assert caught.value.file == tmp_path


def test_a_folder_of_published_files(real_data):
    assert len(read_networks(real_data("deepplanck/weights"))) == 4


def test_folders_and_files_without_networks_are_refused(tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("no network")
    for path in (tmp_path, other, tmp_path / "missing"):
        with pytest.raises(NetworkError) as caught:
            read_networks(path)
        assert caught.value.file == path
        assert caught.value.remedy
