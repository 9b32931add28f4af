"""The five questions of a lesson: their numbers are the lesson's, and nothing gives one away.

Then the widgets, the form that is stored, and both in a real JupyterLab by keyboard alone.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from functools import cache

import ipywidgets as widgets
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

import build
import lab
import quiz
import written
from build import NOTEBOOKS
from quiz import Question
from texts import MARKUP, shown_texts

LESSONS = quiz.lessons()
NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?")
ABOUT = re.compile(rf"≈ *[-+]?{NUMBER.pattern}")
each_lesson = pytest.mark.parametrize("lesson", LESSONS)


@cache
def cells_of(lesson: str) -> dict[str, NotebookNode]:
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    return {cell.id: cell for cell in build.read(path).cells}


# ==== What may be wrong with questions


def unmeasured(question: Question, cells: dict[str, NotebookNode]) -> list[str]:
    """Numbers of the right answer that its cell does not show; or that there is no such cell.

    A number that the cell shows behind the sign ≈ only has this sign in the answer, too.
    """
    cell = cells.get(question.cell)
    if cell is None or cell.cell_type != "code" or not cell.outputs:
        return [f"no cell with a result: {question.cell}"]
    shown = [o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in cell.outputs]
    shown = "\n".join([cell.source, *shown])
    said = [*question.choices.values()][question.right]
    about = [text.replace("≈", "").strip() for text in ABOUT.findall(said)]
    known = NUMBER.findall(shown)
    firm = {*NUMBER.findall(ABOUT.sub("", shown))}
    found = [number for number in about if number.lstrip("+-") not in known]
    return found + [n for n in NUMBER.findall(ABOUT.sub("", said)) if n not in firm]


def given_away(question: Question) -> list[str]:
    """What is said of a wrong choice and has the right one, or numbers of it."""
    right, said_right = [*question.choices.items()][question.right]
    whole = re.compile(rf"(?<![\w.]){re.escape(quiz.plain(right))}(?!\w|[.]\w)", re.IGNORECASE)
    asked = {*NUMBER.findall(question.text + question.code)}
    telling = {*NUMBER.findall(f"{right} {said_right}")} - asked
    found = []
    for choice, said in question.choices.items():
        if choice != right:
            found += [n for n in NUMBER.findall(said) if n in telling - {*NUMBER.findall(choice)}]
            found += [right] if whole.search(quiz.plain(said)) else []
    return found


def malformed(questions: list[Question]) -> list[str]:
    """What is wrong with the form of a lesson's questions, and what betrays their right choices."""
    found = [f"{len(questions)} questions"] if len(questions) != 5 else []
    places, longest, shortest = Counter(), 0, 0
    for question in questions:
        count = len(question.choices)
        if not 3 <= count <= 4 or not 0 <= question.right < count:
            found.append(f"{count} choices, right is {question.right}: {question.text[:40]}")
            continue
        places[question.right] += 1
        lengths = [len(quiz.plain(choice)) for choice in question.choices]
        others = lengths[: question.right] + lengths[question.right + 1 :]
        longest += lengths[question.right] > max(others)
        shortest += lengths[question.right] < min(others)
        far = lengths[question.right] > max(30, 1.5 * max(others))  # among a few words it is none
        found += [f"the right one is by far the longest: {question.text[:40]}"] * far
        plain = {quiz.plain(choice) for choice in question.choices}
        found += [f"two choices that look alike: {question.text[:40]}"] * (len(plain) < count)
        empty = not all(len(said) > 20 for said in question.choices.values())
        found += [f"a choice of which nothing is said: {question.text[:40]}"] * empty
    if questions and max(places.values(), default=0) > 2:
        found.append(f"the right ones stand in the places {dict(places)}")
    found += [f"{longest} of the right ones are the longest"] * (longest > 2)
    return found + [f"{shortest} of the right ones are the shortest"] * (shortest > 2)


@each_lesson
def test_each_right_answer_was_measured(lesson: str) -> None:
    found = {q.text[:40]: unmeasured(q, cells_of(lesson)) for q in quiz.questions_of(lesson)}
    assert {text: problems for text, problems in found.items() if problems} == {}


@each_lesson
def test_what_is_said_of_a_wrong_choice_does_not_say_the_right_one(lesson: str) -> None:
    assert [found for q in quiz.questions_of(lesson) for found in given_away(q)] == []


@each_lesson
def test_five_questions_whose_form_betrays_nothing(lesson: str) -> None:
    assert malformed(quiz.questions_of(lesson)) == []


def test_over_all_lessons_the_length_of_a_choice_tells_little() -> None:
    longest = shortest = 0
    questions = [question for lesson in LESSONS for question in quiz.questions_of(lesson)]
    for question in questions:
        lengths = [len(quiz.plain(choice)) for choice in question.choices]
        others = lengths[: question.right] + lengths[question.right + 1 :]
        longest += lengths[question.right] > max(others)
        shortest += lengths[question.right] < min(others)
    assert 0.1 < longest / len(questions) < 0.4
    assert 0.1 < shortest / len(questions) < 0.4


GOOD = Question(
    "How large is it, *about*, in `a * b`?",
    {
        "1.5 and more": "There are only so many, said of the first.",
        "2.5": "It is ≈ 2.51, not 3, as was seen there.",
        "0": "Nothing is not what was seen, was it?",
    },
    right=1,
    cell="seen",
)
SEEN = {
    "seen": new_code_cell("x = 3", outputs=[new_output("stream", text="is ≈ 2.51 or 4 in all\n")]),
    "silent": new_code_cell("x = 3"),
}


def edited(**changes) -> Question:
    return dataclasses.replace(GOOD, **changes)


def saying(place: int, said: str) -> Question:
    choices = {c: said if k == place else s for k, (c, s) in enumerate(GOOD.choices.items())}
    return edited(choices=choices)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (GOOD, []),
        (saying(1, "It is 4, and not ≈ 2.51."), []),
        (saying(1, "It is ≈ 2.52, and not 3.1."), ["2.52", "3.1"]),
        (saying(1, "It is 2.51, seen behind the sign only."), ["2.51"]),
        (edited(cell="silent"), ["no cell with a result: silent"]),
        (edited(cell="gone"), ["no cell with a result: gone"]),
    ],
)
def test_a_number_that_was_not_measured_is_seen(question: Question, found: list[str]) -> None:
    assert unmeasured(question, SEEN) == found


def test_a_right_answer_given_away_is_seen() -> None:
    assert given_away(GOOD) == []
    assert given_away(saying(0, "It is less, only 2.51 of them.")) == ["2.51"]
    wordy = edited(choices={"It *falls*": "Why should it do so?", "It rises": "No, it falls."})
    assert given_away(dataclasses.replace(wordy, right=0)) == ["It *falls*"]


def test_a_bad_form_is_seen() -> None:
    assert malformed([GOOD] * 4)[0] == "4 questions"
    assert "places {1: 5}" in malformed([GOOD] * 5)[0]
    varied = [edited(right=place) for place in (0, 1, 2, 1, 2)]
    assert malformed(varied) == []
    long = [edited(right=place) for place in (0, 0, 0, 1, 2)]
    assert "3 of the right ones are the longest" in malformed(long)
    wordy = {"It rises, and later on it falls": "said of it", "It falls": "of that", "No": "no"}
    found = malformed([*varied[:4], edited(choices=wordy, right=0)])
    assert found[0] == f"the right one is by far the longest: {GOOD.text}"
    two = {"`a`": "said of this is enough", "*a*": "said of this is enough", "b": "short"}
    found = malformed([*varied[:4], edited(choices=two, right=2)])
    assert [text.partition(":")[0] for text in found] == [
        "two choices that look alike",
        "a choice of which nothing is said",
    ]
    assert malformed([*varied[:4], edited(right=3)]) == ["3 choices, right is 3: " + GOOD.text]


# ==== In the lessons


@each_lesson
def test_the_quiz_stands_before_the_exercises_and_is_stored_as_it_is_now(lesson: str) -> None:
    cells = cells_of(lesson)
    ids = [*cells]
    place = ids.index("quiz")
    assert ids[place - 1] == "quiz-head"
    assert cells[ids[place + 1]].source.startswith("## Exercises")
    assert cells["quiz"].source == f'from quiz import quiz\n\nquiz("{lesson}")'
    (output,) = cells["quiz"].outputs
    page = quiz.page(quiz.questions_of(lesson))
    assert output.data == {"text/html": page, "text/plain": quiz.STAND_IN}


def test_a_lesson_without_questions_has_no_quiz(monkeypatch) -> None:
    path = NOTEBOOKS / "01_data.ipynb"
    nb = build.read(path)
    before = written.minutes(nb)
    with_quiz = [cell.source for cell in nb.cells]
    monkeypatch.setattr(written, "questions_of", lambda lesson: [])
    without = written.fill(nb, path)
    assert [c.id for c in without.cells if "quiz" in c.metadata.get("tags", [])] == []
    assert written.minutes(without) == before
    monkeypatch.setattr(written, "questions_of", quiz.questions_of)
    again = written.fill(without, path)
    assert [cell.source for cell in again.cells] == with_quiz
    assert written.slide_type(next(c for c in again.cells if c.id == "quiz")) == "skip"


# ==== The widgets


def radios_of(box: widgets.Box) -> list[widgets.RadioButtons]:
    return [child for block in box.children[:-2] for child in block.children[1:2]]


def test_what_was_chosen_is_answered_at_once() -> None:
    questions = quiz.questions_of("01")
    box = quiz.panel(questions)
    score = box.children[-2]
    assert score.value == "0 of 5 right, 5 to answer."
    for number, (radio, question) in enumerate(zip(radios_of(box), questions, strict=True), 1):
        said = box.children[number - 1].children[2]
        assert (radio.index, said.value) == (None, "")
        for place in range(len(question.choices)):
            radio.index = place
            word = "Right" if place == question.right else "No"
            assert said.value == f"<b>{word}.</b> {question.feedback(place)}"
        assert score.value.startswith(f"{number - (radio.index != question.right)} of 5 right")
        radio.index = question.right
    assert score.value == "5 of 5 right."
    radios_of(box)[0].index = (questions[0].right + 1) % 3
    assert score.value == "4 of 5 right."


def test_text_is_text_and_marks_are_marks() -> None:
    question = edited(text=f"*How* {MARKUP} `a * b`?", code=MARKUP, choices={"`<b>`": MARKUP})
    box = quiz.panel([dataclasses.replace(question, right=0)])
    (radio,) = radios_of(box)
    assert radio.options == ("<b>",)  # which ipywidgets shows as text
    radio.index = 0
    texts = [*shown_texts(box), quiz.page([dataclasses.replace(question, right=0)])]
    assert not any("<img" in text for text in texts)
    assert "<em>How</em> &lt;img" in texts[0] and "<code>a * b</code>" in texts[0]
    assert "<summary><code>&lt;b&gt;</code></summary>" in texts[-1]


def test_a_cell_that_is_run_again_closes_what_it_made(capsys) -> None:
    quiz.quiz("01")
    first = quiz._shown["01"]
    inner = first.children[0].children[1]
    quiz.quiz("01")
    assert first.comm is None and inner.comm is None
    assert quiz._shown["01"].comm is not None
    with pytest.raises(ValueError, match="lesson is '99'; allowed: 01"):
        quiz.quiz("99")


# ==== Without a kernel


def test_each_choice_unfolds_what_is_said_of_it() -> None:
    questions = quiz.questions_of("01")
    page = BeautifulSoup(quiz.page(questions), "html.parser")
    folded = page("details", open=False)
    assert page("script") == [] and page("input") == []
    assert len(folded) == sum(len(q.choices) for q in questions) + 1
    pairs = [(choice, said) for q in questions for choice, said in q.choices.items()]
    for details, (choice, said) in zip(folded, pairs, strict=False):
        assert details.summary.get_text() == quiz.plain(choice)
        assert re.sub("^(Right|No)[.] ", "", details.p.get_text()) == quiz.plain(said)
    assert len(folded[-1]("li")) == len(questions)


# ==== In a browser

TIMEOUT = 60_000  # ms, generous: that it answers counts here, not how fast
CELL = """import sys; sys.path[:0] = [".", "notebooks"]
from checks import check
from helpers import make_wave
from quiz import quiz

prediction = 275, 75, 75, 0
check("01.1")
quiz("01")"""
FOCUSED = "document.activeElement.closest('.widget-radio-box label')?.innerText.trim()"
SAID = "text => [...document.querySelectorAll('[role=status]')].some(e => e.innerText === text)"


def barriers(page, where: str) -> list[str]:
    """What axe-core finds in a part of a page, of whatever weight."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=where).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


@pytest.fixture(scope="module")
def browser():
    with lab.chromium() as running:
        yield running


@pytest.fixture(scope="module")
def jupyterlab(browser, tmp_path_factory):
    with lab.jupyterlab(tmp_path_factory.mktemp("lab")) as running:
        yield running


def choose(page, question: Question, place: int) -> None:
    """Go from the first choice of a question, which has the focus, to one, and hear of it."""
    page.keyboard.press("Space")
    for _ in range(place):
        page.keyboard.press("ArrowDown")
    choice = quiz.plain([*question.choices][place])
    assert page.evaluate(FOCUSED) == choice
    said = BeautifulSoup(question.said(place), "html.parser").get_text()
    page.wait_for_function(SAID, arg=said, timeout=TIMEOUT)


@pytest.mark.slow
@pytest.mark.browser
def test_quiz_and_check_by_keyboard_alone_in_jupyterlab(browser, jupyterlab) -> None:
    questions = quiz.questions_of("01")
    with lab.opened(browser, lab.notebook_of(jupyterlab, CELL)) as (page, errors):
        page.wait_for_function(lab.READY, timeout=2 * TIMEOUT)
        page.locator(".jp-Cell .cm-content").first.focus()
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".lstm-quiz [role=radiogroup]", timeout=2 * TIMEOUT)
        assert "Not yet: the parts are right" in page.locator(".jp-OutputArea").inner_text()
        cells = page.locator(".jp-Cell").count()
        for number, question in enumerate(questions):
            for _ in range(20 if number == 0 else 1):  # past the cell, to the first question
                page.keyboard.press("Tab")
                if page.evaluate(FOCUSED):
                    break
            assert page.evaluate(FOCUSED) == quiz.plain(next(iter(question.choices)))
            choose(page, question, question.right)
        page.wait_for_function(SAID, arg="5 of 5 right.", timeout=TIMEOUT)
        for key in ("b", "x", "ArrowUp", "ArrowDown", "ArrowDown"):  # else keys of the notebook
            page.keyboard.press(key)
        page.wait_for_function(SAID, arg="4 of 5 right.", timeout=TIMEOUT)
        assert page.locator(".jp-Cell").count() == cells
        groups = page.locator(".lstm-quiz [role=radiogroup]")
        names = [group.get_attribute("aria-label") for group in groups.all()]
        assert [name[:2] for name in names] == ["1.", "2.", "3.", "4.", "5."]
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            args = {"theme": theme}
            page.evaluate(
                "a => window.jupyterapp.commands.execute('apputils:change-theme', a)", args
            )
            page.wait_for_function(
                "a => document.body.dataset.jpThemeName === a.theme", arg=args, timeout=TIMEOUT
            )
            assert barriers(page, ".jp-OutputArea") == []
        assert lab.too_wide(page) == []
        assert errors == []
