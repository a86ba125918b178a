"""Damaged inputs over every reader, mutated files, and the same damaged snapshots through yt and pynbody.

Writes reliability/bad_input.json. The inputs are those of tests/damage.

Rules. Each input is read in a process of its own, whose modules are loaded before. szfast has to give the right
numbers, or one error of its own that names file, field and remedy, within 2 s of its own time and twice the file's size
in memory (and 24 MiB). In the comparison less is asked of the other codes, and each is compared with its own reading of
the undamaged file, so that its conventions and units are no fault:

- snapshots of those formats alone are taken that all three codes read undamaged;
- each does what its user would do: load all gas, ask for positions, masses, internal energies and smoothing lengths in
  physical units; the numbers compared are the count, the box, sums and means of these;
- right: those numbers are those of its undamaged file, to 1e-5;
- clear error: of szfast, one that names file, field and remedy; of the others, any exception whose text names the file,
  or an array or attribute of it;
- unclear error: any other exception;
- crash or hang: the process dies, or takes over 10 s of its own time; memory is not counted;
- wrong: other numbers than those of its undamaged file, NaN among them, and no error.

Where a damage leaves a question open (no electron fraction), the case is left out of the comparison.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from damage import mutated, snapshot_cases  # noqa: E402
from damage.every_case import KINDS, cases_of  # noqa: E402
from damage.judge import Case, Verdict, judge  # noqa: E402
from results import machine  # noqa: E402

RESULT = ROOT / "benchmarks" / "reliability" / "bad_input.json"
STAGES = ("damaged", "mutations", "peers")
OUTCOMES = ("right", "clear error", "unclear error", "crash or hang", "wrong")
FIELDS = ("POS", "MASS", "HSML", "NE", "HEAD", "Header", "PartType0", "HubbleParam", "BoxSize", "NumPart", "header")
FIELDS += ("Coordinates", "Masses", "InternalEnergy", "SmoothingLength", "ElectronAbundance", "npart", "boxsize")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--mutations", type=int, default=10_000, help="mutated files")
    parser.add_argument("--output", type=Path, default=RESULT, help="a stage that is not run keeps what stands there")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    result: dict[str, Any] = json.loads(given.output.read_text()) if given.output.is_file() else {}
    given.output.parent.mkdir(parents=True, exist_ok=True)
    failures = 0
    for stage in given.stages:
        if stage == "damaged":
            result |= _damaged()
            failures += result["totals"]["failures"]
        elif stage == "mutations":
            result["mutations"] = _mutations(given.mutations)
            failures += result["mutations"]["failures"]
        else:
            result["peers"] = _peers()
        result["machine"] = machine()
        given.output.write_text(json.dumps(result, indent=1) + "\n")
    sys.exit(1 if failures else 0)


def _judged(cases: list[Case], folder: Path, **limits: float) -> Iterator[tuple[Case, Verdict]]:
    for number, case in enumerate(cases):
        place = folder / str(number)
        place.mkdir()
        yield case, judge(case, place, **limits)
        shutil.rmtree(place)


def _damaged() -> dict[str, Any]:
    rows, clock = [], _Clock()
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            for case, verdict in _judged(cases_of(kind, Path(folder)), Path(folder)):
                # no path of this machine in the results
                message = verdict.detail.replace(folder, "...")[:400]
                error = message if verdict.outcome in ("refused", "unclear error") else ""
                row = {"reader": case.reader, "case": case.damage, "outcome": verdict.outcome, "error": error}
                rows.append(row | {"message": message, "seconds": round(verdict.seconds, 3)})
    readers = Counter(row["reader"] for row in rows)
    failed = [row for row in rows if row["outcome"] not in ("right", "refused")]
    print(f"\n{'reader':22} cases  refused  right  failed")
    for reader, count in readers.items():
        found = Counter(row["outcome"] for row in rows if row["reader"] == reader)
        good = found["refused"] + found["right"]
        print(f"{reader:22} {count:5}  {found['refused']:7}  {found['right']:5}  {count - good:6}")
    for row in failed:
        print(f"failed: {row['reader']}: {row['case']}: {row['outcome']}: {row['message']}")
    outcomes = dict(Counter(row["outcome"] for row in rows))
    totals = {"cases": len(rows), "failures": len(failed), "outcomes": outcomes, "readers": dict(readers)}
    totals |= clock.read()
    print(f"{len(rows)} cases, {len(failed)} failures, {totals['cpu_seconds']:.0f} s of CPU")
    return {"cases": rows, "totals": totals}


class _Clock:
    """Time of this process and of its children since it was made."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.monotonic(), self._cpu()

    @staticmethod
    def _cpu() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in used)

    def read(self) -> dict[str, float]:
        return {"seconds": round(time.monotonic() - self.wall, 1), "cpu_seconds": round(self._cpu() - self.cpu, 1)}


def _mutations(wanted: int) -> dict[str, Any]:
    clock, faults, batch = _Clock(), [], 250
    targets = {target.name: wanted * target.share // 100 for target in mutated.TARGETS if target.here}
    with tempfile.TemporaryDirectory() as folder:
        for target in (each for each in mutated.TARGETS if each.here):
            good = Path(folder, target.name)
            good.mkdir()
            valid = target.valid(good)
            for first in range(0, targets[target.name], batch):
                place = Path(folder, f"{target.name}_{first}")
                place.mkdir()
                fault = mutated.fault_of(target, valid, first, min(batch, targets[target.name] - first), place)
                faults += [] if fault is None else [fault]
                shutil.rmtree(place)
    found = {
        "cases": sum(targets.values()),
        "failures": len(faults),
        "faults": faults,
        "targets": targets,
        **clock.read(),
    }
    print(
        f"{found['cases']} mutated files, {len(faults)} failures, {found['cpu_seconds']:.0f} s of CPU",
        *faults,
        sep="\n",
    )
    return found


def _peers() -> dict[str, Any]:
    readers: dict[str, Callable[[Path], np.ndarray]] = {"szfast": _szfast, "yt": _yt, "pynbody": _pynbody}
    for name in ("yt", "pynbody"):
        if importlib.util.find_spec(name) is None:
            sys.exit(f"{name} is not installed: pip install {name}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rights = {name: _undamaged(read, place) for name, read in readers.items()}
        formats = [name for name in snapshot_cases.WRITERS if all(name in right for right in rights.values())]
        (place / "cases").mkdir()
        everything = snapshot_cases.cases(place / "cases")
        cases = [each for each in everything if each.reader in formats and "electron" not in each.damage]
        rows = []
        for name, read in readers.items():
            asked = [replace(case, read=read, right=rights[name][case.reader]) for case in cases]
            into = place / name
            into.mkdir()
            for case, verdict in _judged(asked, into, spare_bytes=16 << 30, seconds_allowed=10.0):
                outcome = _outcome(name, verdict)
                message = verdict.detail.replace(folder, "...")[:300]
                rows.append(
                    {"code": name, "reader": case.reader, "case": case.damage, "outcome": outcome, "message": message}
                )
    counts = {name: Counter(row["outcome"] for row in rows if row["code"] == name) for name in readers}
    print(f"\n{len(cases)} damaged snapshots of {', '.join(formats)}")
    print(f"{'':8}" + "".join(f"{outcome:>16}" for outcome in OUTCOMES))
    for name, found in counts.items():
        print(f"{name:8}" + "".join(f"{found[outcome]:16}" for outcome in OUTCOMES))
    versions = {name: importlib.import_module(name).__version__ for name in readers}
    totals = {name: {outcome: found[outcome] for outcome in OUTCOMES} for name, found in counts.items()}
    return {"cases": len(cases), "formats": formats, "versions": versions, "totals": totals, "rows": rows}


def _undamaged(read: Callable[[Path], np.ndarray], folder: Path) -> dict[str, np.ndarray]:
    found = {}
    for name, write in snapshot_cases.WRITERS.items():
        place = Path(tempfile.mkdtemp(dir=folder))
        try:
            found[name] = read(write(place, snapshot_cases.good()))
        except Exception as error:
            print(f"{read.__name__[1:]} reads no undamaged {name}: {type(error).__name__}: {str(error)[:90]}")
    return found


def _outcome(code: str, verdict: Verdict) -> str:
    if verdict.outcome in ("right", "wrong"):
        return verdict.outcome
    if verdict.outcome == "refused":
        return "clear error"
    if verdict.outcome != "unclear error":
        return "crash or hang"
    named = "snap_007" in verdict.detail or any(field in verdict.detail for field in FIELDS)
    return "clear error" if named and code != "szfast" else "unclear error"


def _numbers(position: Any, mass: Any, energy: Any, h: Any, box: float) -> np.ndarray:
    position, mass, energy, h = (np.asarray(each, dtype=np.float64) for each in (position, mass, energy, h))
    thermal = mass * energy
    where = [*position.mean(axis=0), *position.std(axis=0), *(thermal @ position / thermal.sum())]
    return np.array([len(mass), mass.sum(), thermal.sum(), *where, h.mean(), box])


def _szfast(path: Path) -> np.ndarray:
    from szfast.snapshots import open_snapshot

    snapshot = open_snapshot(path)
    gas = snapshot.gas()
    numbers = (gas.offset_kpc, gas.mass_msun, gas.internal_energy_km2_s2, gas.smoothing_length_kpc)
    return _numbers(*numbers, snapshot.header.box_size_kpc or 0.0)


def _first_file(path: Path) -> Path:
    # a common stem means nothing to the others
    return path if path.exists() else next(iter(sorted(path.parent.glob(f"{path.name}*"))), path)


def _yt(path: Path) -> np.ndarray:
    import yt

    yt.set_log_level(50)
    snapshot = yt.load(str(_first_file(path)))
    data = snapshot.all_data()
    kind = "Gas" if ("Gas", "Coordinates") in snapshot.field_list else "PartType0"
    energy = data[kind, "InternalEnergy"].to("km**2/s**2")
    position, mass = data[kind, "particle_position"].to("kpc"), data[kind, "particle_mass"].to("Msun")
    h = data[kind, "SmoothingLength"].to("kpc")
    return _numbers(position, mass, energy, h, float(snapshot.domain_width[0].to("kpc")))


def _pynbody(path: Path) -> np.ndarray:
    import pynbody

    snapshot = pynbody.load(str(_first_file(path)))
    snapshot.physical_units()
    gas = snapshot.gas
    units = {"pos": "kpc", "mass": "Msol", "u": "km**2 s**-2", "smooth": "kpc"}
    position, mass, energy, h = (gas[name].in_units(unit) for name, unit in units.items())
    box = snapshot.properties["boxsize"].in_units("kpc", a=snapshot.properties["a"], h=snapshot.properties["h"])
    return _numbers(position, mass, energy, h, float(box))


if __name__ == "__main__":
    main()
