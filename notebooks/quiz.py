"""Five questions to a lesson: ``quiz("01")`` shows them, and says to each choice what it means.

With a kernel they are widgets: radio buttons, and below them what there is to say of the one that
was chosen. Where there is none, the same questions are stored as HTML in which each choice unfolds
what is said of it. A question is one entry in ``quizzes/lesson_NN.py``::

    Question(
        "How large is the error of *persistence*, which repeats the last value?",
        {
            "0.3": "No: it meets the noise more than once ...",
            "0.42": "0.423 was measured: ...",
        },
        right=1,
        cell="cell-26",
    )

Each choice stands with what is said of it; `right` is the place of the right one, from 0, and
`cell` the cell of the lesson that measured it. In all these texts `code` and *emphasis* are marked
as here, and nothing else is markup.
"""

from __future__ import annotations

import html
import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import ipywidgets as widgets
from IPython.display import display

from accessible import accessible

HERE = Path(__file__).resolve().parent
# As the set-up cell of a lesson does, which may not have been run.
sys.path += [path for path in (str(HERE.parent), str(HERE)) if path not in sys.path]
MARK = re.compile(r"`([^`]+)`|\*([^*\s](?:[^*]*[^*\s])?)\*")
STAND_IN = "Five questions: run the notebook to answer them here"


@dataclass(frozen=True)
class Question:
    """One question; see above. `code`, if any, is shown below its text."""

    text: str
    choices: dict[str, str]
    right: int
    cell: str
    code: str = ""

    def said(self, place: int) -> str:
        """What is said of the choice in this place, as HTML."""
        return f"<b>{'Right.' if place == self.right else 'No.'}</b> {self.feedback(place)}"

    def feedback(self, place: int) -> str:
        return marked([*self.choices.values()][place])


_shown: dict[str, widgets.Box] = {}  # by lesson: a cell that is run again closes what it made


def lessons() -> list[str]:
    """The lessons that have a quiz, as "01" or "02b"."""
    paths = sorted((HERE / "quizzes").glob("lesson_*.py"))
    return [path.stem.removeprefix("lesson_") for path in paths]


def questions_of(lesson: str) -> list[Question]:
    """The questions of a lesson, "01" or "02b"; none if it has no module."""
    if lesson not in lessons():
        return []
    return importlib.import_module(f"quizzes.lesson_{lesson}").QUESTIONS


def quiz(lesson: str) -> None:
    """Show the questions of a lesson. Raises ValueError if it has none."""
    questions = questions_of(lesson)
    if not questions:
        raise ValueError(f"lesson is {lesson!r}; allowed: {', '.join(lessons())}")
    if lesson in _shown:
        _close(_shown[lesson])
    box = _shown[lesson] = panel(questions)
    bundle = box._repr_mimebundle_()
    display({**bundle, "text/html": page(questions), "text/plain": STAND_IN}, raw=True)


# ==== With a kernel


def panel(questions: list[Question]) -> widgets.VBox:
    """The questions as widgets, and a line that counts. Callbacks only set widgets' values."""
    score = widgets.HTML(counted(questions, [None] * len(questions))).add_class("lstm-status")
    radios, blocks = [], []
    for number, question in enumerate(questions, 1):
        asked = widgets.HTML(f"<b>{number}.</b> {asking(question)}").add_class("lstm-asked")
        radio = widgets.RadioButtons(
            options=[plain(choice) for choice in question.choices],
            value=None,
            layout={"width": "auto", "margin": "0 0 0 1.2em"},
        )
        radio.tooltip = f"Question {number}"  # without one, ipywidgets writes "null"
        said = widgets.HTML(layout={"margin": "0 0 0 1.2em"}).add_class("lstm-status")
        radios.append(radio)
        blocks.append(widgets.VBox([asked, radio, said]))

        def answer(change: dict, question: Question = question, said: widgets.HTML = said) -> None:
            said.value = "" if change["new"] is None else question.said(change["new"])
            score.value = counted(questions, [radio.index for radio in radios])

        radio.observe(answer, names="index")
    box = widgets.VBox([*blocks, score]).add_class("lstm-quiz")
    box.children = [*box.children, accessible(box)]
    return box


def counted(questions: list[Question], chosen: list[int | None]) -> str:
    """The line below the questions; `chosen` has the place chosen in each, None for none yet."""
    right = sum(q.right == place for q, place in zip(questions, chosen, strict=True))
    left = chosen.count(None)
    return f"{right} of {len(questions)} right" + (f", {left} to answer." if left else ".")


def _close(box: widgets.Box) -> None:
    for child in box.children:
        _close(child) if isinstance(child, widgets.Box) else child.close()
    box.close()


# ==== Without one


def page(questions: list[Question]) -> str:
    """The questions as HTML without script: each choice unfolds what is said of it."""
    parts = []
    for number, question in enumerate(questions, 1):
        parts.append(f"<div><b>{number}.</b> {asking(question)}</div>")
        parts += [
            f"<details><summary>{marked(choice)}</summary><p>{question.said(place)}</p></details>"
            for place, choice in enumerate(question.choices)
        ]
    answers = "\n".join(
        f"<li><b>{marked([*q.choices][q.right])}.</b> {q.feedback(q.right)}</li>" for q in questions
    )
    parts.append(f"<details><summary>Answers</summary><ol>\n{answers}\n</ol></details>")
    return '<div class="quiz">\n' + "\n".join(parts) + "\n</div>"


# ==== Text


def asking(question: Question) -> str:
    """A question's text as HTML, with its code below."""
    code = f"<pre>{html.escape(question.code.strip())}</pre>" if question.code else ""
    return marked(question.text) + code


def marked(text: str) -> str:
    """Text as HTML: `code` and *emphasis* become elements, all else stays as it is written."""

    def element(found: re.Match) -> str:
        return f"<code>{found[1]}</code>" if found[1] else f"<em>{found[2]}</em>"

    return MARK.sub(element, html.escape(text, quote=False))


def plain(text: str) -> str:
    """Text without the marks, for a radio button."""
    return MARK.sub(lambda found: found[1] or found[2], text)
