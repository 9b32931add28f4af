"""Run lessons with other seeds, and see which of their claims still hold.

    python tests/tools/replicate.py 04_training             # seeds 100 to 104, 200.., 300..
    python tests/tools/replicate.py 04_training 09_memory --first 500

A lesson's line ``seeds = range(5)`` sets the weights, the batches and the noise of its runs.
Its assertions are recorded here, where they would stop it. Slow: each lesson runs once per range.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys

import nbformat

import build
from claims import assertions

SEEDS = "seeds = range(5)"
RECORD = """held = []
def record(holds, claim):
    held.append((bool(holds), claim))
"""


def recorded(source: str) -> str:
    """A cell's code with each assertion turned into a record of whether it holds."""
    lines = source.splitlines()
    for claim in reversed(assertions(source)):
        indent = " " * claim.col_offset
        text = ast.unparse(claim.test)
        lines[claim.lineno - 1 : claim.end_lineno] = [f"{indent}record({text}, {text!r})"]
    return "\n".join(lines)


def replicate(name: str, first: int) -> list[tuple[bool, str]]:
    """Each claim of a lesson with the seeds from `first` on, and whether it holds."""
    path = build.NOTEBOOKS / f"{name}.ipynb"
    nb = build.read(path)
    cells = build.code_cells(nb)
    if not any(cell.source.startswith(SEEDS) or f"\n{SEEDS}" in cell.source for cell in cells):
        raise SystemExit(f"{name} has no line {SEEDS!r}")
    for cell in cells:
        source = cell.source.replace(SEEDS, f"seeds = range({first}, {first + 5})")
        cell.source = recorded(source)
    nb.cells.insert(0, nbformat.v4.new_code_cell(RECORD))
    nb.cells.append(nbformat.v4.new_code_cell("import json; print(json.dumps(held))"))
    build.run(nb, path.parent)
    last = "".join(output.get("text", "") for output in build.code_cells(nb)[-1].outputs)
    errors = [o for cell in build.code_cells(nb) for o in cell.outputs if o.output_type == "error"]
    if errors:
        return [(False, f"the lesson stopped: {errors[0].ename}: {errors[0].evalue}")]
    return [tuple(claim) for claim in json.loads(last)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lessons", nargs="+", help="such as 04_training")
    parser.add_argument("--first", nargs="*", type=int, default=[100, 200, 300])
    options = parser.parse_args(arguments)
    failed = 0
    for name in options.lessons:
        for first in options.first:
            claims = replicate(name, first)
            wrong = [claim for holds, claim in claims if not holds]
            failed += len(wrong)
            print(f"{name}, seeds from {first}: {len(claims) - len(wrong)} of {len(claims)} hold")
            for claim in wrong:
                print(f"    fails: {claim}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
