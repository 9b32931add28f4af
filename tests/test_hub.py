"""What the class's hub does for a student; the hub itself needs JupyterHub, and is tried by hand.

tests/tools/hub/students.py is that trial.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pwd", reason="the hub is for Linux and macOS")

from build import NOTEBOOKS
from hub import classroom

SERIES = NOTEBOOKS.parent


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """As the real one, but small."""
    folder = tmp_path / "series"
    (folder / "notebooks" / "__pycache__").mkdir(parents=True)
    for name in (*classroom.HANDED_OUT[1:], "notebooks/01_data.ipynb", "notebooks/__pycache__/x"):
        (folder / name).write_text("original")
    return folder


def test_a_copy_is_made_once_and_stays_as_the_student_left_it(series: Path, tmp_path: Path) -> None:
    copy = classroom.hand_out(series, tmp_path)
    assert sorted(path.name for path in copy.iterdir()) == sorted(classroom.HANDED_OUT)
    assert [path.name for path in (copy / "notebooks").iterdir()] == ["01_data.ipynb"]
    (copy / "notebooks" / "01_data.ipynb").write_text("a student's work")
    (copy / "LICENSE").unlink()
    assert classroom.hand_out(series, tmp_path) == copy
    assert (copy / "notebooks" / "01_data.ipynb").read_text() == "a student's work"
    assert not (copy / "LICENSE").exists()


def test_a_clean_copy_comes_after_the_old_one_was_renamed(series: Path, tmp_path: Path) -> None:
    copy = classroom.hand_out(series, tmp_path)
    (copy / "notebooks" / "01_data.ipynb").write_text("a student's work")
    copy.rename(tmp_path / "mine")
    classroom.hand_out(series, tmp_path)
    assert (copy / "notebooks" / "01_data.ipynb").read_text() == "original"
    assert (tmp_path / "mine" / "notebooks" / "01_data.ipynb").read_text() == "a student's work"


def test_a_copy_that_was_broken_off_is_made_again(series: Path, tmp_path: Path) -> None:
    unfinished = tmp_path / f".{classroom.FOLDER}-unfinished"
    unfinished.mkdir()
    (unfinished / "half.ipynb").write_text("half")
    copy = classroom.hand_out(series, tmp_path)
    assert sorted(path.name for path in copy.iterdir()) == sorted(classroom.HANDED_OUT)
    assert not unfinished.exists()


def test_another_folder_is_not_handed_out(series: Path, tmp_path: Path) -> None:
    (series / "helpers.py").unlink()
    with pytest.raises(ValueError, match=r"^series is .*; allowed: a folder with helpers\.py"):
        classroom.hand_out(series, tmp_path)


def test_what_is_handed_out_is_in_the_series() -> None:
    assert [name for name in classroom.HANDED_OUT if not (SERIES / name).exists()] == []


def test_no_student_has_the_name_of_another_account(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name is 'root'; allowed: one that no other account has"):
        classroom.account("root", tmp_path)


BEGIN = f"import sys; sys.path.insert(0, {str(SERIES / 'tests/tools/hub')!r})\n"
BEGIN += "from classroom import limit\nlimit({memory}, {seconds})\n"


def run_limited(code: str, memory: int = 2**30, seconds: int = 60) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", BEGIN.format(memory=memory, seconds=seconds) + code]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="limits on memory act on Linux only")
def test_a_process_that_asks_for_too_much_memory_gets_an_error() -> None:
    assert run_limited("held = bytearray(100 * 2**20)").returncode == 0
    run = run_limited("held = bytearray(2**30)")
    assert run.stderr.splitlines()[-1] == "MemoryError"


def test_a_process_that_computes_without_end_is_ended() -> None:
    assert run_limited("while True: pass", seconds=1).returncode < 0


def test_limits_hold_for_what_a_process_starts() -> None:
    code = "import subprocess; subprocess.run([sys.executable, '-c', 'held = bytearray(2**30)'])"
    assert "MemoryError" in run_limited(code).stderr
    nice = run_limited("import os; print(os.nice(0))").stdout
    assert int(nice) == min(os.nice(0) + 5, 19)
