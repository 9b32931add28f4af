"""What happens around a lesson: cells out of order or interrupted, and machines of many kinds.

A lesson runs as ``build.py --check`` runs it: in a fresh kernel, its texts compared with those that
are stored. Where bwrap works (the package bubblewrap, on Linux) it shows that run a machine that
may not be written to, or has no network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from build import NOTEBOOKS, code_cells, read
from kernel import PATH, Kernel

pytestmark = pytest.mark.slow
ROOT = NOTEBOOKS.parent
LESSON = NOTEBOOKS / "01_data.ipynb"  # its numbers are the same on any processor


def checked(root: Path, before: list[str] = (), **environment: str) -> str:
    """What the build says of lesson 01 in this folder; "unchanged" if all is as it should be."""
    command = [*before, sys.executable, str(root / "tests/tools/build.py"), "--check"]
    command.append(str(root / "notebooks" / LESSON.name))
    env = {**os.environ, **environment}
    run = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.strip().rpartition(": ")[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The series under a path with blanks, letters of three scripts and signs that shells read."""
    folder = tmp_path / "a clone & (copy), ä Ж 数据 'x'"
    for name in ("helpers.py", "README.md"):
        folder.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder)
    for name in ("notebooks", "tests"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def test_in_an_odd_place(clone: Path) -> None:
    """Where one writes 0,5, and it is half an hour past the hour; in a narrow terminal."""
    place = {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "Asia/Kolkata", "COLUMNS": "40"}
    assert checked(clone, **place) == "unchanged"


def test_without_a_locale() -> None:
    assert checked(ROOT, LC_ALL="C", PYTHONUTF8="0") == "unchanged"


def test_read_only_and_without_a_network() -> None:
    """Series and home as of a reader who may write nowhere but into /tmp."""
    wall = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    wall.append("--unshare-net")
    works = shutil.which("bwrap") and not subprocess.run([*wall, "true"]).returncode
    if not works or ROOT.is_relative_to("/tmp"):
        pytest.skip("bwrap does not work here, or the series lies in /tmp")
    writable = {"JUPYTER_RUNTIME_DIR": "/tmp/runtime", "MPLCONFIGDIR": "/tmp/fonts"}
    assert checked(ROOT, wall, **writable) == "unchanged"


# ==== In a kernel


@pytest.fixture
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.close()


def error_of(kernel: Kernel, source: str) -> str:
    """The error that a cell ends with; "" if it runs."""
    try:
        kernel.run(source)
    except AssertionError as error:
        return re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return ""


def test_the_second_half_first_says_what_to_do(kernel: Kernel) -> None:
    """The error is shown as ever, with a hint; other errors are not explained away."""
    cells = [cell.source for cell in code_cells(read(LESSON))]
    kernel.run("\n".join(cells[:2]))  # set-up and imports, as whoever goes on after a restart
    error = error_of(kernel, "print(series_of_which_a_cell_above_tells)")
    assert "NameError: name 'series_of_which_a_cell_above_tells' is not defined" in error
    assert error.endswith("choose Run > Run All Above Selected Cell.")
    assert "Run All Above" not in error_of(kernel, "1 / 0")
    half = len(cells) // 2
    said = [error_of(kernel, source) for source in cells[half:]]
    named = [each for each in said if "NameError" in each]
    assert named and all("Run All Above" in each for each in named)


def test_cells_twice_give_the_same(kernel: Kernel) -> None:
    sources = [cell.source for cell in code_cells(read(LESSON))]
    first, second = ([kernel.run(source) for source in sources] for _ in range(2))
    assert first == second


def test_a_training_is_interrupted_and_the_cell_run_again(kernel: Kernel) -> None:
    kernel.run(PATH + "import torch\nfrom helpers import *\ntorch.set_num_threads(1)")
    kernel.run("model, wave = Forecaster(), make_wave(400, 50)")
    before = kernel.run("print(sum(float(p.detach().sum()) for p in model.parameters()))")
    timer = threading.Timer(3, kernel.manager.interrupt_kernel)
    timer.start()
    error = error_of(kernel, "fit(model, wave, window=25, steps=100_000)")
    timer.join()
    assert "KeyboardInterrupt" in error
    after = kernel.run("print(sum(float(p.detach().sum()) for p in model.parameters()))")
    assert before != after  # it had trained
    kernel.run("fit(model, wave, window=25, steps=20)")
    assert kernel.run("print(bool(torch.isfinite(model(torch.zeros(1, 25, 1))).all()))") == "True"
