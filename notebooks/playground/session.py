"""A sitting at the playground, without widgets: the run, the runs before, the challenge, undo.

Each method that answers a reader gives the answer back, as text. What `Undo` brings back is one
frozen value, a `Moment`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .challenges import CHALLENGES, NUMBERED, standing
from .data import OF_DATA
from .run import Record, Run
from .screen import HISTORY
from .settings import (
    CONTROLS,
    DEFAULTS,
    Changes,
    Scene,
    Settings,
    differences,
    from_text,
    is_live,
)

UNDO = 50  # steps back that are kept
DRAG = 2.0  # seconds within which one undo takes back all moves of a control


@dataclass(frozen=True)
class Answer:
    """What the playground says to a reader, the strong part first."""

    text: str = ""
    strong: str = ""


@dataclass(frozen=True)
class Moment:
    """All that Undo brings back."""

    settings: Settings  # of the run, as they were
    line: str  # which reproduces that run
    run: int  # which run it was, of all that were begun
    records: tuple[Record, ...] = ()
    count: int = 0  # records so far, those that were cleared or pushed out as well
    challenge: str = ""  # its key in CHALLENGES
    since: int = 0  # the count when the challenge began
    reference: Record | None = None  # the run to which others are compared
    scenes: tuple[Scene, ...] = ()  # of a replay, those still to come
    replayed: int = 0  # and how many have begun


class Session:
    """A run that can be changed, and what a reader has done so far.

    A restart breaks a run off; that one is recorded by `settle`, which a caller may put off until
    the reader has seen an answer, as it takes a forecast.
    """

    def __init__(self, settings: Settings, changes: Changes = ()) -> None:
        self.run = Run(settings, changes)
        self._begun = 0
        self._left: Run | None = None  # broken off, to be recorded
        self._kept: int | None = None  # the number of the run itself among the records
        self._moment = Moment({}, "", 0)
        self._past: list[Moment] = []
        self._moved: tuple[tuple[str, ...], float] = ((), 0.0)
        self.reached: set[str] = set()  # challenges
        self._hinted = ""  # the challenge whose hint is shown

    @property
    def now(self) -> Moment:
        """The whole state, as Undo would bring it back."""
        run = self.run
        return replace(self._moment, settings=dict(run.settings), line=run.text, run=self._begun)

    @property
    def records(self) -> tuple[Record, ...]:
        """The earlier runs that are kept, the latest last."""
        return self._moment.records

    @property
    def earlier(self) -> tuple[Record, ...]:
        """The records, but for one of the run itself."""
        return tuple(record for record in self.records if record.number != self._kept)

    @property
    def challenge(self) -> str:
        return self._moment.challenge

    @property
    def hinted(self) -> bool:
        """Whether the challenge's hint has been asked for."""
        return bool(self.challenge) and self._hinted == self.challenge

    @property
    def marked(self) -> tuple[str, ...]:
        """The controls that the hint is about, once it has been asked for."""
        return CHALLENGES[self.challenge].controls if self.hinted else ()

    @property
    def reference(self) -> Record | None:
        """The earlier run to which this one is compared."""
        return self._moment.reference

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """The runs of a replay that are still to come."""
        return self._moment.scenes

    # ---- what a reader does

    def change(self, changes: Settings, at: float = 0.0) -> None:
        """Set controls, at a time in seconds: live where all of them can act so, else anew."""
        names = tuple(changes)
        if names != self._moved[0] or at - self._moved[1] > DRAG:
            self._remember()
        self._moved = (names, at)
        if all(self._acts_live(name, value) for name, value in changes.items()):
            self._set_live(changes)
        else:
            self.restart({**self.run.settings, **changes})

    def restart(self, settings: Settings | None = None, changes: Changes = ()) -> None:
        """Begin a run anew, with the settings as they are or others."""
        self.settle()
        self._left = self.run
        old, settings = self.run.settings, settings or self.run.settings
        same = all(settings[name] == old[name] for name in OF_DATA)
        self.run = Run(settings, changes, self.run.data if same else None)
        self._begun, self._kept = self._begun + 1, None

    def bring(self, line: str) -> Answer:
        """Begin the run of a line; an answer that says why, if it is none."""
        try:
            settings, changes = from_text(line)
        except ValueError as error:
            return Answer(f"Nothing was changed. {error}")
        self._remember()
        self._moment = replace(self._moment, scenes=())
        self.restart(settings, changes)
        return Answer()

    def bring_back(self, number: int) -> bool:
        """Begin an earlier run again, by its number; whether there is one."""
        lines = [record.text for record in self.records if record.number == number]
        for line in lines:
            self.bring(line)
        return bool(lines)

    def begin(self, challenge: str) -> Answer:
        """Begin a challenge, by its key; an empty one ends the challenge."""
        self._remember()
        self._moment = replace(self._moment, challenge=challenge, scenes=())
        self._hinted = ""
        if challenge:
            self.restart(CHALLENGES[challenge].start)
            self.settle()
            self._moment = replace(self._moment, since=self._moment.count)
        return self._goal()

    def compare(self, number: int) -> None:
        """Take an earlier run as the reference, by its number; none where there is no such run."""
        self._remember()
        found = [record for record in self.records if record.number == number]
        self._moment = replace(self._moment, reference=found[0] if found else None)

    def replay(self, scenes: tuple[Scene, ...]) -> Answer:
        """Begin the first of some runs; `go_on` begins the next."""
        self._remember()
        self._moment = replace(self._moment, challenge="", scenes=scenes, replayed=0)
        return self.go_on()

    def go_on(self) -> Answer:
        """Begin the next run of a replay, with its live changes still to come."""
        scene, *rest = self.scenes
        number = self._moment.replayed + 1
        self._moment = replace(self._moment, scenes=tuple(rest), replayed=number)
        self.restart(scene.settings, scene.changes)
        return Answer(scene.caption, f"{number} of {number + len(rest)}.")

    def undo(self) -> Answer:
        """Take back the last change, whole."""
        if not self._past:
            return Answer("Nothing to undo.")
        then = self._past.pop()
        self._moved = ((), 0.0)
        old = self.run.settings
        moved = {name: then.settings[name] for name in CONTROLS if then.settings[name] != old[name]}
        live = all(self._acts_live(name, value) for name, value in moved.items())
        if then.run == self._begun and live:
            self._set_live(moved)
        elif then.line != self.run.text:
            self.restart(*from_text(then.line))
            self._left = None  # an undone run is none to keep
        self._moment = then
        return self._goal()

    def clear(self) -> None:
        """Forget the earlier runs."""
        self._remember()
        self._moment = replace(self._moment, records=())

    def hint(self) -> Answer:
        """Show the challenge's hint on its card, from now on; an answer where there is none."""
        if not self.challenge:
            return Answer("Choose a challenge first.")
        self._hinted = self.challenge
        return Answer()

    def card(self) -> dict[str, tuple[str, str]]:
        """The challenge's card: its parts by name, each a text and the strong word before it."""
        return card_of(self.challenge, self.challenge in self.reached, self.hinted)

    # ---- what follows

    def finish(self) -> Answer:
        """At the end of a run: keep it, and look whether it reaches the challenge's goal."""
        self.settle()
        if self._kept is None:
            self._record(self.run)
            self._kept = self._moment.count
        record = self.records[-1]
        if not self.challenge:
            more = f" Play goes on: {len(self.scenes)} to come." if self.scenes else ""
            return Answer(standing(record) + more)
        challenge = CHALLENGES[self.challenge]
        since = [r for r in self.records[:-1] if r.number > self._moment.since]
        if challenge.judge(record, since):
            self.reached.add(self.challenge)
            return Answer(f"{_plain(challenge.explanation)} {standing(record)}", "Reached.")
        changed = differences(record.settings, challenge.start) or "nothing"
        return Answer(f"{standing(record)} Changed: {changed}.", "Not yet.")

    def settle(self) -> None:
        """Record the run that the last restart has broken off."""
        left, self._left = self._left, None
        if left and not left.ended and left.step_count >= 20:
            self._record(left)

    def _acts_live(self, name: str, value) -> bool:
        # A larger budget goes on with a run that has ended; all else would begin it anew.
        longer = name == "steps" and not self.run.diverged and value > self.run.step_count
        return is_live(name, self.run.settings) and (longer or not self.run.ended)

    def _set_live(self, changes: Settings) -> None:
        for name, value in changes.items():
            self.run.set_live(name, value)
        if not self.run.ended:  # a larger budget: it will be kept again, with its new end
            self._kept = None

    def _remember(self) -> None:
        self.settle()
        self._past.append(self.now)
        del self._past[:-UNDO]
        self._moved = ((), 0.0)

    def _record(self, run: Run) -> None:
        records, number = self.records, self._moment.count + 1
        name = differences(run.settings, records[-1].settings if records else DEFAULTS)
        if not name:
            name = "as before" if records else "default settings"
            name = "other live changes" if records and records[-1].text != run.text else name
        record = run.record(number, name)
        records = (*records, record)[-HISTORY:]
        self._moment = replace(self._moment, records=records, count=number)

    def _goal(self) -> Answer:
        if not self.challenge or self.run.step_count:
            return Answer()
        return Answer("Predict, then press Play.", f"{NUMBERED[self.challenge]}.")


def card_of(key: str, reached: bool, hinted: bool) -> dict[str, tuple[str, str]]:
    """A challenge's card, by its key; empty for none."""
    if not key:
        return {"question": ("", ""), "goal": ("", ""), "hint": ("", "")}
    challenge, number = CHALLENGES[key], 1 + [*CHALLENGES].index(key)
    place = f"{number} of {len(CHALLENGES)}{', reached' if reached else ''}."
    return {
        "question": (_plain(challenge.question), place),
        "goal": (f"{challenge.goal}.", "Goal:"),
        "hint": (challenge.hint, "Hint:") if hinted else ("", ""),
    }


def _plain(text: str) -> str:
    """A text of the lesson without its marks."""
    return text.replace("*", "").replace("`", "")


def between(run: Run, reference: Record | None) -> str:
    """What differs in the settings of a run and of the reference, if there is one."""
    if reference is None:
        return ""
    differs = differences(run.settings, reference.settings, was=True)
    return f"Against run {reference.number}: {differs or 'the same settings'}."


def summary(record: Record) -> str:
    """One line of the list of earlier runs."""
    validation, loop = (math.sqrt(record.scores[name]) for name in ("validation", "loop"))
    end = f"RMSE {validation:.3g}, closed loop {loop:.2g}"
    end = f"diverged at step {record.steps}" if record.diverged else end
    return f"{record.number}: {end}; {record.name}"


def listed(
    records: Sequence[Record], first: str, none: int | None = None
) -> list[tuple[str, int | None]]:
    """A menu of earlier runs, the latest first, under a line that is none."""
    return [(first, none), *((summary(record), record.number) for record in reversed(records))]


def lines_of(records: Sequence[Record]) -> str:
    """The runs as a text that replays them: each under its name."""
    return "".join(f"# {record.name}\n{record.text}\n\n" for record in records)
