"""Put deliberate faults into a copy of the project, one at a time, and see whether a test fails.

    python tests/tools/mutate.py                    # all of faults.txt, ten minutes on one core
    python tests/tools/mutate.py --only undo        # those whose file or words hold this text
    python tests/tools/mutate.py --jobs 2

A fault in faults.txt is a few words that say what is wrong, a piece of source that occurs exactly
once in its file, and what stands there instead. Behind them, or for all faults of a file behind its
name, are the tests that ought to see it: [helpers web::test_x] are tests/test_helpers.py and one
test of tests/test_web.py; [slow ...] are marked so. The faults are such as a careless colleague
might make. They were written from the code, and where no test saw one, a test was added.

Prints for each fault the first test that failed, or SURVIVED; the exit status is then 1. The named
tests run once without a fault before, and nothing is tried if one of them fails. The project itself
is not touched: the copy holds the files that Git tracks.

PyTorch and the like are imported once, and each fault is tried in a fork of this process, which
saves most of the time. So it runs on Linux alone.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 120  # seconds for the tests of one fault
# What the tests import of others, and no file of the project: that must be fresh in each fork.
HEAVY = "anyio bs4 hypothesis IPython ipywidgets jinja2 latex2mathml.converter matplotlib.pyplot "
HEAVY += "nbconvert nbval.plugin pandas PIL.Image torch torch.optim xdist.plugin"
FAILED = re.compile(r"^(?:FAILED|ERROR) tests/test_(.+?)(?: - .*)?$", re.MULTILINE)
HEAD = re.compile(r"(.*?)(?: \[(slow )?(.*)\])?")


@dataclass(frozen=True)
class Fault:
    file: str
    words: str
    old: str
    new: str
    tests: str
    slow: bool


def faults_in(text: str) -> list[Fault]:
    """The faults that a text like faults.txt holds."""
    found, file, usual = [], "", None
    for block in re.split(r"\n{2,}", text.strip()):
        lines = block.split("\n")
        if lines[0].startswith("== "):
            file, *usual = HEAD.fullmatch(lines[0][3:]).groups()
            continue
        kinds = {mark: [line[2:] for line in lines if line[:2] == mark] for mark in ("- ", "+ ")}
        head = " ".join(line.strip() for line in lines if line[:2] not in kinds)
        words, *own = HEAD.fullmatch(head).groups()
        slow, tests = own if own[1] else usual
        old, new = ("\n".join(kind) for kind in kinds.values())
        found.append(Fault(file, words, old, new, tests or "", bool(slow)))
    return found


FAULTS = faults_in(Path(__file__).with_name("faults.txt").read_text(encoding="utf-8"))


def spoilt(fault: Fault) -> str:
    """The text of the fault's file with the fault in it. Raises ValueError if it has no place."""
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        times = text.count(fault.old)
        raise ValueError(f"{fault.file}: {fault.old!r} is there {times} times; allowed: once")
    return text.replace(fault.old, fault.new)


def paths_of(tests: str) -> list[str]:
    """What pytest is told: "helpers web::test_x" names two files in tests/, one of them in part."""
    parts = [name.partition("::") for name in tests.split()]
    return [f"tests/test_{file}.py{colons}{test}" for file, colons, test in parts]


def copy_to(folder: Path) -> None:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, names.stdout.decode().split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


@dataclass
class Trial:
    """Some tests that run in a copy, in a fork, and what they printed."""

    folder: Path
    process: multiprocessing.Process
    begun: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    @property
    def printed(self) -> str:
        return _log(self.folder).read_text(encoding="utf-8", errors="replace")

    def end(self) -> int:
        """Wait for it; pytest's exit status."""
        self.process.join()
        return self.process.exitcode

    def kill(self) -> None:
        family = psutil.Process(self.process.pid)
        for each in [*family.children(recursive=True), family]:
            each.kill()
        self.process.join()


def start(folder: Path, tests: list[str], slow: bool, keep: bool = False) -> Trial:
    """Run pytest in a fork; it writes bytecode only if it may `keep` it."""
    arguments = ["-n0", "-x", "-q", *([] if slow else ["-m", "not slow"]), *tests]
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(folder, arguments, keep)
    )
    process.start()
    return Trial(folder, process, time.monotonic())


def _run(folder: Path, arguments: list[str], keep: bool) -> None:
    os.chdir(folder)
    out = os.open(_log(folder), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(out, stream)
    sys.path[:] = [path for path in sys.path if not Path(path).is_relative_to(ROOT / "tests")]
    if not keep:  # else a fault of the same length and second would be taken for the code before
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    status = int(pytest.main(arguments))
    sys.stdout.flush()
    os._exit(status)


def _log(folder: Path) -> Path:
    return folder.with_suffix(".log")


def said(trial: Trial) -> str:
    """The first test that failed; SURVIVED if none did. Raises RuntimeError if none could run."""
    status = trial.end()
    if status not in (0, 1):
        raise RuntimeError(f"pytest has ended with {status}:\n{trial.printed[-3000:]}")
    found = FAILED.search(trial.printed)
    return "SURVIVED" if status == 0 else found[1] if found else "?"


def sound(faults: list[Fault], folder: Path) -> bool:
    """Whether the named tests pass where there is no fault; if not, prints what they said."""
    for slow in sorted({fault.slow for fault in faults}):
        tests = {path: 0 for f in faults if f.slow == slow for path in paths_of(f.tests)}
        trial = start(folder, [*tests], slow, keep=True)
        if trial.end() != 0:
            print(trial.printed, file=sys.stderr)
            return False
    return True


def tried(faults: list[Fault], folders: list[Path]) -> dict[Fault, tuple[str, float]]:
    """What became of each fault, and in how many seconds; as many at once as there are folders."""
    found, left, free = {}, list(faults), list(folders)
    running: dict[int, tuple[Fault, Trial]] = {}  # by what tells that a process has ended
    while left or running:
        while left and free:
            fault, folder = left.pop(0), free.pop()
            (folder / fault.file).write_text(spoilt(fault), encoding="utf-8")
            trial = start(folder, paths_of(fault.tests), fault.slow)
            running[trial.process.sentinel] = fault, trial
        ended = wait(running, timeout=1)
        late = [k for k, (_, trial) in running.items() if trial.seconds > TIMEOUT]
        for key in dict.fromkeys([*ended, *late]):
            fault, trial = running.pop(key)
            seconds, test = trial.seconds, "timeout"
            if key in ended:
                test = said(trial)
            else:
                trial.kill()
            found[fault] = test, seconds
            shutil.copy2(ROOT / fault.file, trial.folder / fault.file)
            free.append(trial.folder)
            print(f"{seconds:4.0f} s  {fault.file}: {fault.words}\n        {test}")
            sys.stdout.flush()
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="in a fault's file or words")
    parser.add_argument("--jobs", type=int, default=1, help="faults at once; default: 1")
    options = parser.parse_args(arguments)
    faults = [f for f in FAULTS if options.only in f"{f.file} {f.words}"]
    for fault in faults:
        spoilt(fault)  # before anything runs
    for name in HEAVY.split():
        importlib.import_module(name)
    gc.freeze()  # what is there now need not be looked through in each fork
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutate-", ignore_cleanup_errors=True) as folder:
        folders = [Path(folder).resolve() / str(k) for k in range(options.jobs)]
        for each in folders:
            copy_to(each)
        if not sound(faults, folders[0]):
            print("a test fails without any fault: nothing was tried", file=sys.stderr)
            return 1
        print(f"{time.monotonic() - begun:4.0f} s  without a fault all pass")
        found = tried(faults, folders)
    print(f"\n{'file':36} faults  caught")
    caught = Counter(fault.file for fault, (test, _) in found.items() if test != "SURVIVED")
    for file, number in Counter(fault.file for fault in faults).items():
        print(f"{file:36} {number:6} {caught[file]:7}")
    lived = len(faults) - caught.total()
    print(f"{caught.total()} of {len(faults)} caught in {time.monotonic() - begun:.0f} s")
    return int(lived > 0)


if __name__ == "__main__":
    sys.exit(main())
