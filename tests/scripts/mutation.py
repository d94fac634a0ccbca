"""One planted mistake: `old`, which has to occur in `file` exactly once, becomes `new`, and one of `tests` has to turn red."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    kind: str
    name: str
    file: str
    old: str
    new: str
    tests: tuple
