"""What a reader's messages do to a session, without widgets."""

from __future__ import annotations

import time

from .challenges import CHALLENGES
from .presets import PRESETS
from .session import Answer, Session
from .settings import Scene, Settings, from_lines


class Player:
    """A session that is playing or not; `say` is what its answers go to."""

    session: Session
    playing: bool
    code_shown: bool
    refused: str = ""  # why the last message changed nothing; it outlasts the end of a run

    def say(self, answer: Answer) -> None:
        raise NotImplementedError

    def act(self, name: str, *value) -> None:
        """Answer a button, or a message with a value, that is of no control."""
        answers = {
            "Play": self._on_play,
            "Pause": lambda: setattr(self, "playing", False),
            "Step": self._on_step,
            "Reset": self._on_reset,
            "Undo": lambda: self.say(self.session.undo()),
            "Clear": lambda: self.session.clear(),
            "Hint": self._on_hint,
            "Back": lambda: self._turn_card(-1),
            "Next": lambda: self._turn_card(1),
            "Replay": self._on_replay,
            "Code": self._on_code,
            "preset": self._on_preset,
            "file": self._on_file,
            "compare": lambda number: self.session.compare(number),
            "history": lambda number: self.session.bring_back(number),
            "share": self._on_share,
            "challenge": self.begin,
        }
        self.refused = ""
        answers[name](*value)

    def change(self, moved: Settings) -> bool:
        settings = self.session.run.settings
        moved = {name: value for name, value in moved.items() if settings[name] != value}
        if moved:
            run = self.session.run
            self.session.change(moved, time.perf_counter())
            if self.session.run is not run:
                self.say(Answer())  # what was said is of the run before
        return bool(moved)

    def _on_play(self) -> None:
        self.go_on()
        self.playing = True

    def go_on(self) -> None:
        """After the end of a run: the next one of a replay, or the same anew."""
        if self.session.run.ended and self.session.scenes:
            self.say(self.session.go_on())
        elif self.session.run.ended:
            self.session.restart()

    def _on_step(self) -> None:
        self.playing = False
        if not self.session.run.ended:
            self.session.run.step()
            if self.session.run.ended:
                self.say(self.session.finish())

    def _on_reset(self) -> None:
        self.session.restart()
        self.playing = False

    def _on_share(self, text: str) -> None:
        answer = self.session.bring(text)
        self.say(answer)
        self.refused = answer.text
        self.playing = self.playing or not answer.text

    def _on_hint(self) -> None:
        answer = self.session.hint()
        if answer.text:
            self.say(answer)

    def _on_preset(self, name: str) -> None:
        self.session.bring(PRESETS[name].line)
        self.say(Answer(PRESETS[name].look, f"{name[0].upper()}{name[1:]}."))
        self.playing = True

    def _on_replay(self) -> None:
        """The run once more from its start, with its live changes at their steps."""
        self.say(self.session.bring(self.session.run.text))
        self.playing = True

    def _on_file(self, files: tuple) -> None:
        try:
            for file in files[-1:]:
                self.replay(from_lines(bytes(file["content"]).decode("utf-8", "replace")))
        except ValueError as error:
            self.refused = f"Nothing was changed. {error}"
            self.say(Answer(self.refused))

    def replay(self, scenes: tuple[Scene, ...]) -> None:
        self.say(self.session.replay(scenes))
        self.playing = True

    def _on_code(self) -> None:
        self.code_shown = not self.code_shown

    def _turn_card(self, by: int) -> None:
        keys = ["", *CHALLENGES]
        self.begin(keys[(keys.index(self.session.challenge) + by) % len(keys)])

    def begin(self, key: str) -> None:
        self.say(self.session.begin(key))
        self.playing = self.playing and not key
