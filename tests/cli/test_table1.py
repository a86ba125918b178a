"""``szfast table1`` on the published catalogue, and its refusals."""

from __future__ import annotations

from astropy.table import QTable

FILE = "deepplanck/DeepPlanck.csv"


def test_json_is_a_list_of_rows(szfast, real_data, as_json):
    result = szfast("table1", real_data(FILE), "--json")
    assert result.code == 0, result.err
    rows = as_json(result.out)
    assert len(rows) == 6
    assert {"z_min", "z_max", "log10_m_min", "mean", "std", "n"} <= set(rows[0])
    assert rows[1]["log10_m_min"] is None
    assert (round(rows[5]["mean"], 3), rows[5]["log10_m_min"], rows[5]["n"]) == (0.142, 14.7, 696)


def test_table_and_files(szfast, real_data, tmp_path):
    for name in ("t.ecsv", "t.tex", "t.txt"):
        result = szfast("table1", real_data(FILE), "-o", tmp_path / name)
        assert result.code == 0, result.err
    assert "0.149 ± 0.141 (245)" in result.out
    assert list(QTable.read(tmp_path / "t.ecsv")["n"]) == [228, 245, 443, 178, 1094, 696]
    assert r"\pm" in (tmp_path / "t.tex").read_text()
    assert "0.127 ± 0.133 (443)" in (tmp_path / "t.txt").read_text()


def test_refusals(one_error, szfast, real_data, tmp_path):
    assert "--reference" in one_error("table1", real_data("weak_lensing/clash_umetsu2016.csv"))
    assert "run.json" in one_error("table1", tmp_path)
    assert szfast("table1", real_data(FILE), "-o", tmp_path / "t.pdf").code == 2
