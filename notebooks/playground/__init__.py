"""The playground: a network that trains while its settings are changed.

In layers, each importing only those before it: `signals`, `settings`, `data`, `run`, `screen`,
`challenges`, `session`, `panel`, `app`. Shapes as in helpers: a series is (time, 1), windows are
(batch, seq_len, 1).
"""

from .app import Playground
from .challenges import CHALLENGES
from .data import make_data
from .run import Run
from .settings import CONTROLS, DEFAULTS, from_text, to_text

__all__ = [
    "CHALLENGES",
    "CONTROLS",
    "DEFAULTS",
    "Playground",
    "Run",
    "from_text",
    "make_data",
    "to_text",
]
