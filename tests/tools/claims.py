"""See each claim of a notebook fail: the assertions in its cells, on results that were spoilt.

A cell with assertions has, as ``breaks`` in its metadata, one statement for each of them, in their
order. Run before the cell, it spoils a result; then exactly that assertion must fail. To be run in
the notebook's kernel, after its cells: ``print(json.dumps(problems(cells)))``.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io

from IPython import get_ipython
from nbformat import NotebookNode


def assertions(source: str) -> list[ast.Assert]:
    """A cell's assertions, in the order in which they stand."""
    plain = "\n".join("" if line.startswith("%") else line for line in source.splitlines())
    found = [node for node in ast.walk(ast.parse(plain)) if isinstance(node, ast.Assert)]
    return sorted(found, key=lambda node: node.lineno)


def claims_of(cells: list[NotebookNode]) -> list[tuple[str, list[str]]]:
    """Source and breaks of the code cells that make claims; the set-up cell makes none."""
    pairs = [
        (cell.source, cell.metadata.get("breaks", []))
        for cell in cells
        if "setup" not in cell.metadata.get("tags", [])
    ]
    return [(source, breaks) for source, breaks in pairs if breaks or assertions(source)]


def problems(cells: list[tuple[str, list[str]]]) -> list[str]:
    """What is wrong with the claims of these cells, given as (source, breaks)."""
    found = []
    for source, breaks in cells:
        claims = assertions(source)
        name = ast.unparse(claims[0]) if claims else source.splitlines()[0]
        if len(claims) != len(breaks):
            found.append(f"{len(claims)} assertions and {len(breaks)} breaks: {name}")
            continue
        if (line := _failing_line(source, "")) is not None:
            found.append(f"fails when its cell is run again, line {line}: {name}")
            continue
        for claim, spoil in zip(claims, breaks, strict=True):
            line = _failing_line(source, spoil)
            if line is None or not claim.lineno <= line <= claim.end_lineno:
                found.append(f"{spoil!r} does not break: {ast.unparse(claim)} (line {line})")
    return found


def _failing_line(source: str, spoil: str) -> int | None:
    """The line of the cell at which an assertion fails after `spoil`; the results are kept."""
    space = get_ipython().user_ns
    before = dict(space)
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
    return None
