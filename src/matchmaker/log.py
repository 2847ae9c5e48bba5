"""Debug messages for ``matchmaker --debug``, or for a program with a handler for this logger.

``logging`` is not imported here: unless somebody else has imported it, nobody listens. There is no handler here and no
level above debug, so nothing is printed unless asked for: messages may contain texts of problems.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOGGER_NAME = "matchmaker"


def note(message: str, *values: object) -> None:
    """Log a debug message with ``values`` for its ``%s``."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger(LOGGER_NAME).debug(message, *values)


@contextmanager
def timed(message: str, *values: object) -> Iterator[None]:
    """Log a debug message when the block ends, with the milliseconds it took."""
    began = time.perf_counter()
    yield
    note(f"{message}: %.0f ms", *values, 1000 * (time.perf_counter() - began))
