"""The one place where errors become messages and exit codes."""

from __future__ import annotations

import errno
import locale
import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TYPE_CHECKING, Any, Literal, TextIO

import typer
from typer.core import TyperGroup

from matchmaker.cli.helptext import formatter_for
from matchmaker.cli.misuse import UsageError, language_in, lines_of
from matchmaker.errors import ClusterError, Fault, InputError, MatchmakerError, MissingExtraError
from matchmaker.messages import Translatable, in_language, make_message, reason_of, steerless

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from matchmaker.domain import Language

BAD_INPUT = 3
MISSING_HERE = 4
GATE_NOT_MET = 5
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_CHINESE_LOCALES = ("zh", "yue", "cmn", "chinese")  # Windows writes Chinese (Simplified)_China
_TRADITIONAL = re.compile(r"hant|_(hk|tw|mo)\b|traditional|hong kong|taiwan|maca[ou]")
_running: ContextVar[Any] = ContextVar("_running", default=None)
"""The context of the command that runs, for those who tell something and are handed no context."""
_asked: ContextVar[Any] = ContextVar("_asked", default=None)
"""The language that the arguments ask for, for those who tell something before the arguments are read."""
_spoken_last: ContextVar[Any] = ContextVar("_spoken_last", default=None)
"""The language of the command that met a bug."""


class HelpContext(typer.Context):
    """The context of a command whose help is in the language spoken."""

    def make_formatter(self) -> Any:
        """What lays out usage and help."""
        return formatter_for(spoken(), super().make_formatter())


class Terminated(BaseException):
    """SIGTERM came: what is under way is undone on the way out, as after Ctrl-C, and nothing stays half."""


class Boundary(TyperGroup):
    """A group of commands that prints what a user can put right, one line a fault, and keeps the traceback for bugs.

    Its help, and that of its commands, is in the language spoken.
    """

    context_class = HelpContext

    def invoke(self, ctx: Any) -> Any:
        """Run a command.

        Exit codes: 0 done, 1 bug, 2 usage, 3 wrong input, 4 something missing on this machine, 5 quality gate not met.
        """
        running = _running.set(ctx)
        try:
            with _faults_told():
                try:
                    result = super().invoke(ctx)
                except typer.Exit:  # as of a batch with rejected rows: what it has written must be out as well
                    sys.stdout.flush()
                    raise
                sys.stdout.flush()
                return result
        finally:
            _running.reset(running)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the options, of which some, such as --help, print and end the command."""
        if parent is None:
            _asked.set(language_in(args))
        with _faults_told():
            return super().make_context(info_name, args, parent, **extra)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command of the group, which will speak the same language."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.context_class = HelpContext
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands, each with as much of its help as a line holds."""
        language = spoken()
        if language == "en":
            super().format_commands(ctx, formatter)
            return
        helps = ((name, self.get_command(ctx, name).help) for name in self.list_commands(ctx))
        formatter.write_commands(helps)


@contextmanager
def _faults_told() -> Iterator[None]:
    """Print what a user can put right; end with its exit code."""
    try:
        yield
    except MatchmakerError as error:
        raise report_error(error) from None
    except (BrokenPipeError, SystemExit) as error:  # rich says by SystemExit that nobody reads any more
        if isinstance(error, BrokenPipeError) and _has_reader():
            raise  # of another pipe: what was asked for may not have been done
        _drop_stdout()
        raise typer.Exit(0) from None  # the reader, such as head, has had enough
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        _drop_stdout()
        finding = make_message("cannot be written ({reason})", reason=reason_of(error))
        fault = Fault(make_message("standard output"), finding, "free some space, or choose another disk")
        raise report_error(InputError(fault)) from None
    except UsageError as error:
        raise _report_misuse(error) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception:
        _spoken_last.set(spoken())
        raise


def ready_streams() -> None:
    """Give closed streams an empty stand-in; what an encoding lacks is written, and read, as escapes."""
    sys.stdin = sys.stdin or _nothing("r")
    sys.stdout = sys.stdout or _nothing("w")
    sys.stderr = _forgiving(sys.stderr) if sys.stderr else _nothing("w")
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Forgiving(FileIO):
    """A file that takes everything, also when it is full: what cannot be told changes no exit code."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _forgiving(stream: TextIO) -> TextIO:
    if stream is not sys.__stderr__ or not isinstance(stream, TextIOWrapper):
        return stream
    file = BufferedWriter(_Forgiving(stream.fileno(), "w", closefd=False))
    return TextIOWrapper(file, stream.encoding, line_buffering=True)


def _nothing(mode: Literal["r", "w"]) -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False)  # as Python opens its own


def tell(message: Translatable, *, err: bool = True) -> None:
    """Print a message in the language spoken, on stderr unless it is what was asked for.

    Without what steers a terminal: it may quote what others wrote, and names of their files.
    """
    typer.echo(steerless(in_language(message, spoken())), err=err)


def tell_of_bug(message: Translatable) -> None:
    """As ``tell``, when the command is over."""
    typer.echo(steerless(in_language(message, _spoken_last.get() or system_language())), err=True)


def spoken() -> Language:
    """The language of messages: that of ``--lang``, which its option keeps at the root, else the system's."""
    running = _running.get()
    asked: Language | None = running.find_root().obj if running is not None else None
    return asked or _asked.get() or system_language()


def system_language() -> Language:
    """``zh`` when the locale of this machine is Chinese, ``zh-Hant`` that of Hong Kong, Macao or Taiwan, else ``en``.

    The variables of POSIX decide, in their order; without any, as on Windows, the locale that Python began with.
    """
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    if not named:
        with suppress(ValueError):  # a locale that Python has no name for
            named = locale.getlocale()[0] or ""
    named = named.lower()
    if not named.startswith(_CHINESE_LOCALES):
        return "en"
    return "zh-Hant" if _TRADITIONAL.search(named) else "zh"


def report_error(error: MatchmakerError) -> typer.Exit:
    """Print the faults of an error; what to raise then, which has its exit code."""
    for fault in error.faults:
        tell(make_message("error: {fault}", fault=fault.message))
    return typer.Exit(MISSING_HERE if isinstance(error, (MissingExtraError, ClusterError)) else BAD_INPUT)


def _report_misuse(error: Any) -> Exception:
    """Print how a command is written and what is wrong with it; what to raise then."""
    if type(error).__name__ == "NoArgsIsHelpError":  # which prints help
        return error  # type: ignore[no-any-return]
    for line in lines_of(error):
        tell(line)
    return typer.Exit(error.exit_code)


def _has_reader() -> bool:
    """Whether somebody still reads stdout, as far as the system tells."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return not poll.poll(0)  # what is reported unasked: an error, or the end of the other side
    except (AttributeError, OSError):  # Windows, or no file of the system
        return False


def _drop_stdout() -> None:
    """What stdout still holds goes nowhere: else Python complains about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
