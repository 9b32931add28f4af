"""The benchmark measures what it says; how fast that is, no test asserts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

import benchmark
from helpers import Forecaster


@pytest.mark.slow
def test_the_hand_written_lstm_of_lesson_02_is_found_and_trains() -> None:
    with benchmark.float64():
        library, by_hand = Forecaster(hidden_size=4), Forecaster(hidden_size=4)
        by_hand.rnn = benchmark.hand_written()(1, 4)
        by_hand.load_state_dict(library.state_dict())
        assert benchmark.seconds_per_step(by_hand, steps=3) > 0
        benchmark.seconds_per_step(library, steps=3)
        x = torch.zeros(1, 5, 1)
        assert torch.allclose(by_hand(x), library(x))  # after the same three steps


def test_no_two_notebooks_are_measured_under_one_name() -> None:
    names = [path.stem for path in benchmark.lessons()]
    assert len(names) > 20 and len(names) == len(set(names))


@pytest.mark.slow
def test_the_core_runs_in_a_tree_that_is_named() -> None:
    command = [sys.executable, str(benchmark.CORE), str(benchmark.TESTS.parent)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    measured = json.loads(ended.stdout)
    assert measured.keys() >= {"fit, 100 steps", "playground, 300 steps"}
    assert all(seconds > 0 for seconds in measured.values())
