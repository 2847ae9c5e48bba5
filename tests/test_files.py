from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from matchmaker.errors import InputError
from matchmaker.files import atomic_byte_writer, atomic_writer, hidden_suffix, scratch_folder


def write(path: Path, text: str = "new") -> None:
    with atomic_writer(path) as stream:
        stream.write(text)


def test_a_long_ascii_csv_survives_the_removal_of_its_bom(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = [f"row {number}: {'x' * 90}" for number in range(30_000)]  # more than two chunks of a megabyte
    with atomic_writer(path, bom=True) as stream:
        stream.writelines(f"{row}\n" for row in rows)
    assert path.read_text(encoding="utf-8").splitlines() == rows


def test_one_late_chinese_character_keeps_the_bom(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    with atomic_writer(path, bom=True) as stream:
        stream.write("x" * 3_000_000 + "水")
    assert path.read_text(encoding="utf-8") == "\ufeff" + "x" * 3_000_000 + "水"


def test_nothing_is_seen_before_the_end_and_the_work_stays_beside(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with atomic_writer(path) as stream:
        stream.write("new")
        stream.flush()
        assert not path.exists()
        (beside,) = tmp_path.iterdir()
        assert re.fullmatch(rf"\.out\.csv\.tmp-[0-9a-f]{{8}}-{os.getpid()}-[0-9a-f]{{8}}", beside.name)
    assert [found.name for found in tmp_path.iterdir()] == ["out.csv"]


def test_bytes_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"

    def write_half() -> None:
        with atomic_byte_writer(path) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with atomic_byte_writer(path) as stream:
        stream.write(b"ab\r\n\xff")
        stream.seek(1)
        stream.write(b"c")
        assert not path.exists()
    assert path.read_bytes() == b"ac\r\n\xff"
    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_bytes() == b"ac\r\n\xff"
    assert [found.name for found in tmp_path.iterdir()] == ["out.bin"]


def test_a_scratch_folder_is_hidden_beside_the_target_and_goes_in_any_case(tmp_path: Path) -> None:
    def fill() -> None:
        with scratch_folder(tmp_path / "out.bin") as folder:
            assert folder.parent == tmp_path
            assert folder.name.startswith(".out.bin")
            (folder / "part").write_text("x", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="make its folder first"), scratch_folder(tmp_path / "missing" / "out.bin"):
        pass


def test_an_interrupt_cleans_up(tmp_path: Path) -> None:
    def write_half() -> None:
        with atomic_writer(tmp_path / "out") as stream:
            stream.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_the_mode_is_that_of_the_umask_or_of_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    old_mask = os.umask(0o027)
    try:
        with atomic_writer(path):
            pass
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        for mode in (0o600, 0o666):
            path.chmod(mode)
            with atomic_writer(path):
                pass
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(old_mask)


def test_a_link_keeps_pointing(tmp_path: Path) -> None:
    target, link = tmp_path / "real", tmp_path / "link"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    with atomic_writer(link) as stream:
        stream.write("new")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"


def test_a_pipe_is_written_to_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    with atomic_writer(pipe) as stream:
        stream.write("through")
    reader.join(timeout=10)
    assert read == ["through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_long_name_that_fits_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("水" * 84)  # 252 of 255 bytes
    with atomic_writer(path) as stream:
        stream.write("x")
    assert path.read_text(encoding="utf-8") == "x"


@pytest.mark.parametrize(
    ("name", "finding", "remedy"),
    [
        (".", "is a folder", "give the name of a file"),
        ("missing/out.csv", "no such file or directory", "make its folder first"),
        ("file/out.csv", "not a directory", "choose a folder"),
        ("x" * 300, "file name too long", "shorter"),
    ],
)
def test_a_place_that_cannot_be_written_is_a_fault_with_a_remedy(
    tmp_path: Path, name: str, finding: str, remedy: str
) -> None:
    (tmp_path / "file").write_text("old", encoding="utf-8")
    path = tmp_path / name
    with pytest.raises(InputError) as caught:
        write(path)
    (fault,) = caught.value.faults
    assert fault.place == str(path)
    assert finding in fault.finding
    assert remedy in fault.remedy
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("protected", ["folder", "file"])
def test_no_permission_is_a_fault(tmp_path: Path, protected: str) -> None:
    path = tmp_path / "out.md"
    path.write_text("old", encoding="utf-8")
    (tmp_path if protected == "folder" else path).chmod(0o500)
    try:
        with pytest.raises(InputError, match="permission denied"):
            write(path)
        assert path.read_text(encoding="utf-8") == "old"
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_is_a_fault_and_keeps_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "out.txt"
    path.write_text("old", encoding="utf-8")

    def write_much() -> None:
        with atomic_writer(path) as stream:
            for _ in range(100):
                stream.write("x" * 10_000)

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # Python turns the signal into an OSError
    try:
        with pytest.raises(InputError, match="free some space"):
            write_much()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["out.txt"]


@pytest.mark.skipif(os.name == "nt", reason="processes of Unix")
def test_what_a_killed_process_left_goes_and_what_others_make_stays(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    here = hidden_suffix().split("-")[1]
    left, running, elsewhere, other = (
        tmp_path / f".{name}.tmp-{machine}-{process}-01234567"
        for name, machine, process in (
            ("out.csv", here, int(gone.stdout)),
            ("out.csv", here, os.getppid()),
            ("out.csv", "0" * 8, int(gone.stdout)),
            ("out.csv2", here, int(gone.stdout)),
        )
    )
    for path in (left, running, elsewhere, other):
        path.touch()
    with atomic_writer(tmp_path / "out.csv") as file:
        file.write("new")
    assert {path for path in tmp_path.iterdir() if path.name.startswith(".")} == {running, elsewhere, other}
