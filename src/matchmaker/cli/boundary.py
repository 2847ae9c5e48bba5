"""The one place where errors become messages and exit codes."""

from __future__ import annotations

import errno
import locale
import os
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Literal, TextIO

import typer
from typer.core import TyperGroup

from matchmaker.errors import Fault, InputError, MatchmakerError, MissingExtraError

if TYPE_CHECKING:
    from matchmaker.domain import Language

BAD_INPUT = 3
MISSING_HERE = 4
GATE_NOT_MET = 5
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class Boundary(TyperGroup):
    """A group of commands that prints what a user can put right, one line a fault, and keeps the traceback for bugs."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command.

        Exit codes: 0 done, 1 bug, 2 usage, 3 wrong input, 4 something missing on this machine, 5 quality gate not met.
        """
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except MatchmakerError as error:
            raise _told(error, spoken(ctx)) from None
        except (BrokenPipeError, SystemExit):  # the reader, such as head, has had enough; rich says so by SystemExit
            _drop_stdout()
            raise typer.Exit(0) from None
        except OSError as error:
            if error.errno not in _FULL or error.filename is not None:
                raise
            _drop_stdout()
            reason = os.strerror(error.errno).lower()
            fault = Fault("standard output", f"cannot be written ({reason})", "free some space, or choose another disk")
            raise _told(InputError(fault), spoken(ctx)) from None
        return result


def ready_streams() -> None:
    """Give closed streams an empty stand-in, and write characters that an encoding lacks as escapes."""
    sys.stdin = sys.stdin or _nothing("r")
    sys.stdout = sys.stdout or _nothing("w")
    sys.stderr = sys.stderr or _nothing("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nothing(mode: Literal["r", "w"]) -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False)  # as Python opens its own


def spoken(ctx: Any) -> Language:
    """The language of messages: that of ``--lang``, which its option keeps at the root, else the system's."""
    asked: Language | None = ctx.find_root().obj
    return asked or system_language()


def system_language() -> Language:
    """``zh`` when the locale of this machine is Chinese, else ``en``."""
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), None)
    return "zh" if (named or locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


def _told(error: MatchmakerError, language: Language) -> typer.Exit:
    label = "错误：" if language == "zh" else "error: "
    for fault in error.faults:
        typer.echo(label + fault.in_language(language), err=True)
    return typer.Exit(MISSING_HERE if isinstance(error, MissingExtraError) else BAD_INPUT)


def _drop_stdout() -> None:
    """What stdout still holds goes nowhere: else Python complains about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
