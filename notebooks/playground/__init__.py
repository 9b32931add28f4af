"""The playground: a network that trains while its settings are changed.

In layers, each importing only those before it: `signals`, `settings`, `presets`, `data`, `run`,
`script`, `canvas`, `screen`, `challenges`, `session`, `player`, `panel`, `app`.
Shapes as in helpers: a series is (time, 1), windows are (batch, seq_len, 1).
"""

from .app import Playground
from .challenges import CHALLENGES
from .data import make_data
from .presets import PRESETS
from .run import Run
from .script import to_script
from .settings import CONTROLS, DEFAULTS, from_lines, from_text, to_text

__all__ = [
    "CHALLENGES",
    "CONTROLS",
    "DEFAULTS",
    "PRESETS",
    "Playground",
    "Run",
    "from_lines",
    "from_text",
    "make_data",
    "to_script",
    "to_text",
]
