"""AHF catalogues of several versions, masses from columns or from the profiles."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

from szfast.errors import HaloCatalogueError
from szfast.snapshots.halos import read_halos

NAME = "GadgetX-NewMDCLUSTER_0001.z0.250.AHF_halos"


def _renamed(columns, **names):
    return {names.get(name, name): values for name, values in columns.items()}


def _without_ids(columns):
    """The first versions: npart first, no IDs, positions in Mpc/h."""
    old = {name: columns[name] for name in ("npart", "fMhires", "Xc", "Yc", "Zc")}
    for axis in ("Xc", "Yc", "Zc"):
        old[axis] = old[axis] / 1000
    return {**old, **{name: columns[name] for name in ("Mvir", "Rvir", "M500", "R500")}}


VERSIONS = {
    "2014": lambda columns: columns,
    "Mhalo": lambda columns: _renamed(columns, Mvir="Mhalo", Rvir="Rhalo", M500="M500c", R500="R500c"),
    "no R500": lambda columns: {name: v for name, v in columns.items() if name != "R500"},
    "run at 500 rho_c": lambda columns: {
        **{name: v for name, v in columns.items() if "500" not in name and "vir" not in name},
        "Mvir": columns["M500"],
        "Rvir": columns["R500"],
        "M200": columns["Mvir"],
    },
    "no IDs": _without_ids,
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_gives_the_same_haloes(tmp_path, files, version):
    made = files.made()
    columns = VERSIONS[version](files.ahf_columns(made))
    files.write_ahf(tmp_path / NAME, columns)
    halos = read_halos(tmp_path / NAME, snapshot=files.snapshot())
    order = np.argsort(-made.m500)
    kpc = 1 / files.HUBBLE
    expected_ids = columns["ID"][order] if "ID" in columns else order
    assert (halos["id"] == expected_ids).all()
    # Eight digits in the file.
    np.testing.assert_allclose(halos["center"].to_value("kpc"), made.position[order] * kpc, rtol=1e-7)
    for name, code in (("M500c", made.m500), ("M200c", made.m200)):
        np.testing.assert_allclose(
            halos[name].to_value("Msun"), code[order] * 1e10 / files.HUBBLE, rtol=1e-7, err_msg=name
        )
    # Constants of the particle data book in the writer, CODATA's in szfast.
    for name, code in (("R500c", made.r500), ("R200c", made.r200)):
        np.testing.assert_allclose(halos[name].to_value("kpc"), code[order] * kpc / 1.25, rtol=1e-4, err_msg=name)
    assert halos["redshift"] == pytest.approx(0.25)
    assert halos["fMhires"] == pytest.approx(0.99)


def test_subhaloes_are_left_out(tmp_path, files):
    columns = files.ahf_columns(files.made())
    columns["hostHalo"][[1, 4]] = 2**60 + 1
    files.write_ahf(tmp_path / NAME, columns)
    halos = read_halos(tmp_path / NAME, snapshot=files.snapshot())
    assert sorted(int(i) - 2**60 - 1 for i in halos["id"]) == [0, 2, 3, 5]
    assert any(a.quantity == "subhaloes" and "2 of 6" in a.source for a in halos.meta["assumptions"])


def _nfw_mass(x):
    return np.log1p(x) - x / (1 + x)


def _nfw_profiles(files, made, concentration):
    """Mass profiles of NFW haloes of the given M200; AHF gives unconverged radii a minus sign."""
    rows = []
    for mass, radius in zip(made.m200, made.r200, strict=True):
        x = np.geomspace(0.01, 1.0, 30) * concentration
        rows += [
            (-r if i < 3 else r, m)
            for i, (r, m) in enumerate(
                zip(
                    x / concentration * radius,
                    mass * 1e10 * _nfw_mass(x) / _nfw_mass(concentration),
                    strict=True,
                )
            )
        ]
    radius, mass = np.array(rows).T
    return {"r": radius, "npart": np.full(len(rows), 10), "M_in_r": mass, "ovdens": np.ones(len(rows))}


def _nfw_m500_over_m200(concentration):
    from scipy.optimize import brentq

    def excess(x):
        return _nfw_mass(x) / _nfw_mass(concentration) * (concentration / x) ** 3 - 2.5

    return _nfw_mass(brentq(excess, 0.01, concentration)) / _nfw_mass(concentration)


def test_m500_comes_from_the_profiles(tmp_path, files):
    made = files.made()
    columns = {name: v for name, v in files.ahf_columns(made).items() if "500" not in name}
    columns["nbins"] = np.full(6, 30)
    files.write_ahf(tmp_path / NAME, columns)
    files.write_ahf(tmp_path / NAME.replace("halos", "profiles"), _nfw_profiles(files, made, 4.0))
    halos = read_halos(tmp_path / NAME, snapshot=files.snapshot())
    ratio = (halos["M500c"] / halos["M200c"]).to_value(1)
    # Straight lines between 30 logarithmic radii cut a concave profile: 1.35e-3 low, by construction.
    np.testing.assert_allclose(ratio, _nfw_m500_over_m200(4.0), rtol=2e-3)
    assert (halos["R500c"] < halos["R200c"]).all()


def test_profiles_of_another_run_are_refused(tmp_path, files):
    made = files.made()
    columns = {name: v for name, v in files.ahf_columns(made).items() if "500" not in name}
    columns["nbins"] = np.full(6, 29)
    files.write_ahf(tmp_path / NAME, columns)
    files.write_ahf(tmp_path / NAME.replace("halos", "profiles"), _nfw_profiles(files, made, 4.0))
    with pytest.raises(HaloCatalogueError, match=r"AHF_profiles.*'nbins'.*174 rows.*180"):
        read_halos(tmp_path / NAME, snapshot=files.snapshot())


def _write(files, folder, columns, name=NAME):
    files.write_ahf(folder / name, columns)
    return folder / name


def test_h_must_be_told(tmp_path, files):
    path = _write(files, tmp_path, files.ahf_columns(files.made()))
    with pytest.raises(HaloCatalogueError, match=r"HubbleParam.*give the snapshot"):
        read_halos(path)


def test_without_m500_the_error_names_the_columns(tmp_path, files):
    columns = {name: v for name, v in files.ahf_columns(files.made()).items() if "500" not in name}
    path = _write(files, tmp_path, columns)
    with pytest.raises(HaloCatalogueError, match=r"'M500'.*add M500 \[Msun/h\] and R500"):
        read_halos(path, snapshot=files.snapshot())


def test_missing_position_column(tmp_path, files):
    path = _write(files, tmp_path, _renamed(files.ahf_columns(files.made()), Yc="Y"))
    with pytest.raises(HaloCatalogueError, match=r"'Yc'.*no column"):
        read_halos(path, snapshot=files.snapshot())


def test_truncated_row(tmp_path, files):
    path = _write(files, tmp_path, files.ahf_columns(files.made()))
    path.write_text(path.read_text()[:-60])
    with pytest.raises(HaloCatalogueError, match=r"rows.*truncated"):
        read_halos(path, snapshot=files.snapshot())


def test_file_of_another_redshift(tmp_path, files):
    path = _write(files, tmp_path, files.ahf_columns(files.made()), NAME.replace("0.250", "0.333"))
    with pytest.raises(HaloCatalogueError, match=r"z = 0\.333, the snapshot of z = 0\.25"):
        read_halos(path, snapshot=files.snapshot())


def test_masses_off_by_h_are_refused_with_the_guess(tmp_path, files):
    columns = files.ahf_columns(files.made())
    columns["M500"] = columns["M500"] / files.HUBBLE
    path = _write(files, tmp_path, columns)
    with pytest.raises(HaloCatalogueError, match=r"R500c.*masses are without h"):
        read_halos(path, snapshot=files.snapshot())


def test_no_halo_at_all(tmp_path, files):
    columns = {name: values[:0] for name, values in files.ahf_columns(files.made()).items()}
    path = _write(files, tmp_path, columns)
    with pytest.raises(HaloCatalogueError, match="no halo"):
        read_halos(path, snapshot=files.snapshot())


def test_min_mass_above_all(tmp_path, files):
    path = _write(files, tmp_path, files.ahf_columns(files.made()))
    with pytest.raises(HaloCatalogueError, match="lower min_mass"):
        read_halos(path, snapshot=files.snapshot(), min_mass=1e17 * u.Msun)
