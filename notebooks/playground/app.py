"""The playground itself: a session on the widgets of a panel, and the clock that drives it."""

from __future__ import annotations

import math
import time

import ipywidgets as widgets
from IPython.display import Image as Picture

from explorer import Live, show_text

from .challenges import CHALLENGES
from .panel import SPEEDS, Panel, parts_to_hide
from .run import INSIDE, Run
from .screen import Screen
from .session import Answer, Session, listed
from .settings import CONTROLS, Settings, checked_value, from_text

SLICE = 0.02  # seconds of training between two looks into the mailbox
PICTURES = 10  # a second at most, while training
SLOW_EVERY = 1.5  # seconds between two passes through the network for the picture
FIRST_SLOW = 0.25  # seconds after a restart; the answer to the reader comes before


class Pace:
    """When steps are due, at a speed in steps a second, and how fast they come."""

    def __init__(self) -> None:
        self.rate, self._due = 0.0, 0.0

    def wait(self, speed: float) -> float:
        """Seconds until the next step is due."""
        return 0.0 if speed == math.inf else max(0.0, self._due - time.perf_counter())

    def stepped(self, speed: float) -> None:
        """A step has been taken. If it was on time, the next is due a period after this one was."""
        if speed < math.inf:
            now = time.perf_counter()
            self._due = (self._due if now - self._due < 1 / speed else now) + 1 / speed

    def measure(self, speed: float, steps: int, seconds: float) -> None:
        if steps:
            rate = min(speed, steps / seconds)
            self.rate = 0.9 * self.rate + 0.1 * rate if self.rate else rate


class Projector:
    """Shows a session on a screen, in an image: what is new, and its slow parts seldom."""

    def __init__(self, image: widgets.Image) -> None:
        self.image, self.screen = image, Screen()
        self._drawn = self._drawn_slow = -math.inf  # when
        self._fast: tuple = ()  # what each part was drawn for
        self._slow: tuple = ()

    def stale(self, session: Session, view: dict, state: str) -> bool:
        """Whether the slow parts, or the words, show something that is no longer so."""
        return self._slow != self._seen(session, view, state)

    def _seen(self, session: Session, view: dict, state: str) -> tuple:
        now, numbers = session.now, [record.number for record in session.records]
        return now.run, session.run.step_count, now.settings, numbers, dict(view), state

    def draw(self, session: Session, view: dict, state: str, slow: bool = True) -> None:
        """Draw the losses, and if `slow` also what takes a pass through the network."""
        now, run = time.perf_counter(), session.run
        seen = self._seen(session, view, state)
        if slow:
            self.screen.show_slow(run, session.earlier, view["what"], view["layer"])
            self._drawn_slow, self._slow = now, seen
        elif self._slow[:1] != seen[:1]:  # another run: its answer first, the rest soon
            self._drawn_slow, self._slow = now - SLOW_EVERY + FIRST_SLOW, seen[:1]
        self.screen.show_fast(run, state)
        self.image.value = self.screen.picture()
        self._drawn, self._fast = time.perf_counter(), seen[:2]

    def draw_if_due(self, session: Session, view: dict, state: str) -> None:
        """While it trains: if there is another step, and the last picture was a while ago."""
        now = time.perf_counter()
        new = self._fast != (session.now.run, session.run.step_count)
        if new and now - self._drawn >= 1 / PICTURES:
            self.draw(session, view, state, slow=now - self._drawn_slow >= SLOW_EVERY)


class Playground(Live):
    """All settings of a small recurrent network on controls, beside its training and forecast.

    hide: names of controls (as in `CONTROLS`), of "what", "layer", "speed", or of the parts
    "challenges", "history", "share" that are not shown.
    challenge: the name of one of `CHALLENGES` to begin with.
    config: a line of settings, as under Share, to begin with.

    Needs a front end that updates widgets in the background. Elsewhere, `set` and `run` do the
    same in a cell. Made again, it stops the playground that was there before.
    Raises ValueError for a name or a text that it does not know.
    """

    stand_in = "The playground: run the notebook to use it"

    def __init__(
        self, hide: tuple | list | str = (), challenge: str = "", config: str = ""
    ) -> None:
        hide = parts_to_hide(hide)
        if challenge not in ("", *CHALLENGES):
            raise ValueError(f"challenge is {challenge!r}; allowed: {', '.join(CHALLENGES)}")
        if challenge and config:
            raise ValueError(f"config is {config!r} and challenge {challenge!r}; allowed: one")
        start = from_text(config)
        with self.starting():
            self.session, self.pace, self.playing = Session(*start), Pace(), True
            self.view = {"what": INSIDE[0], "layer": 1, "speed": "full speed"}
            self._make_widgets(hide)
            self.projector = Projector(self.image)
            if challenge:
                self._begin(challenge)
            self._draw()
            self._sync()

    def _place(self) -> tuple[str, object]:
        return "playground", object()  # one at a time: they would share the processor

    def _make_widgets(self, hide: set[str]) -> None:
        self.panel = panel = Panel()
        for name in ("controls", "views", "buttons", "runs", "share", "status", "image"):
            setattr(self, name, getattr(panel, name))
        self._answers = {  # to all that is no control and no view
            "Play": self._on_play,
            "Pause": lambda: setattr(self, "playing", False),
            "Step": self._on_step,
            "Reset": self._on_reset,
            "Undo": lambda: self._say(self.session.undo()),
            "Clear": lambda: self.session.clear(),
            "Hint": lambda: self._say(self.session.hint()),
            "history": lambda number: self.session.bring_back(number),
            "share": self._on_share,
            "challenge": self._begin,
        }
        panel.listen(self._post)
        self.children = panel.columns(hide)
        self.layout.flex_flow, self._dom_classes = "row wrap", ("lstm-playground",)

    # ---- the task on the main loop

    @property
    def training(self) -> bool:
        return self.playing and not self.session.run.ended

    def turn(self) -> float | None:
        """Answer the mailbox, or train for a slice, and draw if there is something new."""
        if self.drain():  # the reader first: a picture before all else
            self._draw(slow=False)
            self.session.settle()
            self._sync()
            return 0
        if not self.training:
            if self.projector.stale(self.session, self.view, self._state):
                self._draw()
                self._sync()
            return None
        self._train_slice()
        if not self.training:
            self._say(self.session.finish())
            return 0
        self.projector.draw_if_due(self.session, self.view, self._state)
        return self.pace.wait(self._speed)

    @property
    def _speed(self) -> float:
        return SPEEDS[self.view["speed"]]

    def _train_slice(self) -> None:
        run, start, speed = self.session.run, time.perf_counter(), self._speed
        steps, changes = run.step_count, len(run.changes)
        while not run.ended and self.pace.wait(speed) == 0:
            run.step()
            self.pace.stepped(speed)
            # A mail is left by a subshell's thread; without one, there is none here.
            if self.mailbox or time.perf_counter() >= start + SLICE:
                break
        self.pace.measure(speed, run.step_count - steps, time.perf_counter() - start)
        if len(run.changes) > changes:  # those of a shared line
            self._sync()

    def drain(self) -> bool:
        """Act on all messages that have come in since the last call. True if there were any.

        Controls that were moved one after the other are one change, unless something else came
        between them.
        """
        acted, moved = False, {}
        while self.mailbox:
            name, value = self.mailbox.popleft()
            if name not in self.buttons and not self.panel.heard(name, value):
                continue
            if name in CONTROLS:
                moved[name] = value
                continue
            acted, moved = self._change(moved) or acted, {}
            if name in self.view:
                self.view[name] = value
            else:
                self._answers[name](*([] if name in self.buttons else [value]))
            acted = True
        return self._change(moved) or acted

    # ---- what a reader does

    def _change(self, moved: Settings) -> bool:
        settings = self.session.run.settings
        moved = {name: value for name, value in moved.items() if settings[name] != value}
        if moved:
            self.session.change(moved, time.perf_counter())
        return bool(moved)

    def _on_play(self) -> None:
        if self.session.run.ended:
            self.session.restart()
        self.playing = True

    def _on_step(self) -> None:
        self.playing = False
        if not self.session.run.ended:
            self.session.run.step()
            if self.session.run.ended:
                self._say(self.session.finish())

    def _on_reset(self) -> None:
        self.session.restart()
        self.playing = False

    def _on_share(self, text: str) -> None:
        self._say(self.session.bring(text))

    def _begin(self, key: str) -> None:
        self._say(self.session.begin(key))
        self.playing = self.playing and not key

    # ---- what is seen

    def _say(self, answer: Answer) -> None:
        show_text(self.status, answer.text, answer.strong)

    def show_fault(self, error: Exception) -> None:
        self.playing = False
        self._say(Answer(f"{type(error).__name__}: {error}"))

    def _sync(self) -> None:
        session = self.session
        true = {**session.run.settings, **self.view}
        true |= {"challenge": session.challenge, "share": session.run.text}
        self.panel.tell(true, listed(session.records))
        asked = CHALLENGES[session.challenge].question if session.challenge else ""
        show_text(self.panel.question, asked)

    @property
    def _state(self) -> str:
        run = self.session.run
        if self.training:
            return f"{self.pace.rate:,.0f} steps/s"
        return "diverged" if run.diverged else "finished" if run.ended else "paused"

    def _draw(self, slow: bool = True) -> None:
        self.projector.draw(self.session, self.view, self._state, slow)

    # ---- without background updates

    def set(self, **settings) -> None:
        """Change settings by name, as the controls do: ``set(hidden=32, lr=0.03)``."""
        settings = {name: checked_value(name, value) for name, value in settings.items()}
        self.drain()
        if self._change(settings):
            self.session.settle()
            self._draw()
        self._sync()

    def run(self, steps: int) -> Picture:
        """Train up to `steps` steps at once, in the cell that calls it; the picture then.

        A run that has ended begins anew. Interrupted, it can be run on.
        """
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise ValueError(f"steps is {steps!r}; allowed: a whole number, at least 1")
        self.drain()
        if self.session.run.ended:
            self.session.restart()
        self.session.settle()
        self.playing = False
        try:
            self.session.run.run(steps)
            if self.session.run.ended:
                self._say(self.session.finish())
        finally:
            self._draw()
            self._sync()
        return Picture(self.image.value)

    def still(self) -> bytes:
        """The picture of a finished run with these settings; the build stores it."""
        screen = Screen()
        finished = Run(self.session.run.started_with).run()
        screen.show_slow(finished, [], self.view["what"], 1)
        screen.show_fast(finished)
        return screen.picture()
