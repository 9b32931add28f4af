"""What runs in the process that grade.py starts for a notebook: its cells, and the judgement.

The job comes on stdin, as JSON: a word that only grade.py knows, where to write, and the cells of
each exercise. IPython's shell runs them, which is also what a Jupyter kernel runs them in. A line
is written when an exercise begins, and one with the verdict; each holds that word, so a notebook
cannot write one by chance.

This file stands beside a copy of the series, without the rest of the repository.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

RUN = Path(__file__).resolve().parent
PREFIXES = {"Right": "right", "Not yet": "wrong", "Not attempted yet": "open"}
NO_MEMORY = ("MemoryError", "can't allocate memory", "not enough memory")
# What a notebook is refused whatever it names: other processes, and the network.
REFUSED = {"os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system"}
REFUSED |= {"os.startfile", "subprocess.Popen", "pty.spawn", "os.kill", "os.killpg"}
REFUSED |= {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
REFUSED |= {"socket.getaddrinfo", "socket.gethostbyname", "ctypes.dlopen"}
# Events that change files, and which of their arguments are paths; then those that read.
CHANGES = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 1, "os.rename": 2, "os.link": 2}
CHANGES |= {"os.truncate": 1, "os.chmod": 1, "os.chown": 1, "os.utime": 1, "shutil.rmtree": 1}
CHANGES |= {"os.symlink": 2, "sqlite3.connect": 1}
READS = {"os.listdir", "os.scandir"}
# Which IPython and PyTorch change by themselves.
OWN = {"_", "exit", "quit", "manual_seed", "Storage"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    job = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # so that input() ends
    limit(job["memory"], job["file_size"], job["cpu"])
    sys.path[:0] = [str(RUN / "series"), str(RUN / "series/notebooks")]
    asyncio.run(run(job))
    sys.stdout.flush()
    os._exit(0)  # whatever threads a notebook has left


def limit(memory: int, file_size: int, cpu: int) -> None:
    """Limits of this process, where the system knows them: bytes, bytes of a file, seconds."""
    with contextlib.suppress(ImportError):
        import resource

        # Not the address space: PyTorch reserves much more of it than it uses.
        for name, most in (("DATA", memory), ("FSIZE", file_size), ("CPU", cpu), ("CORE", 0)):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


async def run(job: dict) -> None:
    """Judge the exercises of the job one after the other, each among names of its own."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.enable_matplotlib = lambda gui=None: (gui, "agg")  # %matplotlib changes nothing
    ours, theirs = two_of_checks(job["lesson"])
    save_through_python()
    kept = callables()
    # Opened before the guard: nothing but the notebook's own folder can be written after it.
    out = os.open(job["out"], os.O_WRONLY | os.O_APPEND)

    def tell(**what) -> None:
        os.write(out, (json.dumps({"secret": job["secret"], **what}) + "\n").encode())

    guard(write=str(RUN / "home"))
    changed: set[str] = set()
    for exercise in job["exercises"]:
        tell(key=exercise["key"])
        restore = partial(put_back, kept, changed)
        word, sentence = await judged(exercise, shell, ours, theirs, restore)
        tell(key=exercise["key"], word=word, sentence=sentence[:1000], changed=sorted(changed)[:20])
        if word == "memory":  # what it took may not come back, and the next would pay for it
            break


def two_of_checks(lesson: str) -> tuple[ModuleType, ModuleType]:
    """The checks that judge, and those that the notebook imports and may change as it likes."""
    import checks as ours

    entries = ours.exercises_of(lesson)
    ours.exercises_of = lambda number: entries  # without an import, which a notebook can spoil
    for name in [n for n in sys.modules if n == "checks" or n.partition(".")[0] == "exercises"]:
        del sys.modules[name]
    import checks as theirs

    return ours, theirs


async def judged(
    exercise: dict, shell, ours: ModuleType, theirs: ModuleType, restore: Callable[[], None]
) -> tuple[str, str]:
    """A word and a sentence for an exercise, after its cells have run.

    Every call of `check` in a cell counts as an attempt; a cell that should have one and has none
    is judged at its end. The last attempt counts.
    """
    key, said, errors = exercise["key"], [], []

    def check(asked: str) -> None:
        if asked == key:
            restore()
            try:
                said.append(ours.judge(key, shell.user_ns))
            except BaseException as error:  # a SystemExit, say
                said.append(f"Not checked: your code raised {told(error)}.")

    restore()
    fresh(shell)
    for cell in exercise["cells"]:
        before = len(said)
        theirs.check = check
        error = await error_of(shell, cell["source"])
        if error is not None:
            errors.append((cell["judge"], told(error)))
        if cell["judge"] and len(said) == before:
            check(key)
    attempts = [text for text in said if not text.startswith("Not attempted yet.")]
    text = (attempts or said or ["Not checked: its cell did not run."])[-1]
    word = PREFIXES.get(text.partition(":")[0].partition(".")[0], "unchecked")
    if errors and word in ("open", "unchecked"):
        own = [raised for mine, raised in errors if mine]
        if own:
            word, text = "error", f"The cell raised {own[-1]}."
        elif word == "unchecked":
            text = f"{text} (A cell above raised {errors[0][1]}.)"
    if word in ("wrong", "error", "unchecked") and any(part in text for part in NO_MEMORY):
        word = "memory"
    return word, " ".join(text.split())


def fresh(shell) -> None:
    """No names, and no settings, of what ran before."""
    import numpy as np
    import torch
    from matplotlib import pyplot as plt

    shell.reset(new_session=True)
    plt.close("all")
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.seed(0)


async def error_of(shell, source: str) -> BaseException | None:
    """Run a cell as a kernel does; what it raised."""
    try:
        transformed = shell.transform_cell(source)
    except Exception as error:  # magics that cannot be read
        return error
    result = await shell.run_cell_async(source, transformed_cell=transformed)
    return result.error_before_exec or result.error_in_exec


def told(error: BaseException) -> str:
    """An error in a sentence. Its own text may raise as well."""
    try:
        text = str(error)
    except BaseException:
        text = ""
    return f"{type(error).__name__}: {text}"[:300].rstrip(": ")


# ==== What a notebook may have changed


def callables() -> dict:
    """The functions and classes of the modules with which an answer is judged."""
    import numpy
    import torch

    import experiments
    import helpers

    roots = (builtins, helpers, experiments, numpy, numpy.linalg, numpy.random, numpy.testing)
    roots += (torch, torch.linalg, torch.nn, torch.nn.functional, torch.random, torch.optim)
    roots += (torch.Tensor, torch.nn.Module)
    roots += tuple(m for n, m in sys.modules.items() if n in ("math", "inspect"))
    return {each: {n: v for n, v in vars(each).items() if callable(v)} for each in roots}


def put_back(kept: dict, changed: set[str]) -> None:
    """Undo what a notebook has put in the place of these functions, and add their names."""
    for owner, members in kept.items():
        now = vars(owner)
        for name, value in members.items():
            if now.get(name) is not value and name not in OWN:
                setattr(owner, name, value)
                changed.add(f"{owner.__name__}.{name}")


# ==== What a notebook may touch


def save_through_python() -> None:
    """Let torch.save open its file in Python, where the guard sees it."""
    import torch

    original = torch.save

    def save(obj, f, *args, **kwargs) -> None:
        if not isinstance(f, (str, os.PathLike)):
            return original(obj, f, *args, **kwargs)
        with open(f, "wb") as file:
            return original(obj, file, *args, **kwargs)

    torch.save = save


def guard(write: str) -> None:
    """From now on refuse to change files outside `write`, to read elsewhere, and all of REFUSED.

    Python calls the hook before it does any of these. Code that goes round Python is not seen.
    """
    realpath, fsdecode, separator = os.path.realpath, os.fsdecode, os.sep
    read = [RUN, sys.prefix, sys.base_prefix, *filter(None, sys.path)]
    if os.name == "posix":
        read += ["/usr", "/lib", "/lib64", "/etc", "/dev", "/proc", "/sys"]
    else:
        read += [os.environ["SYSTEMROOT"]]
    readable = tuple({realpath(folder) for folder in read})
    writable = (realpath(write),)
    null = realpath(os.devnull)

    def inside(path, folders: tuple[str, ...]) -> bool:
        if isinstance(path, int) or path is None:  # a file that is open already; this folder
            return True
        real = realpath(fsdecode(path))
        return real == null or any(
            real == folder or real.startswith(folder + separator) for folder in folders
        )

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & WRITING) or any(letter in (mode or "") for letter in "wax+")
            ok = inside(path, writable if writes else readable)
        elif event in CHANGES:
            ok = all(inside(path, writable) for path in arguments[: CHANGES[event]])
        elif event in READS:
            ok = inside(arguments[0], readable)
        else:
            ok = event not in REFUSED
        if not ok:
            what = f" {arguments[0]!r}" if arguments and isinstance(arguments[0], str) else ""
            raise PermissionError(f"not allowed while a notebook is graded: {event}{what}")

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
