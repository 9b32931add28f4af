"""Grade a class: run the checks over a folder, or a zip, of notebooks that were handed in.

    python tests/tools/grade.py handed_in
    python tests/tools/grade.py handed_in --out week3.csv --seconds 120 --memory 3 --jobs 4

Writes a table, grades.csv, with one word for each check, and grades.txt, with the sentences to
send back. A notebook belongs to the lesson whose checks it calls, whatever its name is; the student
is the folder (as Moodle names it, too), or what stands before the lesson in the name of the file.

    right      the check says so
    wrong      and says what is wrong
    open       the stub is still there
    error      the cell with the answer raised
    unchecked  a name is missing that the check needs
    timeout    longer than --seconds
    memory     more than --memory
    crashed    the process ended, or wrote too much
    missing    neither the task's cell nor its check is there, or the file cannot be read

Where an exercise is there twice, the last attempt counts. Only those cells of a notebook run that
an answer needs, found by the names that they use; what it has no longer is taken from the lesson.
(Where it hides names, in exec or a star import, and an answer is not right so, all above it runs.)

Each notebook has a process of its own with IPython's shell, as in a kernel, in a folder of its own,
with a copy of the code of the series that has no solutions. At a limit of time, memory or disk the
process is killed, and another goes on with the next exercise. What it prints is thrown away.

What it protects from: Python refuses a notebook to change or read other files, to start programs,
and to use the network. Where bwrap (the package bubblewrap, on Linux) works, the system refuses all
of this as well, however it is tried, and shows a notebook no files but Python, the series, and what
every user of the machine can read in /usr and /etc.

What it cannot protect from: without bwrap, code that goes round Python (a compiled library, or
PyTorch's own writer of files) reads and writes what you may. With it, too, an answer runs in the
process that judges it: whoever has studied this program can make it say "right". Functions of
NumPy, PyTorch, helpers.py and the checks that a notebook replaces are put back before an answer is
judged, and named in the column `note`; read such a notebook yourself. On macOS and Windows, where
this has not been tried, memory is limited only as far as it is seen, five times a second.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path, PurePosixPath

import nbformat
import psutil

import written
from build import NOTEBOOKS, read, replace_file
from checks import Exercise, exercises_of
from grade_cells import CALL, Cell, cell_from, needed

INSIDE = Path(__file__).resolve().with_name("grade_inside.py")
WORDS = ("right", "wrong", "open", "error", "unchecked", "timeout", "memory", "crashed", "missing")
LARGEST = 100 << 20  # bytes of a notebook that is read
MOST = 1_000_000  # characters in all its cells: the longest lesson has a twentieth
STARTING = 180  # seconds: to import PyTorch on a machine that is busy
DISK, FILE = 1 << 30, 256 << 20  # bytes that a notebook may write, together and in one file
TOLD = 1 << 18  # bytes of its results that are read
MOODLE = re.compile(r"_\d+_assignsubmission_.*")
# What gives names that are not seen in the source.
HIDDEN = re.compile(r"\b(exec|globals|locals|vars|setattr)\(|import \*|%(run|load|pylab)\b")
# By its real place: nothing of the way there need be seen by a notebook.
PYTHON = str(Path(sys.executable).parent.resolve() / Path(sys.executable).name)
PREFIXES = [os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix)]


@dataclass(frozen=True)
class Verdict:
    word: str  # one of WORDS
    sentence: str = ""


@dataclass
class Handed:
    """A file that was handed in, and what became of it."""

    file: str  # its path in the folder
    student: str
    lesson: str = ""
    verdicts: dict[str, Verdict] = field(default_factory=dict)  # by key
    note: str = ""


# ==== What was handed in


def find(place: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Path and content of each notebook in a folder or zip, zips in the folder included.

    Links are passed over, and what JupyterLab and macOS put beside a file.
    """
    if place.is_file():
        yield from _find_in_zip(place, "")
        return
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if path.is_symlink() or not path.is_file() or _is_by_product(name):
            continue
        if path.suffix == ".ipynb":
            yield name, partial(_read_file, path)
        elif path.suffix == ".zip":
            yield from _find_in_zip(path, f"{name.removesuffix('.zip')}/")


def _read_file(path: Path) -> bytes:
    return _read_at_most(path.open("rb"))


def _find_in_zip(path: Path, before: str) -> Iterator[tuple[str, Callable[[], bytes]]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".ipynb")]
    except (zipfile.BadZipFile, OSError) as error:
        message = f"{path.name} is no zip that can be read: {error}"

        def refuse() -> bytes:
            raise ValueError(message)

        yield before.rstrip("/") or path.name, refuse
        return

    def content(member: str) -> bytes:
        with zipfile.ZipFile(path) as archive:
            return _read_at_most(archive.open(member))

    for member in members:
        if not _is_by_product(member):
            yield before + member, partial(content, member)


def _is_by_product(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return parts[-1].startswith("._") or not {".ipynb_checkpoints", "__MACOSX"}.isdisjoint(parts)


def _read_at_most(stream) -> bytes:
    with stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MB: clear its outputs")
    return content


def student_of(file: str) -> str:
    """The student by the folder, or by what stands before the lesson in the file's name."""
    path = PurePosixPath(file)
    if folders := path.parts[:-1]:
        return MOODLE.sub("", next((each for each in folders if MOODLE.search(each)), folders[0]))
    return re.split(r"[_\- ]+\d\d[a-z]?[_\- ]", path.stem, maxsplit=1)[0]


def cells_of(content: bytes) -> list[tuple[str, str]]:
    """Kind and source of each cell, in whatever format the notebook is. Raises ValueError."""
    try:
        nb = nbformat.reads(content.decode("utf-8-sig"), as_version=4)
        cells = [(cell.cell_type, "".join(cell.source)) for cell in nb.cells]
        if sum(len(source) for _, source in cells) > MOST:
            raise ValueError(f"more than {MOST} characters in its cells")
        return cells
    except Exception as error:  # whatever a broken file makes of nbformat
        said = " ".join(str(error).split())[:120]
        raise ValueError(f"no notebook: {type(error).__name__}: {said}") from None


def lesson_of(cells: Sequence[tuple[str, str]], file: str) -> str:
    """The lesson whose checks are called most, or that the file is named after; "" if neither."""
    called = Counter(number for _, source in cells for number, _ in CALL.findall(source))
    known = [(count, number) for number, count in called.items() if number in lessons()]
    named = [n for n, path in lessons().items() if path.stem in file]
    return max(known)[1] if known else (named or [""])[-1]


@cache
def lessons() -> dict[str, Path]:
    """The lessons that have exercises with a check."""
    paths = {path.name.partition("_")[0]: path for path in sorted(NOTEBOOKS.glob("*_*.ipynb"))}
    return {number: path for number, path in paths.items() if written.has_exercises(path)}


# ==== Which cells lead to an answer


@dataclass(frozen=True)
class Plan:
    """The cells that lead to the answer of an exercise, and after which of them it is judged."""

    key: str
    cells: tuple[tuple[str, bool], ...]  # source, judged

    def as_json(self) -> dict:
        cells = [{"source": source, "judge": judge} for source, judge in self.cells]
        return {"key": self.key, "cells": cells}


def places(cells: Sequence[tuple[str, str]], entry: Exercise) -> list[int]:
    """After which cells, by number, an exercise is judged.

    After each that calls its check; and after the last one below its task that gives a name of the
    answer, if it comes later. Without any of these, after the last one below its task.
    """
    number = tuple(entry.key.split("."))
    called = {
        k for k, (kind, s) in enumerate(cells) if kind == "code" and number in CALL.findall(s)
    }
    inside, below = False, []
    for k, (kind, source) in enumerate(cells):
        if kind == "markdown" and re.match("#+ ", source):
            inside = source.startswith(f"### {number[1]} · ")
        elif inside and kind == "code" and not {*CALL.findall(source)} - {number}:
            below.append(k)
    gives = [k for k in below if cell_from(cells[k][1]).binds & {*entry.answers}]
    return sorted({*called, *gives[-1:]} or {*below[-1:]})


def planned(cells: Sequence[tuple[str, str]], entry: Exercise, whole: bool) -> Plan | Verdict:
    """What is to be run for an exercise; or the verdict, where nothing is."""
    at = places(cells, entry)
    if not at:
        text = any(tuple(entry.key.split(".")) in CALL.findall(source) for _, source in cells)
        said = "Its cell is a text cell. Make it a code cell." if text else "Its cell is not there."
        return Verdict("missing", said)
    if all(_same(cells[k][1], entry.cell) for k in at):
        return Verdict("open", "Not attempted yet.")
    own = [cell_from(source) if kind == "code" else cell_from("") for kind, source in cells]
    before = [] if whole else lesson_cells(entry.key.partition(".")[0])
    every, at = [*before, *own], [k + len(before) for k in at]
    names = {*entry.answers, *entry.needs}
    if whole:
        chosen = set(range(at[-1] + 1))
    else:
        chosen = {k for last in at for k in needed(every, last, names)}
    return Plan(entry.key, tuple((every[k].source, k in at) for k in sorted(chosen)))


def _same(source: str, stub: str) -> bool:
    return [s.rstrip() for s in source.strip().splitlines()] == stub.splitlines()


@cache
def lesson_cells(number: str) -> list[Cell]:
    """The code of a lesson as it stands in the series, up to its exercises.

    What a notebook has no longer is taken from there.
    """
    found = []
    for cell in read(lessons()[number]).cells:
        if cell.source.startswith("## Exercises"):
            break
        if cell.cell_type == "code":
            found.append(cell_from(cell.source))
    return found


# ==== A process for a notebook


@dataclass(frozen=True)
class Limits:
    seconds: float = 60  # for one exercise
    memory: float = 2  # GB

    @property
    def bytes(self) -> int:
        return int(self.memory * 2**30)


class Workshop:
    """A folder with what every notebook gets a copy of; and whether bwrap works here."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        copied = [NOTEBOOKS.parent / "helpers.py", *NOTEBOOKS.glob("*.py")]
        copied += [p for d in ("exercises", "playground", "data") for p in NOTEBOOKS.glob(f"{d}/*")]
        for path in copied:
            if path.is_file():
                to = folder / "series" / path.relative_to(NOTEBOOKS.parent)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, to)
        (folder / "fonts").mkdir()
        self.stopped = threading.Event()
        self.walled = False
        run = self._new_run("try")
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            command = [*self._wall(run), PYTHON, "-c", "pass"]
            self.walled = subprocess.run(command, timeout=60, capture_output=True).returncode == 0

    def _new_run(self, name: str) -> Path:
        run = self.folder / name
        for part in ("home/fonts", "out"):
            (run / part).mkdir(parents=True)
        shutil.copytree(self.folder / "series", run / "series")
        shutil.copytree(self.folder / "fonts", run / "home/fonts", dirs_exist_ok=True)
        shutil.copy(INSIDE, run / "inside.py")
        (run / "out/told.jsonl").touch()
        for path in (run / "series").rglob("*"):
            path.chmod(path.stat().st_mode & ~0o222)
        return run

    @staticmethod
    def _wall(run: Path) -> list[str]:
        """The words before a command that show it Python and one run, and no network."""
        words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--proc", "/proc"]
        words += ["--dev", "/dev", "--tmpfs", "/tmp"]
        system = ["/usr", "/bin", "/lib", "/lib64", "/etc", "/sys"]
        for path in dict.fromkeys([*system, *PREFIXES]):
            words += ["--ro-bind-try", path, path]
        words += ["--ro-bind", str(run), str(run)]
        for part in ("home", "out"):
            words += ["--bind", str(run / part), str(run / part)]
        return [*words, "--chdir", str(run / "home")]

    def verdicts(self, name: str, lesson: str, plans: Sequence[Plan]) -> tuple[dict, str]:
        """The verdict on each plan, by key, and a note. Never raises for what a notebook does.

        Where a process ends early, the exercise under way has its word, and a new process goes on.
        """
        left, found, changed = list(plans), {}, set()
        while left and not self.stopped.is_set():
            run = self._new_run(f"{name}-{len(left)}")
            try:
                told, ended = self._run(run, lesson, left)
            finally:
                remove(run)
            for line in told:
                if "word" in line:
                    word = line["word"] if line["word"] in WORDS else "crashed"
                    found[line["key"]] = Verdict(word, line["sentence"])
                    changed |= {*line["changed"]}
            before, left = len(left), [plan for plan in left if plan.key not in found]
            # Where it ended between two exercises, the next one has its turn.
            between = len(left) < before and told[-1]["key"] in found
            if left and not between:
                found[left.pop(0).key] = ended
        return found, f"changes {', '.join(sorted(changed))}" if changed else ""

    def _run(self, run: Path, lesson: str, plans: Sequence[Plan]) -> tuple[list[dict], Verdict]:
        """What a process told, and the word for an exercise that it did not come to the end of."""
        secret = secrets.token_hex(16)
        job = {"secret": secret, "out": str(run / "out/told.jsonl"), "lesson": lesson}
        job |= {"memory": self.limits.bytes, "file_size": FILE}
        job |= {"cpu": int(STARTING + 2 * self.limits.seconds * len(plans)) + 1}
        job |= {"exercises": [plan.as_json() for plan in plans]}
        command = [PYTHON, str(run / "inside.py")]
        process = subprocess.Popen(
            [*(self._wall(run) if self.walled else []), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=run / "home",
            env=environment(run),
            start_new_session=True,
        )
        keys = {plan.key for plan in plans}
        try:
            with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
                stdin.write(json.dumps(job).encode())
            ended = self._watch(process, run, lambda: told_by(run, secret, keys))
        finally:
            end(process)
        return told_by(run, secret, keys), ended

    def _watch(self, process: subprocess.Popen, run: Path, told: Callable) -> Verdict:
        """Wait until the process ends, or is over a limit. Which it was, should it be early."""
        limits, lines, since, most = self.limits, 0, time.monotonic(), STARTING
        said = "It ended its own process (sys.exit, os._exit, a crash in compiled code)."
        for turn in range(sys.maxsize):
            over = process.poll() is not None
            if (now := len(told())) > lines:
                lines, since, most = now, time.monotonic(), limits.seconds
            if over:
                return Verdict("crashed", said if lines else "It ended before its cells began.")
            if self.stopped.is_set():
                return Verdict("unchecked", "Grading was stopped.")
            if time.monotonic() - since > most:
                return Verdict("timeout", f"Not done after {most:g} seconds, and stopped.")
            if memory_of(process) > limits.bytes:
                return Verdict(
                    "memory", f"It took more than {limits.memory:g} GB, and was stopped."
                )
            if turn % 5 == 0 and size_of(run / "home") > DISK:
                return Verdict("crashed", f"It wrote more than {DISK >> 30} GB, and was stopped.")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        raise AssertionError

    def warm_up(self) -> None:
        """Judge a stub, so that a fault of this machine is not taken for one of a student.

        Keeps the list of fonts that Matplotlib makes at its first start. Raises RuntimeError.
        """
        (entry, *_) = exercises_of("01")
        run = self._new_run("warm-up")
        source = "import matplotlib.pyplot as plt\nplt.figure().canvas.draw()"
        plan = Plan(entry.key, ((source, False), (entry.cell, True)))
        told, ended = self._run(run, "01", [plan])
        words = [line["word"] for line in told if "word" in line]
        for path in (run / "home/fonts").glob("*.json"):
            shutil.copy(path, self.folder / "fonts")
        remove(run)
        if words != ["open"]:
            raise RuntimeError(
                f"no notebook can be judged here: a stub of lesson 01 is {words or ended.word}, "
                f"and should be open. {ended.sentence} Are all packages of requirements.txt "
                f"installed, and is --memory {self.limits.memory:g} enough for PyTorch?"
            )


def environment(run: Path) -> dict[str, str]:
    """All of the environment that a notebook gets: nothing of the teacher's."""
    home = str(run / "home")
    names = ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "IPYTHONDIR")
    kept = {n: os.environ[n] for n in ("PATH", "SYSTEMROOT", "LANG") if n in os.environ}
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    return {
        **kept,
        **dict.fromkeys(names, home),
        **threads,
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": f"{home}{os.sep}fonts",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }


def told_by(run: Path, secret: str, keys: set[str]) -> list[dict]:
    """The lines that a process has written, as far as they are in order: two for each key.

    The file is in reach of the notebook, so it may be anything by now.
    """
    path = run / "out/told.jsonl"
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return []
        with path.open("rb") as file:
            content = file.read(TOLD)
    except OSError:
        return []
    found, times = [], Counter()
    for line in content.splitlines():
        try:
            said = json.loads(line)
            ok = said["secret"] == secret and said["key"] in keys and times[said["key"]] < 2
            if "word" in said:
                ok = ok and isinstance(said["sentence"], str) and isinstance(said["changed"], list)
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if ok:
            times[said["key"]] += 1
            found.append(said)
    return found


def memory_of(process: subprocess.Popen) -> int:
    """Bytes in use by a process and all that it has started."""
    total = 0
    for each in _family(process):
        with contextlib.suppress(psutil.Error):
            total += each.memory_info().rss
    return total


def _family(process: subprocess.Popen) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(process.pid)
        return [*first.children(recursive=True), first]
    return []


def end(process: subprocess.Popen) -> None:
    """Kill a process, its group, and all that it has started."""
    for each in _family(process):
        with contextlib.suppress(psutil.Error):
            each.kill()
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def size_of(folder: Path) -> int:
    total = 0
    for here, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(here, name)).st_size
    return total


def remove(folder: Path) -> None:
    """A folder and all in it, whatever its permissions have become."""
    for here, folders, _ in os.walk(folder):
        for name in [here, *(os.path.join(here, f) for f in folders)]:
            with contextlib.suppress(OSError):
                if not os.path.islink(name):
                    os.chmod(name, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


# ==== All of them


def grade(name: str, file: str, content: Callable[[], bytes], workshop: Workshop) -> Handed:
    """What becomes of one file. Never raises: what goes wrong is in its note."""
    handed = Handed(file, student_of(file))
    try:
        try:
            cells = cells_of(content())
        except Exception as error:
            cells, handed.note = [], " ".join(str(error).split())[:300]
        handed.lesson = lesson_of(cells, file)
        entries = exercises_of(handed.lesson) if handed.lesson else []
        handed.verdicts = {entry.key: Verdict("missing", handed.note) for entry in entries}
        if not entries and not handed.note:
            handed.note = "no lesson: it calls no check, and is not named after one"
        if not handed.note:
            _judge(name, handed, cells, entries, workshop)
    except Exception as error:  # a fault of this program must not lose the others
        handed.note = f"not graded: {type(error).__name__}: {error}"
    return handed


def _judge(name: str, handed: Handed, cells: list, entries: list, workshop: Workshop) -> None:
    hidden = any(HIDDEN.search(source) for kind, source in cells if kind == "code")
    for whole in (False, True) if hidden else (False,):
        plans = []
        for entry in entries:
            old = handed.verdicts[entry.key]
            if whole and old.word not in ("unchecked", "error", "wrong"):
                continue
            plan = planned(cells, entry, whole)
            if isinstance(plan, Plan):
                plans.append(plan)
            else:
                handed.verdicts[entry.key] = plan
        found, note = workshop.verdicts(f"{name}-{whole:d}", handed.lesson, plans)
        handed.note = handed.note or note
        for key, verdict in found.items():
            # The whole notebook may take too long, where a part of it could be judged.
            if not whole or verdict.word in ("right", "wrong"):
                handed.verdicts[key] = verdict


def write(handed: Sequence[Handed], out: Path) -> None:
    """The table, and beside it the sentences. For Excel: UTF-8 with its mark, and no formulas."""
    keys = sorted({key for each in handed for key in each.verdicts})
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["file", "student", "lesson", *keys, "note"])
    texts = []
    for each in handed:
        words = [each.verdicts[key].word if key in each.verdicts else "" for key in keys]
        row = [each.file, each.student, each.lesson, *words, each.note]
        writer.writerow([_plain(value) for value in row])
        texts.append("\n".join([f"{each.file} ({each.student})", *_sentences(each)]))
    replace_file(out, table.getvalue().encode("utf-8-sig"))
    replace_file(out.with_suffix(".txt"), ("\n\n".join(texts) + "\n").encode())


def _plain(value: str) -> str:
    """A value that a spreadsheet takes for text: one line, and no beginning of a formula."""
    value = "".join(c if c.isprintable() else " " for c in value)
    return f"'{value}" if value.startswith(("=", "+", "-", "@")) else value


def _sentences(handed: Handed) -> list[str]:
    lines = []
    for key, verdict in sorted(handed.verdicts.items()):
        said = re.sub(r"^(Right|Not yet|Not checked): ", "", verdict.sentence)
        lines.append(f"{key} {verdict.word}" + (f": {said}" if said else ""))
    return ["".join(c if c.isprintable() else " " for c in line) for line in lines]


def summary(handed: Sequence[Handed]) -> str:
    """A line for each exercise: how many of each word."""
    keys = sorted({key for each in handed for key in each.verdicts})
    counts = {k: Counter(e.verdicts[k].word for e in handed if k in e.verdicts) for k in keys}
    words = [w for w in WORDS if w in WORDS[:3] or any(count[w] for count in counts.values())]
    rows = [
        ["", *words],
        *([key, *(str(count[w]) for w in words)] for key, count in counts.items()),
    ]
    return "\n".join("".join(value.rjust(11) for value in row)[5:] for row in rows)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("handed_in", type=Path, help="a folder, or a zip")
    parser.add_argument("--out", type=Path, default=Path("grades.csv"))
    parser.add_argument("--seconds", type=float, default=60, help="for one exercise; default: 60")
    parser.add_argument("--memory", type=float, default=2, help="GB for a notebook; default: 2")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at once; default: 2")
    options = parser.parse_args(arguments)
    zipped = options.handed_in.is_file() and zipfile.is_zipfile(options.handed_in)
    if not (options.handed_in.is_dir() or zipped):
        parser.error(f"{options.handed_in} is neither a folder nor a zip")
    if options.out.suffix != ".csv" or not options.out.absolute().parent.is_dir():
        parser.error(f"--out {options.out}: a name that ends in .csv, in a folder that exists")
    for name in ("seconds", "memory", "jobs"):
        if not 0 < getattr(options, name) < 1e6:
            parser.error(f"--{name} {getattr(options, name)}: a number above 0")
    try:
        return run(options, Limits(options.seconds, options.memory))
    except RuntimeError as error:  # of the warm-up
        print(error, file=sys.stderr)
        return 1


def run(options: argparse.Namespace, limits: Limits) -> int:
    """Grade all, and write after each: what was graded is kept, whatever happens later."""
    begun, found = time.monotonic(), list(find(options.handed_in))
    if not found:
        print(f"there is no notebook in {options.handed_in}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as folder:
        workshop = Workshop(Path(folder).resolve(), limits)
        workshop.warm_up()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
        done: dict[int, Handed] = {}
        with ThreadPoolExecutor(options.jobs) as pool:
            waiting = {
                pool.submit(grade, str(k), *each, workshop): k for k, each in enumerate(found)
            }
            try:
                for future in as_completed(waiting):
                    done[waiting[future]] = future.result()
                    with contextlib.suppress(OSError):  # a table that is open in Excel
                        write([done[k] for k in sorted(done)], options.out)
                    print(f"\r{len(done)} of {len(found)} ", end="", flush=True)
            except KeyboardInterrupt:
                workshop.stopped.set()
                pool.shutdown(cancel_futures=True)
                print(f"\nstopped; what was graded so far is in {options.out}", file=sys.stderr)
                return 1
    handed = [done[k] for k in sorted(done)]
    write(handed, options.out)
    print(f"\r{len(handed)} notebooks in {time.monotonic() - begun:.0f} s")
    print(summary(handed))
    for each in handed:
        if each.note:
            print(f"{each.file}: {_plain(each.note)}")
    print(f"words: {options.out}, sentences: {options.out.with_suffix('.txt')}")
    if not workshop.walled:
        print("bwrap does not work here: see `--help` for what that leaves open")
    return 0


if __name__ == "__main__":
    sys.exit(main())
