"""The challenges: one entry each in `CHALLENGES`, in the order in which they are numbered.

A challenge carries the lines that solve it and lines that nearly do; the tests train both. What
its explanation says in figures is either arithmetic, or measured by a test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .presets import PRESETS
from .run import Record, Run
from .settings import CONTROLS, DEFAULTS, Settings, from_text, to_text

OF_SIGNAL = {"signal", "noise", "points"}
Goal = Callable[[Record, Sequence[Record], Settings], bool]


@dataclass(frozen=True)
class Challenge:
    """A question to answer before running, a start, a goal that code checks, and what follows.

    `reached(record, earlier, start)` sees the run that has just ended, the runs since the
    challenge began with the latest last, and the challenge's own start. `solution` and
    `near_miss` are lines of settings, to be run one after the other. `controls` names those that
    the question is about.
    """

    title: str
    question: str
    start: Settings
    reached: Goal
    goal: str
    hint: str
    explanation: str
    solution: tuple[str, ...]
    near_miss: tuple[str, ...]
    controls: tuple[str, ...]

    def solved_by(self, *lines: str) -> bool:
        """Train the runs of these lines, one after the other: does the last reach the goal?"""
        records: list[Record] = []
        for number, line in enumerate(lines, 1):
            records.append(Run(*from_text(line)).run().record(number))
        return bool(records) and self.judge(records[-1], records[:-1])

    def judge(self, record: Record, earlier: Sequence[Record]) -> bool:
        return bool(self.reached(record, earlier, self.start))


def _changed(record: Record, start: Settings) -> list[str]:
    """The settings in which a run differs from a challenge's start, live changes included."""
    return [
        name
        for name in CONTROLS
        if record.settings[name] != start[name] or record.start[name] != start[name]
    ]


def _ratio(record: Record, rival: str) -> float:
    """The validation loss over a rival's; infinite where there is no such rival."""
    score = record.scores.get(rival)
    return record.scores["validation"] / score if score else math.inf


def _near(rival: str, factor: float, also: Callable[[Record], bool] = lambda record: True) -> Goal:
    """On the start's own signal: validation below `factor` times a rival's, and one thing more."""

    def reached(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
        same = not OF_SIGNAL & {*_changed(record, start)}
        return same and _ratio(record, rival) < factor and also(record)

    return reached


def _one_control(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
    return len(_changed(record, start)) == 1 and _ratio(record, "persistence") < 0.5


def _rate_alone(record: Record, start: Settings) -> bool:
    """Whether nothing but the learning rate was changed, and that while it trained."""
    return record.start == start and {name for _, name, _ in record.changes} == {"lr"}


def _raised_live(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
    return _rate_alone(record, start) and _ratio(record, "persistence") < 0.5


def _conducted(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
    twice = len(record.changes) >= 2
    return _rate_alone(record, start) and twice and record.scores["validation"] < 0.002**2


def _calm_end(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
    changed = {*_changed(record, start)} - {"schedule"}
    as_asked = record.start["schedule"] == "one-cycle" and len(changed) <= 1
    return as_asked and not changed & OF_SIGNAL and record.scores["loop"] < 0.01**2


def _hears(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
    s = record.settings
    echo = (s["signal"], s["noise"]) == ("echo", 0) and s["points"] >= 16
    return echo and s["hidden"] == start["hidden"] and _ratio(record, "AR") < 1.4


def _three_changes(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
    changed = {*_changed(record, start)}
    return len(changed) <= 3 and not changed & OF_SIGNAL and record.scores["loop"] < 0.05


def _blind_in_closed_loop(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
    return _ratio(record, "persistence") < 0.05 and record.scores["loop"] > 0.2


def _both_cells(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
    """An RNN that failed and an LSTM that did not, all else as at the start of the challenge."""
    ratios = {"RNN": 0.0, "LSTM": math.inf}
    for each in (*earlier, record):
        if each.settings == {**start, "cell": each.settings["cell"]}:
            ratios[each.settings["cell"]] = _ratio(each, "persistence")
    return ratios["RNN"] > 0.12 and ratios["LSTM"] < 0.06


def _made_to_forget(record: Record, earlier: Sequence[Record], start: Settings) -> bool:
    return _changed(record, start) == ["bias"] and _ratio(record, "persistence") > 0.12


REACHED = 1.1  # times the noise floor; what is above it is called more than noise


def standing(record: Record) -> str:
    """How far a run has come: in the wave's units, and in the terms of the goals."""
    if record.diverged:
        return f"This run diverged at step {record.steps}."
    scores = record.scores
    rivals = {name: s for name, s in scores.items() if name not in ("validation", "loop") and s}
    ratios = [f"{_ratio(record, name):.3g} times {name}" for name, s in rivals.items() if s > 1e-5]
    rmse, loop = math.sqrt(scores["validation"]), math.sqrt(scores["loop"])
    text = f"Validation RMSE {rmse:.3g} (MSE {scores['validation']:.3g}: {', '.join(ratios)}); "
    text += f"closed loop RMSE {loop:.2g} (MSE {scores['loop']:.2g})."
    if _ratio(record, "noise floor") < REACHED:
        text += " The noise floor is reached, within a tenth: what is left is noise."
    return text


def _start(line: str) -> Settings:
    return {**DEFAULTS, **from_text(line)[0]}


def _copied(**changes) -> str:
    return to_text({**_start(PRESETS["the copied recipe"].line), **changes})


_SQUARE = "signal=square-with-a-long-gap noise=0 window=75 hidden=32 steps=1000 lr=0.003 bias=1 "
_GAP, _FORGET = _SQUARE + "points=16 seed=1 ", _SQUARE + "points=12 "
_SLOW = "signal=two-sines lr=0.0001 steps=2000 hidden=4 batch=4 "
_DOOMED = "optimizer=SGD lr=3 cell=RNN "
_TWO = "signal=two-sines steps=200 "
_QUIET = "noise=0 lr=0.03 "
_ECHO = "signal=echo noise=0 points=25 window=15 hidden=8 steps=500 "
_RESTLESS = "noise=0 lr=0.03 beta2=0.95 seed=1 "

CHALLENGES = {
    "floor": Challenge(
        "To the floor",
        "How many steps does the network need to come within 20 % of the noise floor: "
        "about 100, 300 or 1000? Guess, then press Play.",
        _start("steps=100 lr=0.001"),
        _near("noise floor", 1.2),
        "the same signal and noise, validation loss less than 1.2 times the noise floor",
        "The curve is still falling when the budget ends. Give it more steps, or larger ones.",
        "With 16 units and this seed, at a learning rate of 0.001 a hundred steps are too few and "
        "three hundred are enough; at 0.003 a hundred are. What holds for this seed need not hold "
        "for another: try seed 3. Nobody gets far below the floor, since noise cannot be forecast.",
        solution=("lr=0.001",),
        near_miss=("steps=100 lr=0.001",),
        controls=("steps", "lr"),
    ),
    "rescue": Challenge(
        "Save it with one control",
        "This run will not survive. Which single control can save it? There is more than one.",
        _start(_DOOMED),
        _one_control,
        "one control changed, no divergence, and less than half of persistence's MSE",
        "Either the steps are too long, or the gradient that sets their length is.",
        "Gradient descent steps as far as learning rate times gradient. Rates from 0.01 to 0.3 "
        "help (smaller ones survive, but get nowhere in 300 steps), and so does clipping at 0.01. "
        "Clipping at 0.1 or 1 is not enough, and Adam at 3 does not help: it sets the length "
        "itself.",
        solution=(_DOOMED + "clip=0.01",),
        near_miss=(_DOOMED + "clip=0.1",),
        controls=("optimizer", "lr", "clip"),
    ),
    "live": Challenge(
        "Live, without losing the weights",
        "The learning rate is far too low. What happens to the curve if you raise it while the "
        "network trains? Press Play, then move the slider before the budget ends.",
        _start(_SLOW),
        _raised_live,
        "this very run, with nothing changed but the learning rate, live, and below half of "
        "persistence's MSE at the end",
        "The learning rate is marked live. Press Reset, Play, and move it during the run; a lower "
        "speed gives you time.",
        "The weights stay, only the steps get longer, so the curve bends at once. The line under "
        "Share has the change and its step, and reproduces the run.",
        solution=(_SLOW + "@100 lr=0.01",),
        near_miss=(_SLOW + "@1500 lr=0.0003",),
        controls=("lr",),
    ),
    "small": Challenge(
        "As small as possible",
        "How few parameters reach the noise floor? Guess a hidden size.",
        _start("hidden=64 noise=0.2 steps=1000"),
        _near("noise floor", 1.25, lambda record: record.parameters <= 100),
        "the same signal and noise, at most 100 parameters, validation loss less than 1.25 times "
        "the noise floor",
        "Four units of an LSTM have 117 parameters with the linear layer. A GRU has three blocks "
        "where an LSTM has four, a plain RNN has one, and there are sizes below four.",
        "Two units can do it: an LSTM of two has 43 parameters, a plain RNN of two has 13. A sine "
        "is a rotation, and a rotation needs two numbers. One LSTM unit has two as well, c and h, "
        "but in our runs it did not find the way. Remember AR: 33 weights and no gradient descent.",
        solution=("hidden=2 noise=0.2 steps=1000",),
        near_miss=("hidden=4 noise=0.2 steps=1000",),
        controls=("hidden", "cell"),
    ),
    "illusion": Challenge(
        "One step perfect, closed loop wrong",
        "Can a network that is nearly perfect one step ahead fail in closed loop? Predict, then "
        "build it.",
        _start("noise=0"),
        _blind_in_closed_loop,
        "less than 5 % of persistence's MSE one step ahead, but an MSE above 0.2 in closed loop",
        "In closed loop the state lives for 80 steps. Which control decides how old a state gets "
        "in training?",
        "At the end of a short window the last few values nearly give the next one, and so the "
        "validation loss is tiny. In closed loop the network runs on its own output for 80 steps, "
        "on a state that is older than any in training. (AR with five values has no such "
        "trouble: a clean sine is linear.)",
        solution=("noise=0 window=5",),
        near_miss=("noise=0 window=50",),
        controls=("window", "noise"),
    ),
    "gap": Challenge(
        "Where an RNN fails and an LSTM does not",
        "After each pair of pulses comes a gap of 40 zeros. Who can count to 40? Train an RNN, "
        "then an LSTM, with the same settings.",
        _start(_GAP + "cell=RNN"),
        _both_cells,
        "two runs with the settings of the start, but for the cell type: the RNN above 12 % of "
        "persistence's MSE, the LSTM below 6 %",
        "Let the RNN finish its run, then change only the cell type and let the LSTM finish. "
        "Look at the forecast: who knows when the gap ends?",
        "To know when the gap ends, a number has to survive 40 steps without a trace of it in the "
        "input. The cell state carries it from step to step; the state of a plain RNN is rewritten "
        "at every step. (One run proves little, and this seed was chosen: try others, and some "
        "RNNs get there.)",
        solution=(_GAP + "cell=RNN", _GAP + "cell=LSTM"),
        near_miss=(_GAP + "cell=LSTM",),
        controls=("cell",),
    ),
    "forget": Challenge(
        "Forget on purpose",
        "This LSTM learns to count through a gap of 30 zeros. Make it forget, with one control "
        "under Network that leaves its cells and sizes as they are.",
        _start(_FORGET),
        _made_to_forget,
        "this LSTM, with one control under Network changed, not its type or sizes, and an end "
        "above 12 % of persistence's MSE",
        "The forget gate decides how much of the cell state survives a step. Its bias can be set.",
        "A bias of -2 starts the forget gates near 0.12: along the road of the cell state, little "
        "more than a hundredth is left after two steps, of a value and of its gradient. Look at "
        "the forget gate's heat map: training must raise it, and with some seeds it does.",
        solution=(_FORGET.replace("bias=1", "bias=-2"),),
        near_miss=(_FORGET,),
        controls=("bias",),
    ),
    "family": Challenge(
        "One network for all",
        "In the family every series has a period of its own. Can a network beat one AR that was "
        "fitted to all of them? How, if the weights are fixed?",
        _start("signal=family-of-waves window=5 steps=2000"),
        _near("AR", 0.8),
        "the same family and noise, less than 80 % of AR's validation loss",
        "To find out a period through the noise, the network must see more of the wave than five "
        "values.",
        "The weights are fixed, the state is not: from the context the network learns which wave "
        "this is. AR has one set of weights, and with noise they are a compromise between all "
        "periods. Look at the closed loop as well: what wins one step ahead need not forecast.",
        solution=("signal=family-of-waves window=50 hidden=32 steps=2000",),
        near_miss=("signal=family-of-waves window=5 hidden=32 steps=2000",),
        controls=("window", "hidden"),
    ),
    "budget": Challenge(
        "Fast and good",
        "Two sines at once, 200 steps. Which settings get below 1.5 times the noise floor? "
        "Name those that matter before you try.",
        _start(_TWO + "lr=0.003 hidden=8 batch=4 window=20"),
        _near("noise floor", 1.5, lambda record: record.steps <= 200),
        "the same signal and noise, at most 200 steps, less than 1.5 times the noise floor",
        "Learning rate first. Then what a step sees: batch size and window length. Then the "
        "hidden size.",
        "Changed alone, to 32 units, batches of 32, windows of 50 or a rate of 0.01, none of the "
        "four does it. A window of 20 sees less than a period, a batch of 4 gives a noisy "
        "gradient, 8 units are few, and at a rate of 0.003 two hundred steps do not lead far. "
        "Several together do it, and there is more than one such set.",
        solution=(_TWO + "hidden=32 batch=32 window=50",),
        near_miss=(_TWO + "hidden=8 batch=4 window=20 lr=0.01",),
        controls=("lr", "batch", "window", "hidden"),
    ),
    "calm": Challenge(
        "A calm end",
        "One-cycle lowers the rate to almost nothing at the end. Does it help this run by itself? "
        "Predict, try, and then find it a partner: one control more.",
        _start(_QUIET),
        _calm_end,
        "the schedule set to one-cycle, one other control changed at most, the same signal, and a "
        "closed loop RMSE below 0.01",
        "Adam divides by a running size of the gradients. How long should it remember those of "
        "the beginning, when the run has only 300 steps?",
        "By itself the cycle did not help here: with three seeds of three the loss one step ahead "
        "was higher than at a constant rate. With a β₂ of 0.95, a memory of twenty steps in place "
        "of a thousand, the closed loop's RMSE fell below a hundredth. That β₂ alone, at the "
        "constant rate, is no gain: with seed 1 the closed loop is off by more than 0.3. A change "
        "is worth what its company makes of it (lesson 05).",
        solution=(_QUIET + "schedule=one-cycle beta2=0.95",),
        near_miss=(_QUIET + "schedule=one-cycle",),
        controls=("schedule", "beta2"),
    ),
    "echo": Challenge(
        "How far back can it hear?",
        "Each value repeats the one a quarter of a period before, here 6 steps, but one in ten is "
        "new. AR has a weight for exactly that. What must 8 units do? How long an echo can they "
        "learn in 500 steps: of 2, 4 or 6?",
        _start(_ECHO),
        _hears,
        "this network on an echo without noise, 16 points per period or more, and a validation "
        "loss below 1.4 times AR's",
        "To repeat what came four steps ago, how many numbers must the state hold at once?",
        "As many as the echo is long; and at every step all of them move up by one place. At 16 "
        "points, 4 steps, three seeds of three came within 1.4 times AR's loss; at 25 points, 6 "
        "steps, none came within 1.5. For AR it is one weight, at any length up to 32. Where the "
        "task is to copy, a linear model is hard to beat.",
        solution=(_ECHO.replace("points=25", "points=16"),),
        near_miss=(_ECHO,),
        controls=("points", "window"),
    ),
    "three": Challenge(
        "Three changes to a copied recipe",
        "*The copied recipe* is small in error one step ahead, and useless in closed loop. Which "
        "three of its settings would you change? (Compare with *our recipe*, which changes more.)",
        _start(PRESETS["the copied recipe"].line),
        _three_changes,
        "three controls changed at most, the same signal, and a closed loop MSE below 0.05",
        "A state that never gets older than ten steps in training has to live for 80 here.",
        "Windows of 50, batches of 32 and the loss on every output did it with three seeds of "
        "three, in the same 100 steps. Windows of 10 with all else changed, 400 steps as well, "
        "stayed above 0.2. Which change matters depends on which failure you look at: one step "
        "ahead, the copied recipe was not bad.",
        solution=(_copied(window=50, batch=32, loss="every output"),),
        near_miss=(_copied(batch=16, loss="every output", steps=400),),
        controls=("window", "batch", "loss", "steps"),
    ),
    "conduct": Challenge(
        "Conduct a run",
        "The rate is high to the end, and this run never settles. Be its schedule: lower the rate "
        "while it trains, twice at least. Or write it down, as in `@150 lr=0.01 @250 lr=0.001` at "
        "the end of the line under Share. *Replay* plays the run again as you conducted it.",
        _start(_RESTLESS),
        _conducted,
        "this very run, with nothing changed but the learning rate, live, twice or more, and a "
        "validation RMSE below 0.002",
        "A lower speed gives you time. Stay high for half of the budget, end low.",
        "High rates go far, low rates settle. The line under Share is the whole performance: "
        "whoever pastes it hears the same. A schedule is the same thing, written by somebody else.",
        solution=(_RESTLESS + "@200 lr=0.01 @250 lr=0.001",),
        near_miss=(_RESTLESS + "@100 lr=0.1 @200 lr=0.03",),
        controls=("lr",),
    ),
}
NUMBERED = {key: f"{k} · {c.title}" for k, (key, c) in enumerate(CHALLENGES.items(), 1)}
