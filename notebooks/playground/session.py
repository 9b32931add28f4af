"""A sitting at the playground, without widgets: the run, the runs before, the challenge, undo.

Each method that answers a reader gives the answer back, as text. What `Undo` brings back is one
frozen value, a `Moment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .challenges import CHALLENGES, standing
from .data import OF_DATA
from .run import Record, Run
from .screen import HISTORY
from .settings import CONTROLS, DEFAULTS, LIVE, Changes, Settings, differences, from_text

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

    # ---- what a reader does

    def change(self, changes: Settings, at: float = 0.0) -> None:
        """Set controls, at a time in seconds: live where all of them can act so, else anew."""
        names = tuple(changes)
        if names != self._moved[0] or at - self._moved[1] > DRAG:
            self._remember()
        self._moved = (names, at)
        if all(map(self._acts_live, names)):
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
        self._moment = replace(self._moment, challenge=challenge)
        if challenge:
            self.restart(CHALLENGES[challenge].start)
            self.settle()
            self._moment = replace(self._moment, since=self._moment.count)
        return self._goal()

    def undo(self) -> Answer:
        """Take back the last change, whole."""
        if not self._past:
            return Answer("Nothing to undo.")
        then = self._past.pop()
        self._moved = ((), 0.0)
        old = self.run.settings
        moved = {name: then.settings[name] for name in CONTROLS if then.settings[name] != old[name]}
        if then.run == self._begun and all(map(self._acts_live, moved)):
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
        if not self.challenge:
            return Answer("Choose a challenge first.")
        return Answer(f"Hint: {CHALLENGES[self.challenge].hint}")

    # ---- what follows

    def finish(self) -> Answer:
        """At the end of a run: keep it, and look whether it reaches the challenge's goal."""
        self.settle()
        if self._kept is None:
            self._record(self.run)
            self._kept = self._moment.count
        if not self.challenge:
            return Answer()
        challenge, record = CHALLENGES[self.challenge], self.records[-1]
        since = [r for r in self.records[:-1] if r.number > self._moment.since]
        if challenge.judge(record, since):
            return Answer(challenge.explanation, "Reached.")
        hint = f"Hint: {challenge.hint}"
        return Answer(f"Not yet: {challenge.goal}. {standing(record)} {hint}")

    def settle(self) -> None:
        """Record the run that the last restart has broken off."""
        left, self._left = self._left, None
        if left and not left.ended and left.step_count >= 20:
            self._record(left)

    def _acts_live(self, name: str) -> bool:
        # A larger budget goes on with a run that has ended; all else would begin it anew.
        return name in LIVE and (name == "steps" or not self.run.ended)

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
        record = run.record(number, name or ("as before" if records else "default settings"))
        records = (*records, record)[-HISTORY:]
        self._moment = replace(self._moment, records=records, count=number)

    def _goal(self) -> Answer:
        return Answer(f"Goal: {CHALLENGES[self.challenge].goal}.") if self.challenge else Answer()


def summary(record: Record) -> str:
    """One line of the list of earlier runs."""
    scores = record.scores
    end = f"validation {scores['validation']:.3g}, closed loop {scores['loop']:.2g}"
    end = f"diverged at step {record.steps}" if record.diverged else end
    return f"{record.number}: {record.name}; {end}"


def listed(records: Sequence[Record]) -> list[tuple[str, int | None]]:
    """The list of earlier runs as a menu: the latest first."""
    first = ("Earlier runs: choose one to bring its settings back", None)
    return [first, *((summary(record), record.number) for record in reversed(records))]
