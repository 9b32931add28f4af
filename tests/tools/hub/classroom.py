"""What the hub does for each student: an account, a copy of the series, and limits.

It needs nothing but Python, on Linux or macOS. As a command it makes the copy:

    python classroom.py SERIES HOME
"""

from __future__ import annotations

import os
import pwd
import resource
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = "lstm-series"  # a student's copy, in the home
HANDED_OUT = ("notebooks", "helpers.py", "requirements.txt", "README.md", "CHANGELOG.md", "LICENSE")
CACHES = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")


def hand_out(series: Path, home: Path) -> Path:
    """Copy the series into a student's home; a copy that is there stays as the student left it.

    Raises ValueError if `series` is not the folder of the series.
    """
    missing = [name for name in HANDED_OUT if not (series / name).exists()]
    if missing:
        raise ValueError(f"series is {str(series)!r}; allowed: a folder with {', '.join(missing)}")
    copy, unfinished = home / FOLDER, home / f".{FOLDER}-unfinished"
    if copy.exists():
        return copy
    shutil.rmtree(unfinished, ignore_errors=True)  # of a copy that was broken off
    unfinished.mkdir()
    for name in HANDED_OUT:
        source, target = series / name, unfinished / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=CACHES)
        else:
            shutil.copy(source, target)
    unfinished.rename(copy)
    return copy


def account(name: str, homes: Path) -> Path:
    """The home of a student's account on this machine; root makes the account if there is none.

    Raises ValueError for a name that another account has, such as root.
    """
    home = homes / name
    try:
        known = Path(pwd.getpwnam(name).pw_dir)
    except KeyError:
        command = ["useradd", "--create-home", "--home-dir", str(home), "--shell", "/bin/bash"]
        subprocess.run([*command, name], check=True, capture_output=True)
        home.chmod(0o700)
        return home
    if known != home:
        raise ValueError(f"name is {name!r}; allowed: one that no other account has")
    return home


def limit(memory: int, seconds: int, threads: int | None = None) -> None:
    """Bound this process and those that it will start: for a student's server and kernels.

    `memory` in bytes and `seconds` of processor time are for each process by itself. `threads`
    is for all processes of the account together; None where several students share one.
    A process that asks for more memory gets a MemoryError, one that computes for longer is ended.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    if threads is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads))
    os.nice(5)  # behind the hub and its proxy, which all need


if __name__ == "__main__":
    hand_out(Path(sys.argv[1]), Path(sys.argv[2]))
