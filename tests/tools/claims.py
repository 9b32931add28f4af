"""See each claim of a notebook fail: the assertions in its cells, on results that were spoilt.

A cell with assertions has, as ``breaks`` in its metadata, one statement for each of them, in their
order. Run before the cell, it spoils a result; then exactly that assertion must fail. To be run in
the notebook's kernel, right after the cell: ``print(json.dumps(problems((source, breaks))))``.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io

import numpy as np
import torch
from IPython import get_ipython
from nbformat import NotebookNode


def assertions(source: str) -> list[ast.Assert]:
    """A cell's assertions, in the order in which they stand."""
    plain = "\n".join("" if line.startswith("%") else line for line in source.splitlines())
    found = [node for node in ast.walk(ast.parse(plain)) if isinstance(node, ast.Assert)]
    return sorted(found, key=lambda node: node.lineno)


def claims_of(cell: NotebookNode) -> tuple[str, list[str]] | None:
    """Source and breaks of a code cell that makes claims; the set-up cell makes none."""
    breaks = cell.metadata.get("breaks", [])
    makes_none = "setup" in cell.metadata.get("tags", []) or not (breaks or assertions(cell.source))
    return None if makes_none else (cell.source, breaks)


def problems(claims: tuple[str, list[str]]) -> list[str]:
    """What is wrong with the claims of a cell, given as (source, breaks)."""
    source, breaks = claims
    asserted = assertions(source)
    if len(asserted) != len(breaks):
        return [f"{len(asserted)} assertions and {len(breaks)} breaks"]
    if (line := _failing_line(source, "")) is not None:
        return [f"the cell fails when it is run again, line {line}"]
    found = []
    for claim, spoil in zip(asserted, breaks, strict=True):
        line = _failing_line(source, spoil)
        if line is None or not claim.lineno <= line <= claim.end_lineno:
            found.append(f"{spoil!r} does not break: {ast.unparse(claim)} (line {line})")
    return found


def _failing_line(source: str, spoil: str) -> int | None:
    """The line of the cell at which an assertion fails after `spoil`; the results are kept."""
    space = get_ipython().user_ns
    before, chance = dict(space), (torch.get_rng_state(), np.random.get_state())
    names = {node.id for node in ast.walk(ast.parse(spoil)) if isinstance(node, ast.Name)}
    for name in names & set(space):
        with contextlib.suppress(Exception):  # what cannot be copied is spoilt by assignment only
            space[name] = copy.deepcopy(space[name])
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(spoil, space)
            exec(compile(source, "claim", "exec"), space)
    except AssertionError as error:
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename != "claim":
            trace = trace.tb_next
        return trace.tb_lineno if trace else -1
    finally:
        space.clear()
        space.update(before)
        torch.set_rng_state(chance[0])
        np.random.set_state(chance[1])
    return None
