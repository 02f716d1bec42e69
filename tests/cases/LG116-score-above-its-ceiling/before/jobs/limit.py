"""Below which variance no estimator comes, row by row."""

from dataclasses import dataclass

VERSION = 1
CEILING = True
USES_SEED = False


@dataclass(frozen=True)
class Params:
    """Nothing may be set."""
