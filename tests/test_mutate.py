"""The table of deliberate faults has not rotted; mutate.py tells those that a test sees."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter

import pytest

from mutate import FAULTS, ROOT, Fault, faults_in, paths_of, spoilt

TABLE = """== a.py [b]

two words
- x = 1
-     y = 2
+ x = 2

gone [slow c::test_d
  e]
- z
"""


def test_a_table_is_read() -> None:
    assert faults_in(TABLE) == [
        Fault("a.py", "two words", "x = 1\n    y = 2", "x = 2", "b", False),
        Fault("a.py", "gone", "z", "", "c::test_d e", True),
    ]
    assert paths_of("c::test_d e") == ["tests/test_c.py::test_d", "tests/test_e.py"]


def test_each_fault_has_one_place_and_leaves_python() -> None:
    assert len(FAULTS) >= 60
    for fault in FAULTS:
        ast.parse(spoilt(fault))  # which refuses a piece that is not there once
        assert fault.new != fault.old
    names = Counter((fault.file, fault.words) for fault in FAULTS)
    assert names.most_common(1)[0][1] == 1


def test_a_piece_that_is_not_there_once_is_refused() -> None:
    for old, times in (("no such piece", 0), ("import", r"\d+")):
        with pytest.raises(ValueError, match=rf"helpers.py: '{old}' is there {times} times"):
            spoilt(Fault("helpers.py", "", old, "", "helpers", False))


def test_the_tests_of_each_fault_are_there() -> None:
    for fault in FAULTS:
        assert fault.tests
        for path in paths_of(fault.tests):
            file, _, test = path.partition("::")
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8") if test else True
            assert (ROOT / file).is_file()


SPREAD = "test_spread_marks_its_numbers"
TRY = """import sys; sys.path.insert(0, {tools!r})
import mutate
mutate.FAULTS = mutate.faults_in('''== notebooks/experiments.py [helpers::{test}]

the mean for the median
- middle, low, high = np.median(values)
+ middle, low, high = np.mean(values) + 1

another sentence
- Median and range of a run's results
+ Range and median of a run's results
''')
sys.exit(mutate.main([]))"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it forks a process that has loaded PyTorch")
def test_a_fault_that_no_test_sees_is_told() -> None:
    command = [sys.executable, "-c", TRY.format(tools=str(ROOT / "tests/tools"), test=SPREAD)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1, run.stderr
    said = [line.strip() for line in run.stdout.splitlines()]
    assert said[2] == f"helpers.py::{SPREAD}"
    assert said[4] == "SURVIVED"
    assert "1 of 2 caught" in run.stdout
    assert "np.median(values)" in (ROOT / "notebooks/experiments.py").read_text("utf-8")
