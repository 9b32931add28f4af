"""The playground itself: a session on the widgets of a panel, and the clock that drives it."""

from __future__ import annotations

import math
import time
from pathlib import Path

import ipywidgets as widgets
from IPython.display import Image as Picture

from accessible import accessible
from explorer import Live, show_text

from .challenges import CHALLENGES
from .panel import SPEEDS, VIEWS, Panel, parts_to_hide
from .player import Player
from .run import Run
from .screen import Screen
from .script import to_script
from .session import Answer, Session, between
from .settings import CONTROLS, Scene, checked_value, from_lines, from_text

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
        reference = now.reference and now.reference.number
        rest = now.settings, numbers, reference, dict(view), state
        return now.run, session.run.step_count, *rest

    def draw(self, session: Session, view: dict, state: str, slow: bool = True) -> None:
        """Draw the losses, and if `slow` also what takes a pass through the network."""
        now, run = time.perf_counter(), session.run
        seen = self._seen(session, view, state)
        if slow:
            looks = view["what"], view["layer"], session.reference, view["shows"] != "values"
            self.screen.show_slow(run, session.earlier, *looks)
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


class Playground(Player, Live):
    """All settings of a small recurrent network on controls, beside its training and forecast.

    hide: names of controls (as in `CONTROLS`), of "what", "layer", "speed", "shows", or of the
    parts "presets", "challenges", "history", "reference", "share", "code" that are not shown.
    challenge: the name of one of `CHALLENGES` to begin with.
    config: a line of settings, as under Share, to begin with.
    replay: lines of settings to be played one after the other, or the `Path` of a file of them.

    Needs a front end that updates widgets in the background. Elsewhere, `set` and `run` do the
    same in a cell. Made again, it stops the playground that was there before.
    Raises ValueError for a name or a text that it does not know.
    """

    stand_in = "The playground: run the notebook to use it"

    def __init__(
        self,
        hide: tuple | list | str = (),
        challenge: str = "",
        config: str = "",
        replay: str | Path = "",
    ) -> None:
        hide = parts_to_hide(hide)
        if challenge not in ("", *CHALLENGES):
            raise ValueError(f"challenge is {challenge!r}; allowed: {', '.join(CHALLENGES)}")
        if sum(map(bool, (challenge, config, replay))) > 1:
            given = f"challenge is {challenge!r}, config {config!r}, replay {str(replay)!r}"
            raise ValueError(f"{given}; allowed: one of them")
        start = from_text(config)
        scenes = _scenes(replay) if replay else ()
        with self.starting():
            self.session, self.pace, self.playing = Session(*start), Pace(), True
            self.view = {name: options[0] for name, options in VIEWS.items()}
            self.code_shown = False
            self._make_widgets(hide)
            self.projector = Projector(self.image)
            if challenge:
                self.begin(challenge)
            if scenes:
                self.replay(scenes)
            self._draw()
            self._sync()

    def _place(self) -> tuple[str, object]:
        return "playground", object()  # one at a time: they would share the processor

    def _make_widgets(self, hide: set[str]) -> None:
        self.panel = panel = Panel()
        for name in ("controls", "views", "buttons", "runs", "share", "status", "image"):
            setattr(self, name, getattr(panel, name))
        panel.listen(self._post)
        self.children = [*panel.columns(hide), accessible(self)]
        self.layout.flex_flow = "row wrap"
        self.add_class("lstm-playground")

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
            answer = self.session.finish()
            self.say(Answer(f"{answer.text} {self.refused}".strip(), answer.strong))
            return 0
        if not self.mailbox:  # else the reader waits, and not for a picture of before
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
            acted, moved = self.change(moved) or acted, {}
            if name in self.view:
                self.view[name] = value
            else:
                self.act(name, *([] if name in self.buttons else [value]))
            acted = True
        return self.change(moved) or acted

    # ---- what is seen

    def say(self, answer: Answer) -> None:
        show_text(self.status, answer.text, answer.strong)

    def show_fault(self, error: Exception) -> None:
        self.playing = False
        self.say(Answer(f"{type(error).__name__}: {error}"))

    def _sync(self) -> None:
        session, panel, settings = self.session, self.panel, self.session.run.settings
        reference = session.reference
        true = {**settings, **self.view, "compare": reference.number if reference else 0}
        true |= {"challenge": session.challenge, "share": session.run.text}
        panel.tell(true, settings, session.records, reference)
        for part, (text, strong) in session.card().items():
            show_text(getattr(panel, part), text, strong)
            getattr(panel, part).layout.display = "" if text else "none"
        panel.mark(session.marked)
        show_text(panel.between, between(session.run, reference))
        panel.show_code(to_script(session.run) if self.code_shown else "")

    @property
    def _state(self) -> str:
        run = self.session.run
        if self.training:
            return f"{self.pace.rate:,.0f} steps/s"
        return "diverged" if run.diverged else "finished" if run.ended else "paused"

    def _draw(self, slow: bool = True) -> None:
        self.projector.draw(self.session, self.view, self._state, slow)
        if slow:
            show_text(self.panel.described, self.projector.screen.words)

    # ---- without background updates

    def set(self, **settings) -> None:
        """Change settings by name, as the controls do: ``set(hidden=32, lr=0.03)``."""
        settings = {name: checked_value(name, value) for name, value in settings.items()}
        self.drain()
        if self.change(settings):
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
        self.go_on()
        self.session.settle()
        self.playing = False
        try:
            self.session.run.run(steps)
            if self.session.run.ended:
                self.say(self.session.finish())
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


def _scenes(replay: str | Path) -> tuple[Scene, ...]:
    text = replay.read_text(encoding="utf-8") if isinstance(replay, Path) else replay
    return from_lines(text)
