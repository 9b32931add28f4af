"""What the notebooks' kernels, and nbval, need around them."""

import os

import matplotlib

from build import INLINE_BACKEND

# Kernels inherit the environment. With MPLBACKEND=Agg in it, figures would vanish from the cells.
os.environ["MPLBACKEND"] = INLINE_BACKEND
matplotlib.use("Agg")  # for the tests that draw in pytest's own process


def pytest_collection_modifyitems(items) -> None:
    """nbval waits 5 s for an output after a cell's end; a busy machine may need longer."""
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = 60
