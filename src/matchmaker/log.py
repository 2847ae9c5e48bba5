"""What is going on, for whoever listens: ``matchmaker --debug``, or a program that listens to this logger.

Nobody listens who has not loaded ``logging``, so nothing is loaded for nothing. There is no handler here and no level
above debug: without a listener nothing is ever printed, as what is told may hold texts of problems.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

NAME = "matchmaker"


def note(message: str, *values: object) -> None:
    """Tell something, ``values`` as ``%s`` in the message."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger(NAME).debug(message, *values)


@contextmanager
def timed(message: str, *values: object) -> Iterator[None]:
    """As ``note``, when the block ends, with the milliseconds it took."""
    began = time.perf_counter()
    yield
    note(f"{message}: %.0f ms", *values, 1000 * (time.perf_counter() - began))
