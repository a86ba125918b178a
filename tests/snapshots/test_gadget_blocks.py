"""Record markers of four bytes around blocks that are longer than they can say."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from szfast.snapshots import gadget_blocks, open_snapshot


@pytest.mark.parametrize("format", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("marker_range", [700, 1000, 1024])
def test_wrapped_markers(tmp_path, written, code_gas, monkeypatch, format, order, marker_range):
    """Markers that wrap at 700 to 1,024 bytes, as real ones do at 2^32, around blocks of 1,200 to 6,480."""
    options = dict(format=format, order=order)
    whole = open_snapshot(written.binary(tmp_path, code_gas, **options)).gas()
    path = written.binary(tmp_path, code_gas, marker_range=marker_range, **options)
    monkeypatch.setattr(gadget_blocks, "MARKER_RANGE", marker_range)
    gas = open_snapshot(path).gas()
    for name in ("offset_kpc", "mass_msun", "smoothing_length_kpc", "neutral_fraction"):
        np.testing.assert_array_equal(getattr(gas, name), getattr(whole, name))


def test_block_of_six_gigabytes(tmp_path, code_gas, written):
    """500 million dark particles in a sparse file: POS takes 6 GB, its marker says 1.7e9."""
    dark, n = 500_000_000, 300
    path = tmp_path / "sparse"
    header = struct.pack(
        "<6I6d2d2i6I2i4d2i6I",
        *(n, dark, 0, 0, 0, 0),
        *(0.1, 1e-4, 0, 0, 0, 0),
        *(code_gas.time, code_gas.redshift, 0, 0),
        *(n, dark, 0, 0, 0, 0),
        *(0, 1, code_gas.box, 0.307115, 0.692885, code_gas.hubble),
        *(0, 0, *[0] * 6),
    ).ljust(256, b"\0")
    blocks = {
        "HEAD": (header, 256),
        "POS ": (code_gas.position.astype("<f4").tobytes(), 12 * (n + dark)),
        "U   ": (code_gas.energy.astype("<f4").tobytes(), 4 * n),
        "HSML": (code_gas.h.astype("<f4").tobytes(), 4 * n),
    }
    with path.open("wb") as file:
        for name, (raw, size) in blocks.items():
            marker = struct.pack("<I", size % 2**32)
            file.write(struct.pack("<I4sII", 8, name.encode(), (size + 8) % 2**32, 8) + marker + raw)
            file.seek(size - len(raw), 1)
            file.write(marker)
    if path.stat().st_blocks * 512 > 10**8:
        path.unlink()
        pytest.skip("the file system has no sparse files")
    records = {r.name: r.size for r in gadget_blocks.read_binary_file(path).records}
    assert records == {"POS": 12 * (n + dark), "U": 4 * n, "HSML": 4 * n}
    gas = open_snapshot(path).gas()
    truth = written.physical(code_gas)
    # Positions up to 5e4 kpc/h in float32.
    np.testing.assert_allclose(gas.offset_kpc, truth.position_kpc, rtol=0, atol=4e-3)
    np.testing.assert_allclose(gas.smoothing_length_kpc, truth.smoothing_length_kpc, rtol=5e-7)
