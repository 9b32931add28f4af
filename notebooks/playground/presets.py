"""The presets: one entry each in `PRESETS`, a line of settings under a name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """A run to begin with, and one sentence on what to look at."""

    line: str
    look: str


PRESETS = {
    "the copied recipe": Preset(
        "noise=0 points=63 window=10 hidden=50 batch=all loss=last-output steps=100",
        "Windows of 10, all of them in each step, the loss on the last output: small errors one "
        "step ahead. Look at the solid line.",
    ),
    "our recipe": Preset(
        "noise=0 points=63 window=100 hidden=32 lr=0.03 schedule=one-cycle beta2=0.95 clip=1 "
        "steps=400",
        "The recipe of lesson 05, on its wave. Compare with the copied one.",
    ),
    "an echo": Preset(
        "signal=echo points=16 noise=0 window=50 steps=1000",
        "A pulse of random height, and eight values later the same once more. Only memory can "
        "know the second.",
    ),
    "a clock that drifts": Preset(
        "signal=drifting-frequency window=50 steps=1000",
        "The period changes all the time. One step ahead the network follows; in closed loop it "
        "has to keep the time by itself.",
    ),
}
