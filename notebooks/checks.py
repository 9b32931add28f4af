"""Checks of the exercises: ``check("01.3")`` prints what an answer lacks, or that it is right.

What is printed begins with one of four: *Not attempted yet*; *Not checked*, where a name is
missing; *Not yet*, with what is wrong; *Right*, with what it means. A check asks for properties, so
that any right approach passes, and neither prints nor holds an answer.

An exercise is one entry in ``exercises/lesson_NN.py``::

    @exercise("01.3", '''
    def growing_splits(series, parts):
        ...
    ''')
    def growing(growing_splits):
        found = growing_splits(np.arange(30.0), 4)
        expect(len(found) == 4, f"with parts=4 there should be 4 pairs; you give {len(found)}.")
        return "each border ..."

The arguments of the function below the stub are names of the notebook: what the stub asks for, and
whatever else the check needs of the lesson. The build writes the stub into the lesson. Answers are
in ``solutions/``, right ones and typical wrong ones; the tests submit them all.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
# As the set-up cell of a lesson does, which may not have been run.
sys.path += [path for path in (str(HERE.parent), str(HERE)) if path not in sys.path]
RUN_ABOVE = "choose Run > Run All Above Selected Cell, then run this cell again."
WIDTH = 96  # of what is printed


class Wrong(Exception):
    """What is wrong with an answer: a sentence for whoever gave it."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: its key, "01.3"; its stub, Python source; and its check.

    `examine` takes names of the notebook as arguments. It raises Wrong, or returns the sentence
    that follows "Right:".
    """

    key: str
    stub: str
    examine: Callable[..., str]

    @property
    def cell(self) -> str:
        """The source of the cell in the lesson."""
        before = "\n\n\n" if self.stub.startswith(("def ", "class ")) else "\n\n"
        after = "\n\n\n" if self.stub.splitlines()[-1].startswith(" ") else "\n\n"
        return f'from checks import check{before}{self.stub}{after}check("{self.key}")'

    @cached_property
    def answers(self) -> list[str]:
        """The names in the stub that are still to be given: those with a `...`."""
        statements = ast.parse(self.stub).body
        return [name for each in statements if _is_open(each) for name in _names(each)]

    @property
    def needs(self) -> list[str]:
        """The names of the lesson that the check asks for."""
        return [n for n in inspect.signature(self.examine).parameters if n not in self.answers]

    def is_open(self, name: str, names: dict) -> bool:
        """Whether the answer of this name, among those of a notebook, is still that of the stub."""
        fresh = dict(names)
        with contextlib.suppress(NameError):  # a class whose base is not there
            exec(self.stub, fresh)
        codes = _codes(names[name])
        return _has_ellipsis(names[name]) or (bool(codes) and codes == _codes(fresh[name]))


EXERCISES: dict[str, Exercise] = {}  # by key; filled as the modules of `exercises` are imported


def exercise(key: str, stub: str) -> Callable[[Callable[..., str]], Exercise]:
    """A decorator that makes an Exercise of a check, and puts it into EXERCISES."""

    def enter(examine: Callable[..., str]) -> Exercise:
        EXERCISES[key] = Exercise(key, textwrap.dedent(stub).strip(), examine)
        return EXERCISES[key]

    return enter


def exercises_of(lesson: str) -> list[Exercise]:
    """The exercises of a lesson, "01" or "02b", in order; none if it has no module."""
    if (HERE / f"exercises/lesson_{lesson}.py").is_file():
        importlib.import_module(f"exercises.lesson_{lesson}")
    return [EXERCISES[key] for key in sorted(EXERCISES) if key.partition(".")[0] == lesson]


def check(key: str) -> None:
    """Print what there is to say about the notebook's answer to exercise `key`."""
    text = judge(key, vars(sys.modules["__main__"]))
    print(textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False))


def judge(key: str, names: dict) -> str:
    """What there is to say about the answer to exercise `key` among these names. Never raises."""
    known = {entry.key: entry for entry in exercises_of(key.partition(".")[0])}
    if key not in known:
        return f"Not checked: there is no exercise {key!r}; of this lesson there are {[*known]}."
    entry = known[key]
    for name in entry.needs:
        if name not in names:
            return f"Not checked: there is no `{name}` yet. Please {RUN_ABOVE}"
    for name in entry.answers:
        if name not in names:
            return (
                f"Not checked: there is no `{name}`. Give your answer this name, and run the cell "
                f"that defines it. If the lesson has not been run, {RUN_ABOVE}"
            )
    left = [f"`{name}`" for name in entry.answers if entry.is_open(name, names)]
    if left:
        rest = f". Still to do: {', '.join(left)}" if len(left) < len(entry.answers) else ""
        return f"Not attempted yet{rest}."
    values = {name: names[name] for name in inspect.signature(entry.examine).parameters}
    try:
        with _own_chance():
            return f"Right: {entry.examine(**values)}"
    except Wrong as wrong:
        return f"Not yet: {wrong}"
    except Exception as error:
        return f"Not yet: {_trouble(error, [names[name] for name in entry.answers])}"


# ==== For the authors of checks


def expect(ok, sentence: str) -> None:
    """Refuse the answer with this sentence, unless `ok`."""
    if not ok:
        raise Wrong(sentence)


def numbers(value, count: int, name: str = "prediction") -> np.ndarray:
    """An answer that should be `count` numbers, as an array (count,); refused if it is not."""
    try:
        array = np.asarray(value, dtype=float).ravel()
    except (TypeError, ValueError):
        array = np.zeros(0)
    asked = "one number" if count == 1 else f"{count} numbers, in brackets, with commas between"
    ok = array.size == count and np.isfinite(array).all()
    expect(ok, f"`{name}` should be {asked}; it is {show(value)}.")
    return array


def judged(said, held: bool, measured: str = "") -> str:
    """What follows "Right:" where a prediction was asked, too: whether it held, and what held."""
    how = "and so was your prediction" if held else "but your prediction was not"
    words = said if isinstance(said, str) else show(said)
    return f"your code is, {how}. You said {words}{f'; measured: {measured}' if measured else ''}."


def array_of(value, what: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """What an answer gave as an array of floats, of this shape if one is named; or refused."""
    expect(value is not None, f"{what} is None. Is a `return` missing?")
    try:
        array = np.asarray(value.detach().cpu() if torch.is_tensor(value) else value, dtype=float)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{what} should hold numbers; it is {show(value)}.") from None
    if shape is not None:
        asked = shape or "one number"
        expect(array.shape == shape, f"{what} has shape {array.shape}; asked for is {asked}.")
    expect(np.isfinite(array).all(), f"{what} holds NaN or infinite values.")
    return array


def show(value) -> str:
    """A value in a sentence: numbers rounded to three digits, and nothing longer than a line."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        whole = value == round(value, 0) or abs(value) >= 100
        return f"{value:.0f}" if whole else f"{value:.3g}"
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    if isinstance(value, (tuple, list)) and value:
        text = f"({', '.join(map(show, value))})"
    else:
        text = repr(value)
    return textwrap.shorten(text, 70, placeholder=" ...")


# ==== What stands in a stub, and what became of it


def _is_open(statement: ast.stmt) -> bool:
    """Whether `...` stands in it as a statement or as a value, and not as in ``x[..., 0]``."""
    inside = [node for node in ast.walk(statement) if isinstance(node, (ast.Expr, ast.Assign))]
    return any(isinstance(node.value, ast.Constant) and node.value.value is ... for node in inside)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    return [target.id for target in node.targets]  # of an assignment


def _has_ellipsis(value) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_has_ellipsis, value))
    return value is ...


def _codes(answer) -> list[tuple]:
    """What a function does, or the methods of a class: equal if made from the same source."""
    return [_code(each.__code__) for each in _functions(answer)]


def _functions(answer) -> list[FunctionType]:
    members = vars(answer).values() if isinstance(answer, type) else [answer]
    return [each for each in members if isinstance(each, FunctionType)]


def _code(code: CodeType) -> tuple:
    constants = [_code(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return code.co_name, code.co_code, code.co_names, constants


# ==== Around a check


@contextlib.contextmanager
def _own_chance() -> Iterator[None]:
    """The same random numbers for each check, and one thread; then all is as it was before.

    For networks as small as those of the checks a second thread mostly waits.
    """
    before, threads = np.random.get_state(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            np.random.seed(0)
            yield
    finally:
        np.random.set_state(before)
        torch.set_num_threads(threads)


def _trouble(error: Exception, answers: list) -> str:
    """What to say of an error that was raised in a check: mostly, in the answer's own code."""
    files = {each.__code__.co_filename for answer in answers for each in _functions(answer)}
    lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    said = textwrap.shorten(f"{type(error).__name__}: {error}", 200, placeholder=" ...")
    where = f" in your line `{lines[-1].line}`" if lines and lines[-1].line else ""
    if type(error) is NameError and lines:
        return (
            f"`{error.name}`{where} is not defined. If it is yours, look at its spelling; if it "
            f"comes from the lesson, {RUN_ABOVE}"
        )
    if lines:
        return f"your code raised {said}{where}."
    return f"the check could not use your answer: {said}."
