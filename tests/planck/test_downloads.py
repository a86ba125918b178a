"""Fetching, from a server on this machine that counts, breaks off and goes on."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from szfast.errors import ArgumentError, DownloadError
from szfast.planck import downloads, fetch
from szfast.planck.downloads import SETS, Remote

pytest.importorskip("pooch", reason="needs szfast[planck]")

CONTENT = np.random.default_rng(1).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    """Serves ``files``; ``break_after`` bytes of a body the connection is cut, once for each entry."""
    state = SimpleNamespace(files={}, break_after=[], ranges=[], resumes=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = state.files.get(self.path.lstrip("/"))
            if body is None:
                self.send_error(404)
                return
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.resumes else 0
            if begin >= len(body):
                self.send_error(416)
                return
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(body) - begin))
            self.end_headers()
            part = body[begin:]
            if state.break_after:
                part = part[: state.break_after.pop(0)]
                self.close_connection = True
            self.wfile.write(part)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}"
        yield state
        http.shutdown()
        thread.join()


@pytest.fixture
def one_file(monkeypatch):
    """A set with one file, plain or packed."""

    def make(published="data.bin", sha256=SHA256, name="data.bin"):
        monkeypatch.setitem(SETS, "test", (Remote(name, f"https://example.invalid/{published}", sha256),))

    return make


def packed_as_tgz(names):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in names.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def test_plain_file_and_a_second_time(server, one_file, tmp_path):
    one_file()
    server.files["data.bin"] = CONTENT
    for _ in range(2):
        (path,) = fetch("test", tmp_path / "new", mirror=server.url)
        assert path.read_bytes() == CONTENT
    assert server.ranges == [None]
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["data.bin"]


@pytest.mark.parametrize("resumes", [True, False])
def test_broken_transfer_goes_on(server, one_file, tmp_path, resumes):
    one_file()
    server.files["data.bin"], server.break_after, server.resumes = CONTENT, [100_000], resumes
    with pytest.raises(DownloadError, match=r"put data\.bin into"):
        fetch("test", tmp_path, mirror=server.url)
    have = (tmp_path / "data.bin.part").read_bytes()
    # what was under way when it broke off, a block of 32 kB, is lost
    assert have == CONTENT[: len(have)]
    assert len(have) > 60_000
    assert not (tmp_path / "data.bin").exists()
    (path,) = fetch("test", tmp_path, mirror=server.url)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={len(have)}-"]


def test_complete_part_is_taken(server, one_file, tmp_path):
    one_file()
    server.files["data.bin"] = CONTENT
    (tmp_path / "data.bin.part").write_bytes(CONTENT)
    (path,) = fetch("test", tmp_path, mirror=server.url)
    assert path.read_bytes() == CONTENT


def test_wrong_content_is_refused(server, one_file, tmp_path):
    one_file()
    server.files["data.bin"] = CONTENT[:-1] + b"x"
    with pytest.raises(DownloadError, match="hash"):
        fetch("test", tmp_path, mirror=server.url)
    assert list(tmp_path.iterdir()) == []


def test_gzipped_file(server, one_file, tmp_path):
    one_file("data.bin.gz")
    server.files["data.bin.gz"] = gzip.compress(CONTENT)
    (path,) = fetch("test", tmp_path, mirror=server.url)
    assert path.read_bytes() == CONTENT
    assert [each.name for each in tmp_path.iterdir()] == ["data.bin"]


@pytest.mark.parametrize("content", [gzip.compress(CONTENT)[:-100], gzip.compress(b"other"), b"not gzip"])
def test_damaged_or_wrong_archive(server, one_file, tmp_path, content):
    one_file("data.bin.gz")
    server.files["data.bin.gz"] = content
    with pytest.raises(DownloadError):
        fetch("test", tmp_path, mirror=server.url)
    assert list(tmp_path.iterdir()) == []


def test_one_archive_for_two_maps(server, tmp_path, monkeypatch):
    remotes = [Remote(name, "https://example.invalid/maps.fits.tgz", None) for name in ("a.fits", "b.fits")]
    monkeypatch.setitem(SETS, "test", tuple(remotes))
    # a name that climbs out of the folder is nothing but a name
    server.files["maps.fits.tgz"] = packed_as_tgz({"../../a.fits": CONTENT, "x/y/b.fits": b"two", "c.fits": b"3"})
    found = fetch("test", tmp_path / "in" / "here", mirror=server.url)
    assert [path.read_bytes() for path in found] == [CONTENT, b"two"]
    assert len(server.ranges) == 1
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.fits", "b.fits"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "nowhere", "data.bin"])
def test_members_that_are_no_files_are_left_alone(server, one_file, tmp_path, kind, target):
    one_file("maps.tgz", sha256=None)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo("data.bin")
        member.type, member.linkname = kind, target
        archive.addfile(member)
    server.files["maps.tgz"] = stream.getvalue()
    with pytest.raises(DownloadError, match="holds no data"):
        fetch("test", tmp_path, mirror=server.url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("packed", ["data.bin.gz", "maps.tgz"])
def test_a_bomb_is_not_unpacked(server, one_file, tmp_path, packed):
    one_file(packed, sha256=None)
    zeros = bytes(30_000_000)
    server.files[packed] = gzip.compress(zeros) if packed.endswith(".gz") else packed_as_tgz({"data.bin": zeros})
    with pytest.raises(DownloadError, match="more than 20 times its size"):
        fetch("test", tmp_path, mirror=server.url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("published", ["data.bin", "data.bin.gz"])
def test_a_full_disk_leaves_what_can_go_on(server, one_file, small_disk, published):
    one_file(published)
    server.files[published] = CONTENT if published == "data.bin" else gzip.compress(CONTENT)
    disk = small_disk(200)
    # too little for the transfer, then for the archive with what is in it
    for kilobytes in (200, 400):
        disk.resize(kilobytes)
        try:
            (path,) = fetch("test", disk.path, mirror=server.url)
        except DownloadError as error:
            assert "No space left" in error.problem
            assert error.remedy
            assert {each.name for each in disk.path.iterdir()} <= {f"{published}.part"}
    disk.resize(2000)
    (path,) = fetch("test", disk.path, mirror=server.url)
    assert path.read_bytes() == CONTENT
    assert [each.name for each in disk.path.iterdir()] == ["data.bin"]


def test_archive_without_the_file(server, one_file, tmp_path):
    one_file("maps.tgz", sha256=None)
    server.files["maps.tgz"] = packed_as_tgz({"other": b"1"})
    with pytest.raises(DownloadError, match="holds no data"):
        fetch("test", tmp_path, mirror=server.url)


def test_a_file_of_the_user_is_not_overwritten(server, one_file, tmp_path):
    one_file()
    (tmp_path / "data.bin").write_bytes(b"mine")
    with pytest.raises(DownloadError, match="move it away"):
        fetch("test", tmp_path, mirror=server.url)
    assert (tmp_path / "data.bin").read_bytes() == b"mine"


def test_nobody_there(one_file, tmp_path, capfd):
    one_file()
    with pytest.raises(DownloadError) as caught:
        fetch("test", tmp_path, mirror="http://127.0.0.1:9")
    # the address as it is, which a path would spell with one slash; and no more lines than these
    assert "from http://127.0.0.1:9/data.bin (127.0.0.1:9 cannot be reached)" in str(caught.value)
    assert f"put data.bin into {tmp_path}, or give a mirror" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    with pytest.raises(DownloadError, match=r"put milca_ymaps\.fits and nilc_ymaps\.fits into"):
        fetch("ymap", tmp_path, mirror="http://127.0.0.1:9")
    with pytest.raises(ArgumentError, match="psz2, ymap, deepplanck"):
        fetch("moon", tmp_path)


@pytest.mark.parametrize(("what", "folder"), [("psz2", "planck"), ("deepplanck", "deepplanck")])
def test_checksums_are_those_of_the_real_files(real_data, what, folder):
    found = [path for path in fetch(what, real_data(folder))]
    assert all(path.is_file() for path in found)
    assert downloads._sha256(found[0]) == SETS[what][0].sha256
