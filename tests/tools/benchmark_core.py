"""What benchmark.py times in this tree and in another: `python benchmark_core.py ROOT`, as JSON.

Needs of a tree only what it has had since the first playground: helpers.py and notebooks/.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(sys.argv[1]).resolve()
sys.path[:0] = [str(ROOT), str(ROOT / "notebooks")]
begun = time.process_time()
import helpers  # noqa: E402
import playground  # noqa: E402

IMPORTING = time.process_time() - begun
import numpy as np  # noqa: E402
import torch  # noqa: E402


def seconds(function: Callable[[], object]) -> float:
    """Of processor time."""
    start = time.process_time()
    function()
    return time.process_time() - start


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    wave = np.sin(np.linspace(0, 100, 1000, dtype=np.float32))[:, None]
    model = helpers.Forecaster()
    helpers.fit(model, wave, steps=10)  # the first use of PyTorch costs more
    run = playground.Run({"hidden": 16, "steps": 300})
    live = playground.Playground(config="hidden=16 steps=300")
    live.run(20)
    measured = {
        "importing": IMPORTING,
        "fit, 100 steps": seconds(lambda: helpers.fit(model, wave, steps=100)),
        "closed loop, 500 steps": seconds(
            lambda: helpers.closed_loop(model, wave[None, :100], 500)
        ),
        "AR(32), fitted 20 times": seconds(lambda: [helpers.fit_ar(wave, 32) for _ in range(20)]),
        "playground, 300 steps": seconds(run.run),
        "playground, 10 pictures": seconds(lambda: [live.run(1) for _ in range(10)]),
    }
    assert Path(helpers.__file__).is_relative_to(ROOT), helpers.__file__
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
