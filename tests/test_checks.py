"""The checks of the exercises: each says what the solutions' answers, right and wrong, deserve.

The cells of a solutions notebook are run here; each ``check("01.3")`` in them is one submission.
A cell without a tag holds the answer, one tagged `second` another right answer, one tagged `wrong`
typical mistakes.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import build
import checks
import written
from build import NOTEBOOKS, code_cells, read
from checks import Exercise, exercises_of, judge

MODULES = sorted((NOTEBOOKS / "exercises").glob("lesson_*.py"))
NUMBERS = [path.stem.removeprefix("lesson_") for path in MODULES]
ENTRIES = [entry for number in NUMBERS for entry in exercises_of(number)]
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")

# Those of lesson 01 stand for all in the inner loop.
SLOW = [[] if entry.key.startswith("01") else [pytest.mark.slow] for entry in ENTRIES]
MARKED = [pytest.param(e, marks=marks) for e, marks in zip(ENTRIES, SLOW, strict=True)]
each_entry = pytest.mark.parametrize("entry", MARKED, ids=lambda entry: entry.key)


def lesson_of(number: str) -> Path:
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    return path


@dataclass(frozen=True)
class Submission:
    """An answer in a solutions notebook, and what was said to it."""

    key: str
    kind: str  # answer, second or wrong
    source: str  # of its cell
    given: dict  # the values of the answer's names
    said: str


@cache
def submissions(number: str) -> list[Submission]:
    """All of a lesson's solutions notebook, in order."""
    found: list[Submission] = []
    space: dict = {"__name__": "solutions"}
    cell = None

    def check(key: str) -> None:
        tags = [tag for tag in cell.metadata.get("tags", []) if tag in ("second", "wrong")]
        (entry,) = [entry for entry in exercises_of(number) if entry.key == key]
        given = {name: space[name] for name in entry.answers}
        kind = tags[0] if tags else "answer"
        found.append(Submission(key, kind, cell.source, given, judge(key, space)))

    original, dtype, threads = checks.check, torch.get_default_dtype(), torch.get_num_threads()
    checks.check = check
    torch.set_num_threads(1)
    try:
        for cell in code_cells(read(NOTEBOOKS / "solutions" / lesson_of(number).name)):
            tags = cell.metadata.get("tags", [])
            if "setup" not in tags and "measured" not in tags:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(cell.source, "cell", "exec"), space)
    finally:
        checks.check = original
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
    return found


def submitted(entry: Exercise, kind: str) -> list[Submission]:
    every = submissions(entry.key.partition(".")[0])
    return [each for each in every if (each.key, each.kind) == (entry.key, kind)]


# ==== Every entry


@each_entry
def test_the_stub_is_not_attempted(entry: Exercise) -> None:
    names = _names_of_the_lesson(entry)
    exec(entry.stub, names)
    assert judge(entry.key, names) == "Not attempted yet."


@each_entry
def test_where_nothing_has_run_it_says_what_to_run(entry: Exercise) -> None:
    said = judge(entry.key, {})
    assert said.startswith("Not checked: there is no `")
    assert checks.RUN_ABOVE in said


@each_entry
@pytest.mark.parametrize("kind", ["answer", "second"])
def test_right_answers_pass(entry: Exercise, kind: str) -> None:
    found = submitted(entry, kind)
    assert found, f"{entry.key} has no {kind} in its solutions notebook"
    assert [each.said for each in found if not each.said.startswith("Right: ")] == []


def is_judged(entry: Exercise) -> bool:
    """Whether a prediction stands beside code; in 04b.2 one that does not hold is refused."""
    both = "prediction" in entry.answers and len(entry.answers) > 1
    return both and "01" <= entry.key < "07" and entry.key != "04b.2"


@pytest.mark.parametrize(
    "entry", [mark for mark in MARKED if is_judged(mark.values[0])], ids=lambda entry: entry.key
)
def test_a_prediction_that_stands_beside_code_is_judged(entry: Exercise) -> None:
    found = [*submitted(entry, "answer"), *submitted(entry, "second")]
    held, not_held = "and so was your prediction", "but your prediction was not"
    words = {word for each in found for word in (held, not_held) if word in each.said}
    assert words == {held, not_held}, "one answer should predict right, and one wrong"


@each_entry
def test_wrong_answers_are_told_apart(entry: Exercise) -> None:
    said = [each.said for each in submitted(entry, "wrong")]
    assert [text for text in said if not text.startswith("Not yet: ")] == []
    assert len(said) >= 2
    assert len({NUMBER.sub("", text) for text in said}) == len(said), "two mistakes, one sentence"


# Predictions that do not hold, where the rest of the answer may be right all the same.
MISTAKEN = {"00.2": "larger", "07.2": "far", "09.2": 0.5, "10.2": "forget", "10b.2": 0}


@pytest.mark.slow
@pytest.mark.parametrize("key", MISTAKEN)
def test_a_prediction_is_told_whether_it_held(key: str) -> None:
    (entry,) = [entry for entry in ENTRIES if entry.key == key]
    (right,) = submitted(entry, "answer")
    assert right.said.startswith("Right: your code is, and so was your prediction. You said ")
    names = {**_names_of_the_lesson(entry), **right.given, "prediction": MISTAKEN[key]}
    said = f"You said {MISTAKEN[key]}."
    assert judge(key, names).startswith(f"Right: your code is, but your prediction was not. {said}")


@each_entry
def test_what_is_said_does_not_give_the_answer_away(entry: Exercise) -> None:
    for wrong in submitted(entry, "wrong"):
        assert given_away(entry, wrong) == []


@each_entry
def test_whatever_is_submitted_no_check_raises(entry: Exercise) -> None:
    (right,) = submitted(entry, "answer")
    raising = {"raises": lambda *args, **kwargs: 1 / 0}
    for name in entry.answers:
        for junk in (None, "text", 42, [], np.nan, {}, len, lambda *args: None, *raising.values()):
            names = {**_names_of_the_lesson(entry), **right.given, name: junk}
            said = judge(entry.key, names)
            assert said.startswith("Not yet: "), (name, junk, said)
            assert len(said) < 500


def _names_of_the_lesson(entry: Exercise) -> dict:
    """What a check asks for beside the answers, as the solutions notebook makes it."""
    rights = [
        submitted(each, "answer")[0] for each in (entry, *_neighbours(entry) * bool(entry.needs))
    ]
    values = [value for right in rights for value in right.given.values()]
    functions = [value for value in values if hasattr(value, "__globals__")]
    return dict(functions[0].__globals__) if functions else {}


def _neighbours(entry: Exercise) -> list[Exercise]:
    return exercises_of(entry.key.partition(".")[0])


def given_away(entry: Exercise, wrong: Submission) -> list[str]:
    """Numbers and code of the right answer in what is said to a wrong one."""
    (right,) = submitted(entry, "answer")
    task = written.tasks(lesson_of(entry.key.partition(".")[0]))[entry.key.partition(".")[2]]
    known = f"{task}\n{entry.stub}\n{wrong.given}\n{wrong.said.partition(' asked for is ')[2]}"
    numbers = set(NUMBER.findall(" ".join(str(x) for x in right.given.values() if _is_value(x))))
    found = [n for n in NUMBER.findall(wrong.said) if n in numbers - {*NUMBER.findall(known)}]
    fragments = [*re.findall(r"`([^`]{4,})`", wrong.said)]
    found += [f for f in fragments if f in right.source and f not in known + wrong.source]
    return found + [line for line in lines_of(right, entry) if line in wrong.said]


FIRST_LINE = "size = len(series) // (parts + 1)"  # of the answer to 01.3


@pytest.mark.parametrize(
    ("key", "said", "found"),
    [
        ("01.1", "not 300 pairs in a series of 500 values", []),
        ("01.1", "the training part has 275 pairs", ["275"]),
        ("01.3", "`growing_splits` gives `series[:border]`", ["series[:border]"]),
        ("01.3", f"begin with {FIRST_LINE} and go on", [FIRST_LINE]),
    ],
)
def test_an_answer_given_away_is_seen(key: str, said: str, found: list[str]) -> None:
    (entry,) = [entry for entry in ENTRIES if entry.key == key]
    assert given_away(entry, Submission(key, "wrong", "", {}, said)) == found


def lines_of(right: Submission, entry: Exercise) -> list[str]:
    """The lines of an answer that give it away."""
    lines = [line.strip() for line in right.source.splitlines()]
    return [line for line in lines if len(line) > 12 and line not in entry.cell]


def _is_value(x) -> bool:
    return isinstance(x, (int, float, str, tuple, list, np.ndarray))


# ==== The notebooks


@pytest.mark.parametrize("number", NUMBERS)
def test_lesson_has_exercises_and_solutions(number: str) -> None:
    path, entries = lesson_of(number), exercises_of(number)
    assert 3 <= len(entries) <= 5
    assert [e.key for e in entries] == [f"{number}.{k}" for k in range(1, len(entries) + 1)]
    assert (path.parent / "solutions" / path.name).is_file()
    stubs = [c for c in code_cells(read(path)) if "exercise" in c.metadata.get("tags", [])]
    assert [cell.source for cell in stubs] == [entry.cell for entry in entries]
    assert [cell.outputs[0].text for cell in stubs] == ["Not attempted yet.\n"] * len(entries)


def test_each_solutions_notebook_belongs_to_exercises() -> None:
    found = sorted(path.name for path in (NOTEBOOKS / "solutions").glob("*.ipynb"))
    assert found == [lesson_of(number).name for number in NUMBERS]


@each_entry
def test_without_the_folder_nothing_holds_the_answer(entry: Exercise) -> None:
    number = entry.key.partition(".")[0]
    lesson = "\n".join(cell.source for cell in read(lesson_of(number)).cells)
    module = (NOTEBOOKS / "exercises" / f"lesson_{number}.py").read_text(encoding="utf-8")
    (right,) = submitted(entry, "answer")
    shown, _, tasks = lesson.partition("## Exercises")
    secret = [line for line in lines_of(right, entry) if line not in shown]
    assert [line for line in secret if line in tasks + module] == []
    values = " ".join(str(x) for x in right.given.values() if _is_value(x))
    assert [n for n in NUMBER.findall(values) if len(n) > 2 and n in NUMBER.findall(module)] == []


def test_a_new_solutions_notebook_has_the_tasks_and_stubs(tmp_path: Path, capfd) -> None:
    path, entries = lesson_of("01"), exercises_of("01")
    (tmp_path / "notebooks").mkdir()
    copy = Path(shutil.copy(path, tmp_path / "notebooks"))
    build.begin_solutions(copy)
    cells = read(copy.parent / "solutions" / copy.name).cells
    assert cells[0].source.startswith("# 01 · Data: solutions")
    assert cells[1].source == written.SETUP
    texts = [text.removeprefix("#") for text in written.tasks(path).values()]  # no section above
    assert [cell.source for cell in cells[2::2]] == texts
    assert [cell.source for cell in cells[3::2]] == [entry.cell for entry in entries]
    assert "begun" in capfd.readouterr().out
    build.begin_solutions(copy)
    assert capfd.readouterr().out == ""


def test_tasks_and_entries_belong_together(tmp_path: Path) -> None:
    path = lesson_of("01")
    nb = read(path)
    nb.cells = [cell for cell in nb.cells if not cell.source.startswith("### 4")]
    with pytest.raises(ValueError, match=r"tasks .* but entries .*'01\.4'"):
        written.fill(nb, path)


def test_challenges_of_the_playground_are_no_tasks() -> None:
    path = lesson_of("08")
    assert [c.source[:5] for c in read(path).cells if "challenges" in c.metadata.get("tags", [])]
    assert "Start: `" not in "".join(written.tasks(path).values())


# ==== The machine

HALVE = """
factor = ...


def halve(series):  # half of each value
    ...
"""


@pytest.fixture
def halving(monkeypatch) -> Exercise:
    """An exercise of a lesson that there is not; its check asks for `wave` of the lesson."""
    monkeypatch.setattr(checks, "EXERCISES", {})

    @checks.exercise("99.1", HALVE)
    def halves(factor, halve, wave) -> str:
        (factor,) = checks.numbers(factor, 1, "factor")
        checks.expect(factor == 0.5, f"not {checks.show(factor)}.")
        found = checks.array_of(halve(wave), "the half", (3,))
        checks.expect((found == 0.5).all(), f"not {checks.show(found)}.")
        return f"{torch.rand(1).item():.6f} {np.random.rand():.6f}"

    return halves


def say(halving: Exercise, source: str, **names) -> str:
    """What is said to an answer that was given in a cell."""
    names = {"np": np, "wave": np.ones(3), **names}
    exec(halving.stub, names)
    filename = f"<cell {abs(hash(source))}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    exec(compile(source, filename, "exec"), names)
    return judge("99.1", names)


RIGHT = "factor = 0.5\ndef halve(series): return series / 2"


def test_the_stub_in_a_cell(halving: Exercise) -> None:
    assert halving.answers == ["factor", "halve"]
    assert halving.needs == ["wave"]
    assert halving.cell == f'from checks import check\n\n{HALVE.strip()}\n\n\ncheck("99.1")'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "Not attempted yet."),
        ("factor = 0.5", "Not attempted yet. Still to do: `halve`."),
        ("factor = (1, ...)", "Not attempted yet."),
        ("def halve(series): pass", "Not attempted yet."),
        ("def halve(x): return x", "Not attempted yet. Still to do: `factor`."),
        ("factor, halve = 2, lambda x: x", "Not yet: not 2."),
        ("factor = halve = None", "Not yet: `factor` should be one number; it is None."),
        ("factor = 0.5\nhalve = 3", "Not yet: the check could not use your answer: TypeError: "),
        (
            "factor = 0.5\ndef halve(series):\n    return 1 / 0",
            "Not yet: your code raised ZeroDivisionError: division by zero in your line "
            "`return 1 / 0`.",
        ),
        (
            "factor = 0.5\ndef halve(series): return seires / 2",
            "Not yet: `seires` in your line `def halve(series): return seires / 2` is not defined. "
            "If it is yours, look at its spelling; if it comes from the lesson, choose Run > Run",
        ),
        ("del wave, factor", "Not checked: there is no `wave` yet. Please choose Run > Run All"),
        ("del halve", "Not checked: there is no `halve`. Give your answer this name"),
        ("factor = 0.5\ndef halve(x): x / 2", "Not yet: the half is None. Is a `return` missing?"),
        (
            "factor = 0.5\ndef halve(x): return x[:2]",
            "Not yet: the half has shape (2,); asked for is (3,).",
        ),
        ("factor = 0.5\ndef halve(x): return x * np.nan", "Not yet: the half holds NaN"),
        (RIGHT, "Right: "),
    ],
)
def test_what_is_said(source: str, said: str, halving: Exercise) -> None:
    assert say(halving, source).startswith(said)


def test_what_a_stub_gives_is_no_answer(monkeypatch) -> None:
    monkeypatch.setattr(checks, "EXERCISES", {})
    given = "def last(x):\n    return x[..., -1]\n\n\nwidth = 3\nfirst = ..."
    assert checks.exercise("99.1", given)(lambda first: "yes").answers == ["first"]


def test_a_class_in_a_stub(monkeypatch) -> None:
    monkeypatch.setattr(checks, "EXERCISES", {})
    stub = "class Head(nn.Module):\n    def forward(self, x):\n        ..."
    checks.exercise("99.1", stub)(lambda Head: "yes")
    names: dict = {"nn": torch.nn}
    exec(stub, names)
    assert judge("99.1", names) == "Not attempted yet."
    exec(stub.replace("...", "return x"), names)
    assert judge("99.1", names) == "Right: yes"


def test_chance_in_a_check_repeats_and_stays_there(halving: Exercise) -> None:
    torch.manual_seed(6), np.random.seed(6)
    first = say(halving, RIGHT)
    torch.manual_seed(5), np.random.seed(5)
    said = [first, say(halving, RIGHT)]
    after = torch.rand(1).item(), np.random.rand()
    torch.manual_seed(5), np.random.seed(5)
    assert (torch.rand(1).item(), np.random.rand()) == after
    assert said[0] == said[1]


def test_a_check_leaves_as_many_threads_as_there_were(halving: Exercise) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1)
        say(halving, RIGHT)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_an_exercise_that_there_is_not(halving: Exercise) -> None:
    assert judge("99.7", {}) == (
        "Not checked: there is no exercise '99.7'; of this lesson there are ['99.1']."
    )
    assert judge("x", {}).startswith("Not checked: there is no exercise 'x'")


def test_what_is_said_of_a_prediction() -> None:
    said = checks.judged(0.12345, False, "0.5 with two")
    assert said == (
        "your code is, but your prediction was not. You said 0.123; measured: 0.5 with two."
    )
    assert checks.judged("lower", True, "0.1").startswith("your code is, and so was your predict")


def test_check_prints_lines_that_fit(halving: Exercise, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "wave", np.ones(3), raising=False)
    checks.check("99.1")
    printed = capsys.readouterr().out
    assert printed.startswith("Not checked: there is no `factor`.")
    assert max(map(len, printed.splitlines())) <= checks.WIDTH


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.12345, "0.123"),
        (4096.0, "4096"),
        (1234.5, "1234"),
        (np.nan, "nan"),
        (np.array([1.0, 2.5]), "(1, 2.5)"),
        ([1, (2, np.float64(3))], "(1, (2, 3))"),
        ((np.int64(2), np.bool_(True)), "(2, True)"),
        ("a", "'a'"),
        ([], "[]"),
        (np.zeros(100), "(0, 0, 0"),
    ],
)
def test_values_in_sentences(value, shown: str) -> None:
    assert checks.show(value).startswith(shown)
    assert len(checks.show(value)) <= 70
