"""Grading a class: what is found in a folder, which cells an answer needs, and thirty notebooks.

The thirty are made from the answers in the solutions, right and wrong, and from ten notebooks that
are hostile or broken. Each runs as it would for a teacher.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import grade
from build import NOTEBOOKS, code_cells, read
from checks import exercises_of
from grade import Handed, Limits, Plan, Verdict, Workshop
from grade_cells import CALL, cell_from, needed

ROOT = NOTEBOOKS.parent
ENTRIES = exercises_of("01")


# ==== What was handed in


@pytest.mark.parametrize(
    ("file", "student"),
    [
        ("anna_01_data.ipynb", "anna"),
        ("Müller-Lüdenscheidt 06b_far_ahead.ipynb", "Müller-Lüdenscheidt"),
        ("01_data.ipynb", "01_data"),
        ("h10_01_data.ipynb", "h10"),
        ("homework.ipynb", "homework"),
        ("ben/01_data.ipynb", "ben"),
        ("ben/week 1/01_data.ipynb", "ben"),
        ("Cem Öz_123456_assignsubmission_file_/01_data.ipynb", "Cem Öz"),
        ("week 1/Cem Öz_123456_assignsubmission_file_/01_data.ipynb", "Cem Öz"),
    ],
)
def test_student_by_folder_or_name(file: str, student: str) -> None:
    assert grade.student_of(file) == student


def test_notebooks_are_found_in_folders_and_zips(tmp_path: Path) -> None:
    (tmp_path / "ben/.ipynb_checkpoints").mkdir(parents=True)
    for name in ("ben/a.ipynb", "ben/.ipynb_checkpoints/a.ipynb", "ben/._a.ipynb", "notes.txt"):
        (tmp_path / name).write_text("x")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("cem/b.ipynb", "__MACOSX/cem/b.ipynb", "../../d.ipynb", "cem/b.txt"):
            archive.writestr(name, "y")
    (tmp_path / "broken.zip").write_text("z")
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "ben/a.ipynb")
    found = dict(grade.find(tmp_path))
    assert [*found] == ["all/cem/b.ipynb", "all/../../d.ipynb", "ben/a.ipynb", "broken"]
    assert found["all/cem/b.ipynb"]() == b"y"
    with pytest.raises(ValueError, match=r"broken\.zip is no zip"):
        found["broken"]()
    assert [name for name, _ in grade.find(tmp_path / "all.zip")] == [
        "cem/b.ipynb",
        "../../d.ipynb",
    ]


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a.ipynb").write_text("x" * 11)
    monkeypatch.setattr(grade, "LARGEST", 10)
    ((_, content),) = grade.find(tmp_path)
    with pytest.raises(ValueError, match="clear its outputs"):
        content()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"nbformat": 4}']
)
def test_what_is_no_notebook_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no notebook: "):
        grade.cells_of(content)


def test_a_notebook_with_a_book_in_it_is_refused() -> None:
    content = nbformat.writes(new_notebook(cells=[new_code_cell("x" * 600_000)] * 2)).encode()
    with pytest.raises(ValueError, match="more than 1000000 characters"):
        grade.cells_of(content)


def test_older_formats_are_read() -> None:
    nb = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("check('01.1')")])]
    )
    content = b"\xef\xbb\xbf" + nbformat.v3.writes_json(nb).encode()
    assert grade.cells_of(content) == [("code", "check('01.1')")]


def test_lesson_by_its_checks_then_by_its_name() -> None:
    cells = [("code", 'check("03.1")'), ("code", "check( '03.2' )"), ("code", 'check("01.1")')]
    assert grade.lesson_of(cells, "anna_01_data.ipynb") == "03"
    assert grade.lesson_of([("code", 'check("99.1")')], "anna_01_data (2).ipynb") == "01"
    assert grade.lesson_of([], "anna.ipynb") == ""


# ==== Which cells an answer needs


@pytest.mark.parametrize(
    ("source", "binds", "uses", "changes", "calls"),
    [
        ("x = a + b", "x", "a b", "", ""),
        ("x = 1\nprint(x, y)", "x", "y", "", ""),
        ("x += y", "", "x y", "x", ""),
        ("for k in xs:\n    z = k + w", "k z", "w xs", "", ""),
        ("x[0] = a\ny.z = b", "", "a b x y", "x y", ""),
        ("model.train()\nfit(net, 3)", "", "fit model net", "model net", ""),
        ("def f(a, b=c):\n    t = a + d\n    return t", "f", "c", "", "d"),
        ("f = lambda a: a + d", "f", "", "", "d"),
        ("x = [k * m for k in ks]", "x", "ks m", "", ""),  # before 3.12 a function, too
        ("def f(ks): return [k * m for k in ks]", "f", "", "", "m"),
        ("class A(B):\n    def f(self): return c", "A", "B", "", "c"),
        ("import a.b as c, d.e\nfrom f import g", "c d g", "", "", ""),
        ("%matplotlib inline\nx = 1", "x", "get_ipython", "get_ipython", ""),
        ("(a, b), *c = d", "a b c", "d", "", ""),
        ("x = (", "", "", "", ""),
        ("x = a" + ".b" * 5000, "", "", "", ""),
        ("x = " + "-" * 30_000 + "1", "", "", "", ""),
        ("x = " + "(" * 30_000, "", "", "", ""),
        ("x = 1\n" * 20_000, "", "", "", ""),
    ],
)
def test_names_of_a_cell(source: str, binds: str, uses: str, changes: str, calls: str) -> None:
    cell = cell_from(source)
    assert sorted(cell.binds) == binds.split()
    assert sorted(cell.uses) == uses.split()
    assert sorted(cell.changes) == changes.split()
    assert cell.calls >= {*calls.split()}


def chosen(*sources: str, names: str = "answer") -> list[int]:
    cells = [cell_from(source) for source in sources]
    return needed(cells, len(cells) - 1, {*names.split()})


def test_only_what_an_answer_needs_is_run() -> None:
    assert chosen("import x", "a = 1", "b = 2", "answer = a") == [0, 1, 3]
    assert chosen("a = 1", "a = 2", "answer = a") == [1, 2], "the last one counts"
    assert chosen("a = []", "a.append(1)", "answer = a") == [0, 1, 2], "and what changes it"
    assert chosen("c = 1", "a = c", "b = a", "answer = b") == [0, 1, 2, 3]
    assert chosen("def f(): return g", "g = 1", "answer = f") == [0, 1, 2], "though it is below"
    assert chosen("import t", "t.seed(0)", "answer = t.x") == [0, 2], "a module is no value"
    assert chosen("data = 1", "answer = 2", names="answer data") == [0, 1], "what the check needs"
    assert chosen("from checks import check\ncheck('01.1')", "answer = 1") == [1]


def lesson(*answers: str) -> list[tuple[str, str]]:
    """The cells of lesson 01 that stand below its tasks."""
    cells = [("markdown", "## Exercises")]
    for number, answer in enumerate(answers, 1):
        cells += [("markdown", f"### {number} · Task"), ("code", answer)]
    return cells


STUBS = [entry.cell for entry in ENTRIES]
GIVEN = 'prediction = 275, 75, 75, 50\n\ncheck("01.1")'


def test_words_for_which_nothing_is_run() -> None:
    first = ENTRIES[0]
    assert grade.planned(lesson(*STUBS), first, False).word == "open"
    assert grade.planned(lesson(f"{STUBS[0]}\n\n"), first, False).word == "open"
    assert grade.planned([], first, False).word == "missing"
    text = grade.planned([("markdown", GIVEN)], first, False)
    assert (text.word, "code cell" in text.sentence) == ("missing", True)
    below = [*lesson(STUBS[0]), ("code", GIVEN)]  # the stub was left where it is
    assert isinstance(grade.planned(below, first, False), Plan)


def test_where_an_answer_is_judged() -> None:
    first, third = ENTRIES[0], ENTRIES[2]
    assert grade.places(lesson(GIVEN), first) == [2]
    assert grade.places([*lesson(GIVEN), ("code", GIVEN)], first) == [2, 3], "twice"
    assert grade.places(lesson("", "", "def growing_splits(s, p): pass"), third) == [6], "no check"
    assert grade.places(lesson("", "", "def growing_splits(s, p"), third) == [6], "nor a name"
    below = [*lesson("", "", STUBS[2]), ("code", "def growing_splits(s, p): pass")]
    assert grade.places(below, third) == [6, 7], "the answer below the stub"


def test_what_a_notebook_has_no_longer_is_taken_from_the_lesson() -> None:
    plan = grade.planned([("code", 'exact_share = by_analogy\ncheck("01.2")')], ENTRIES[1], False)
    sources = [source for source, _ in plan.cells]
    assert any(source.startswith("def by_analogy") for source in sources)
    assert [judged for _, judged in plan.cells] == [False] * (len(sources) - 1) + [True]
    own = [("code", "def by_analogy(): pass"), ("code", 'exact_share = by_analogy\ncheck("01.2")')]
    sources = [source for source, _ in grade.planned(own, ENTRIES[1], False).cells]
    assert "def by_analogy(): pass" in sources
    assert not any(source.startswith("def by_analogy(test_x") for source in sources)


# ==== What a process told, and the table


def line(secret: str = "s", key: str = "01.1", **more) -> str:
    return json.dumps({"secret": secret, "key": key, **more})


def told(run: Path) -> list[str]:
    return [each.get("word", "begun") for each in grade.told_by(run, "s", {"01.1", "01.2"})]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out/told.jsonl"


def test_only_lines_of_the_process_count(out: Path) -> None:
    right = {"word": "right", "sentence": "", "changed": []}
    lines = [
        line(),
        line("forged", **{**right, "word": "open"}),
        "{",
        "[]",
        "7",
        line(key="9.9"),
        line(word="right"),
    ]
    lines += [line(**right), line(**{**right, "word": "wrong"}), line(key="01.2")]
    out.write_text("\n".join(lines), encoding="utf-8")
    assert told(out.parents[1]) == ["begun", "right", "begun"]


@pytest.mark.skipif(os.name != "posix", reason="there are no such files")
def test_a_file_that_never_ends_is_not_read(out: Path) -> None:
    assert told(out.parents[1]) == []
    os.mkfifo(out)
    assert told(out.parents[1]) == []
    out.unlink()
    out.symlink_to("/dev/zero")
    assert told(out.parents[1]) == []
    out.unlink()
    with out.open("wb") as file:
        file.truncate(1 << 34)
    assert told(out.parents[1]) == []


def test_table_and_sentences(tmp_path: Path) -> None:
    verdicts = {"01.1": Verdict("right", "Right: yes."), "01.2": Verdict("wrong", "Not yet: no\n.")}
    handed = [
        Handed("a.ipynb", "anna", "01", verdicts),
        Handed("=1+1.ipynb", "=1+1", "", {}, "no\nlesson"),
    ]
    grade.write(handed, tmp_path / "grades.csv")
    rows = list(csv.reader((tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="")))
    assert rows == [
        ["file", "student", "lesson", "01.1", "01.2", "note"],
        ["a.ipynb", "anna", "01", "right", "wrong", ""],
        ["'=1+1.ipynb", "'=1+1", "", "", "", "no lesson"],
    ]
    text = (tmp_path / "grades.txt").read_text(encoding="utf-8")
    assert "a.ipynb (anna)\n01.1 right: yes.\n01.2 wrong: no .\n\n=1+1.ipynb" in text
    assert [row.split() for row in grade.summary(handed).splitlines()] == [
        ["right", "wrong", "open"],
        ["01.1", "1", "0", "0"],
        ["01.2", "0", "1", "0"],
    ]


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_cell_of_the_table_is_a_formula(value: str, tmp_path: Path) -> None:
    grade.write([Handed(value, value, "", {}, value)], tmp_path / "g.csv")
    content = (tmp_path / "g.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")  # by which Excel knows UTF-8
    (_, row) = csv.reader(content.decode("utf-8-sig").splitlines())
    assert row == [f"'{value}", f"'{value}", "", f"'{value}"]


def test_a_notebook_gets_nothing_of_the_teachers_environment(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TEACHERS_WORD", "secret")
    given = grade.environment(tmp_path)
    assert "TEACHERS_WORD" not in given
    assert given["HOME"] == str(tmp_path / "home")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere is neither a folder nor a zip"),
        ([".", "--out", "grades.xlsx"], "grades.xlsx: a name that ends in .csv"),
        ([".", "--out", "no/grades.csv"], "in a folder that exists"),
        ([".", "--seconds", "0"], "--seconds 0.0: a number above 0"),
        ([".", "--memory", "nan"], "--memory nan: a number above 0"),
        ([".", "--jobs", "-1"], "--jobs -1: a number above 0"),
    ],
)
def test_bad_arguments_are_refused(arguments, said, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        grade.main(arguments)
    assert said in capsys.readouterr().err


def test_an_empty_folder(tmp_path: Path, capsys) -> None:
    assert grade.main([str(tmp_path), "--out", str(tmp_path / "g.csv")]) == 1
    assert "there is no notebook in" in capsys.readouterr().err


def test_where_nothing_can_be_judged_it_says_so(tmp_path: Path, capsys) -> None:
    (tmp_path / "anna.ipynb").write_text("{}")
    arguments = [str(tmp_path), "--out", str(tmp_path / "g.csv"), "--memory", "0.01"]
    assert grade.main(arguments) == 1
    assert "a stub of lesson 01 is" in capsys.readouterr().err
    assert not (tmp_path / "g.csv").exists()


def test_a_fault_of_the_grader_loses_no_other(monkeypatch) -> None:
    def broken(*arguments) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(grade, "_judge", broken)
    content = nbformat.writes(new_notebook(cells=[new_code_cell(GIVEN)])).encode()
    handed = grade.grade("0", "a.ipynb", lambda: content, None)
    assert handed.note == "not graded: OSError: no space left"
    assert {verdict.word for verdict in handed.verdicts.values()} == {"missing"}


# ==== A process


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    """One as for a class, but without bwrap: what is shown then holds everywhere."""
    made = Workshop(tmp_path_factory.mktemp("workshop"), Limits(seconds=60))
    made.could_be_walled, made.walled = made.walled, False
    return made


def test_the_copy_of_the_series_has_no_answers(workshop: Workshop) -> None:
    names = {path.name for path in (workshop.folder / "series").rglob("*")}
    assert {"helpers.py", "checks.py", "explorer.py", "sunspots.csv", "lesson_06.py"} <= names
    assert not any(name == "solutions" or name.endswith(".ipynb") for name in names)


TRIES = """
import ctypes, glob, os, shutil, socket, subprocess, sqlite3, sys, torch
from pathlib import Path

outside = Path({outside!r})
(Path.home() / "link").symlink_to("link-to-nothing")
Path("mine").mkdir()
Path("mine/file").write_text("mine")
torch.save(torch.zeros(3), "mine/tensor")
assert torch.load("mine/tensor").shape == (3,)
tries = {{
    "read": lambda: (outside / "secret").read_text(),
    "write": lambda: (outside / "new").write_text("x"),
    "append": lambda: open(outside / "secret", "a"),
    "descriptor": lambda: os.open(outside / "new", os.O_CREAT | os.O_WRONLY),
    "list": lambda: os.listdir(outside),
    "walk": lambda: list(os.scandir(outside)),
    "remove": lambda: os.remove(outside / "secret"),
    "tree": lambda: shutil.rmtree(outside),
    "move in": lambda: os.rename(outside / "secret", "mine/secret"),
    "move out": lambda: os.rename("mine/file", outside / "new"),
    "hard link": lambda: os.link(outside / "secret", "mine/secret"),
    "soft link": lambda: os.symlink("mine/file", outside / "new"),
    "through a link": lambda: (os.symlink(outside, "mine/out"), open("mine/out/secret", "w")),
    "up": lambda: open(f"mine/../../../../../../../../{{outside}}/new", "w"),
    "series": lambda: open(sys.modules["helpers"].__file__, "w"),
    "results": lambda: open("../out/told.jsonl", "a"),
    "database": lambda: sqlite3.connect(outside / "new"),
    "tensor": lambda: torch.save(torch.zeros(3), outside / "new"),
    "named tensor": lambda: torch.save(obj=torch.zeros(3), f=f"{{outside}}/new"),
    "chmod": lambda: os.chmod(outside / "secret", 0o777),
    "fork": lambda: os.fork() or os._exit(0),
    "program": lambda: subprocess.run(["touch", outside / "new"]),
    "shell": lambda: os.system(f"touch {{outside}}/new"),
    "magic": lambda: get_ipython().run_cell_magic("bash", "", f"touch {{outside}}/new"),
    "kill": lambda: os.kill(os.getppid(), 0),
    "library": lambda: ctypes.CDLL(None),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9), 1),
    "listen": lambda: socket.socket().bind(("127.0.0.1", 0)),
    "name": lambda: socket.getaddrinfo("localhost", 80),
}}
done = []
for name, attempt in tries.items():
    try:
        attempt()
        done.append(name)
    except PermissionError:
        pass
    except BaseException as error:
        done.append((name, repr(error)))
prediction = [str(done)]
check("01.1")
"""


def test_the_guard(workshop: Workshop, tmp_path: Path) -> None:
    """The check says what could be done: nothing."""
    (tmp_path / "secret").write_text("secret")
    source = TRIES.format(outside=str(tmp_path))
    plan = Plan("01.1", (("from checks import check\nimport helpers", False), (source, True)))
    found, _ = workshop.verdicts("guard", "01", [plan])
    assert found["01.1"].sentence.endswith("it is ('[]')."), found
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert (tmp_path / "secret").read_text() == "secret"
    assert not list(workshop.folder.glob("guard*"))


ROUND = """
import torch
from checks import check
try:
    writer = torch._C.PyTorchFileWriter({path!r})
    writer.write_record("x", b"x", 1)
    writer.write_end_of_file()
except RuntimeError:
    pass
prediction = 1, 2, 3, 4
check("01.1")
"""


@pytest.mark.slow
@pytest.mark.parametrize("walled", [True, False], ids=["with bwrap", "without"])
def test_only_bwrap_stops_what_goes_round_python(
    walled: bool, workshop: Workshop, tmp_path: Path
) -> None:
    """It is said in the documentation; if the second of these fails, that can be taken back."""
    if walled and not workshop.could_be_walled:
        pytest.skip("bwrap does not work here")
    workshop.walled = walled
    path = tmp_path / "round"
    plan = Plan("01.1", ((ROUND.format(path=str(path)), True),))
    found, _ = workshop.verdicts("round", "01", [plan])
    workshop.walled = False
    assert found["01.1"].word == "wrong", found
    assert path.exists() == (not walled)


@pytest.mark.slow
def test_who_ran_out_of_memory_leaves_none_of_it_to_the_next(workshop: Workshop) -> None:
    """The next exercise has a process of its own; without one it would see the mark."""
    first = "import builtins\nbuiltins.mark = 1\nraise MemoryError"
    second = "import builtins\nprediction = 7 + getattr(builtins, 'mark', 0), 2, 3, 4\n"
    plans = [Plan("01.2", ((first, True),)), Plan("01.1", ((second, True),))]
    found, _ = workshop.verdicts("memory", "01", plans)
    assert found["01.2"].word == "memory", found
    assert "does not have 7 pairs" in found["01.1"].sentence, found


def test_the_last_attempt_counts_and_leaves_no_names_to_the_next(workshop: Workshop) -> None:
    twice = "from checks import check\nexact_share = lambda series, window: 0.5\n"
    twice += f'prediction = 1, 2, 3, 4\ncheck("01.1")\n{GIVEN}'
    alone = 'from checks import check\nprediction = 0.5\ncheck("01.2")'
    plans = [Plan("01.1", ((twice, True),)), Plan("01.2", ((alone, True),))]
    found, _ = workshop.verdicts("names", "01", plans)
    assert found["01.1"].word == "right", found
    assert found["01.2"].word == "unchecked", found


def test_who_replaces_what_judges_is_judged_all_the_same(workshop: Workshop) -> None:
    source = "import numpy as np\nfrom checks import check\nright = np.array([275.0, 75, 75, 50])\n"
    source += "old = np.asarray\n"
    source += "np.asarray = lambda v, *a, **k: right if isinstance(v, str) else old(v, *a, **k)\n"
    source += 'prediction = "mine"\ncheck("01.1")'
    found, note = workshop.verdicts("replaced", "01", [Plan("01.1", ((source, True),))])
    assert found["01.1"].word == "wrong", found
    assert note == "changes numpy.asarray"


# ==== Thirty notebooks


@cache
def answers(file: str, kind: str) -> dict[str, str]:
    """The first cell of a kind in a lesson's solutions, by exercise."""
    found: dict[str, str] = {}
    for cell in code_cells(read(NOTEBOOKS / "solutions" / file)):
        tags = {*cell.metadata.get("tags", [])} & {"second", "wrong"} or {"answer"}
        for number, task in CALL.findall(cell.source):
            if kind in tags:
                found.setdefault(f"{number}.{task}", f"from checks import check\n\n{cell.source}")
    return found


def handed_in(file: str, kind: str = "answer", **cells: str) -> nbformat.NotebookNode:
    """A lesson with the answers of one kind in it; a cell for `e2` takes the place of 01.2's."""
    nb = read(NOTEBOOKS / file)
    for cell in code_cells(nb):
        if "exercise" in cell.metadata.get("tags", []):
            number, name = file.partition("_")[0], cell.id.replace("exercise-", "e")
            if kind != "open":
                cell.source = answers(file, kind)[f"{number}.{name[1:]}"]
            cell.source = cells.get(name, cell.source)
    return nb


def only_exercises(nb: nbformat.NotebookNode) -> nbformat.NotebookNode:
    nb.cells = [cell for cell in nb.cells if "exercise" in cell.metadata.get("tags", [])]
    return nb


def without_cell(nb: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    nb.cells = [cell for cell in nb.cells if cell.id != name]
    return nb


def as_text(nb: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    nb.cells = [new_markdown_cell(c.source) if c.id == name else c for c in nb.cells]
    return nb


def with_cell(nb: nbformat.NotebookNode, source: str, at: int) -> nbformat.NotebookNode:
    nb.cells.insert(at if at >= 0 else len(nb.cells), new_code_cell(source))
    return nb


DATA, MODEL, EVALUATION = "01_data.ipynb", "03_model.ipynb", "06_evaluation.ipynb"
SPLITS = answers(DATA, "answer")["01.3"]
# What the cells of the solutions have from cells above.
PADDED = "from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence\n"
PADDED += answers(MODEL, "second")["03.4"]
OTHER = f"prediction = 0.1\n{answers(DATA, 'second')['01.2']}"
RIGHT, WRONG, OPEN = (4 * [word] for word in ("right", "wrong", "open"))
END = '\nfrom checks import check\ncheck("01.2")'


def but(words: list[str], place: int, word: str) -> list[str]:
    return [*words[: place - 1], word, *words[place:]]


HONEST: dict[str, tuple[Callable, list[str]]] = {
    "anna_01_data.ipynb": (lambda: handed_in(DATA), RIGHT),
    "ben/01_data.ipynb": (lambda: handed_in(DATA), RIGHT),
    "Cem Öz_77_assignsubmission_file_/data.ipynb": (
        lambda: handed_in(DATA, "second", e2=OTHER),
        RIGHT,
    ),
    "dora_01_data.ipynb": (lambda: handed_in(DATA, "second", e2=OTHER), RIGHT),
    "emil_01_data.ipynb": (lambda: handed_in(DATA, "wrong"), WRONG),
    "fay_01_data.ipynb": (lambda: handed_in(DATA, "wrong", e3=SPLITS), but(WRONG, 3, "right")),
    "gus_01_data.ipynb": (lambda: handed_in(DATA, "open"), OPEN),
    "hal_01_data.ipynb": (lambda: handed_in(DATA, "open", e3=SPLITS), but(OPEN, 3, "right")),
    "ida_03_model.ipynb": (lambda: handed_in(MODEL, "second", e4=PADDED), RIGHT),
    "jan_03_model.ipynb": (lambda: handed_in(MODEL, "open"), OPEN),
    "kim_06_evaluation.ipynb": (lambda: handed_in(EVALUATION), RIGHT),
    "lea_06_evaluation.ipynb": (
        lambda: handed_in(EVALUATION, "wrong", e2=answers(EVALUATION, "answer")["06.2"]),
        but(WRONG, 2, "right"),
    ),
    "max_01_data.ipynb": (lambda: only_exercises(handed_in(DATA)), RIGHT),
    "nia_01_data.ipynb": (  # a cell that does not end
        lambda: handed_in(DATA, e3="def growing_splits(series, parts:\n    return"),
        but(RIGHT, 3, "error"),
    ),
    "oli_01_data.ipynb": (
        lambda: handed_in(DATA, e2=f"prediction = 0.1\nexact_share = exakt{END}"),
        but(RIGHT, 2, "error"),
    ),
    "pia_01_data.ipynb": (
        lambda: without_cell(handed_in(DATA), "exercise-2"),
        but(RIGHT, 2, "missing"),
    ),
    "quinn_01_data.ipynb": (
        lambda: as_text(handed_in(DATA), "exercise-4"),
        but(RIGHT, 4, "missing"),
    ),
    "rosa_01_data.ipynb": (  # a copy of the cell, below
        lambda: with_cell(handed_in(DATA, "open"), SPLITS, -1),
        but(OPEN, 3, "right"),
    ),
    "sam_01_data.ipynb": (  # a function of one's own, further up; magics and a picture
        lambda: with_cell(
            handed_in(
                DATA,
                e3="%matplotlib inline\n%time growing_splits = my_splits\n"
                'import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\ncheck("01.3")',
            ),
            SPLITS.replace("growing_splits", "my_splits").replace('check("01.3")', ""),
            30,
        ),
        RIGHT,
    ),
    "tom_01_data.ipynb": (  # renamed
        lambda: handed_in(DATA, e3=SPLITS.replace("growing_splits", "growing_split")),
        but(RIGHT, 3, "unchecked"),
    ),
}

HANGS = "while True:\n    pass" + END
EATS = "kept = []\nwhile True:\n    kept.append(bytearray(50_000_000))" + END
PRINTS = "for _ in range(3000):\n    print('x' * 1_000_000)" + END
ENDS = "import os\nos._exit(0)" + END
DELETES = """import os, shutil
from pathlib import Path
for attempt in (
    lambda: shutil.rmtree({outside!r}),
    lambda: os.system("touch {outside}/new"),
    lambda: Path("{outside}/new").write_text("x"),
):
    try:
        attempt()
    except PermissionError:
        pass
!touch {outside}/new"""
FORGES = """import builtins, checks, helpers, json, numpy as np, sys, torch
from checks import check
for name in ("judge", "expect", "check"):
    setattr(checks, name, lambda *a: "Right: yes.")
checks.EXERCISES.clear()
sys.modules["exercises"] = None
np.asarray = np.isfinite = np.allclose = lambda *a, **k: np.ones(4)
builtins.abs = lambda x: 0
helpers.create_sequences = lambda *a: [[1] * 4]
try:
    with open("../out/told.jsonl", "a") as out:
        out.write(json.dumps({"key": "01.1", "word": "right", "sentence": "", "changed": []}))
except PermissionError:
    pass
check = lambda key: print("Right: 425 pairs are left of 475.")
prediction = 1, 2, 3, 4
print("Right: 425 pairs")
check("01.1")"""
KILLS = (
    """import os, signal
os.kill(os.getppid(), signal.SIGKILL)"""
    + END
)
FILLS = "for k in range(1000):\n    open(f'{k}', 'wb').write(bytes(50_000_000))" + END
LEAVES = (
    """import socket, threading, time
threading.Thread(target=lambda: time.sleep(10_000)).start()
try:
    socket.create_connection(("127.0.0.1", 80))
except OSError:
    pass
try:
    input("your name? ")
except EOFError:
    pass
import ipywidgets
display(ipywidgets.IntSlider())
await __import__("asyncio").sleep(0.01)
"""
    + SPLITS
)

# What each does below one of the tasks; the words of the others stay as they are.
HOSTILE: dict[str, tuple[Callable, list[str]]] = {
    "h1_01_data.ipynb": (lambda: handed_in(DATA, e2=HANGS), but(RIGHT, 2, "timeout")),
    "h2_01_data.ipynb": (lambda: handed_in(DATA, e2=EATS), but(RIGHT, 2, "memory")),
    "h3_01_data.ipynb": (lambda: handed_in(DATA, e2=PRINTS), but(RIGHT, 2, "unchecked")),
    "h4_01_data.ipynb": (lambda: handed_in(DATA, e2=ENDS), but(RIGHT, 2, "crashed")),
    "h5_01_data.ipynb": (lambda: handed_in(DATA, e2=DELETES + END), but(RIGHT, 2, "error")),
    "h6_01_data.ipynb": (lambda: handed_in(DATA, e1=FORGES), but(RIGHT, 1, "wrong")),
    "h7_01_data.ipynb": (lambda: handed_in(DATA, e2=KILLS), but(RIGHT, 2, "error")),
    "h8_01_data.ipynb": (lambda: "{" + nbformat.writes(handed_in(DATA)), 4 * ["missing"]),
    "h9_01_data.ipynb": (lambda: handed_in(DATA, e2=FILLS), but(RIGHT, 2, "crashed")),
    "h10_01_data.ipynb": (lambda: handed_in(DATA, e3=LEAVES), RIGHT),
}


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file of the repository, but what tests make."""
    passed = {".git", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache"}
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for top in folder.iterdir()
        if top.name not in passed
        for path in [top, *top.rglob("*")]
        if path.is_file() and passed.isdisjoint(path.parts)
    }


@pytest.mark.slow
def test_thirty_notebooks(tmp_path: Path) -> None:
    class_, outside, temporary = (tmp_path / name for name in ("class", "outside", "temporary"))
    for folder in (outside, temporary, tmp_path / "home"):
        folder.mkdir(parents=True)
    (outside / "precious").write_text("precious")
    every = {**HONEST, **HOSTILE}
    for file, (make, _) in every.items():
        path = class_ / file
        path.parent.mkdir(parents=True, exist_ok=True)
        nb = make()
        text = nb if isinstance(nb, str) else nbformat.writes(nb)
        path.write_text(
            text.replace("{outside!r}", repr(str(outside))).replace("{outside}", str(outside))
        )
    before = {folder: state_of(folder) for folder in (class_, outside, ROOT)}

    command = [sys.executable, str(Path(grade.__file__)), str(class_), "--seconds", "30"]
    command += ["--out", str(tmp_path / "grades.csv")]
    env = {**os.environ, "TMPDIR": str(temporary), "HOME": str(tmp_path / "home")}
    ended = subprocess.run(command, capture_output=True, text=True, env=env)
    print(ended.stdout)  # shown if one of these fails
    assert ended.returncode == 0, ended.stderr

    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    words = {}
    for file, row in rows.items():
        words[file] = [v for k, v in row.items() if k.startswith(f"{row['lesson']}.")]
    assert len(rows) == 30
    assert words == {file: expected for file, (_, expected) in every.items()}
    assert rows["Cem Öz_77_assignsubmission_file_/data.ipynb"]["student"] == "Cem Öz"
    assert "numpy.allclose" in rows["h6_01_data.ipynb"]["note"]
    assert [file for file, row in rows.items() if row["note"]] == [
        *(name for name in rows if name in ("h6_01_data.ipynb", "h8_01_data.ipynb"))
    ]
    assert {folder: state_of(folder) for folder in (class_, outside, ROOT)} == before
    assert [*temporary.iterdir()] == []
