"""What can be told of this installation when something goes wrong, without a word of anybody's problems.

Everything here must work where much else does not: each part is looked at by itself, and what fails is told as a fault.
Nothing is imported but what the part at hand needs.
"""

from __future__ import annotations

import locale
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, TypeAlias

from matchmaker.distribution import DISTRIBUTION, version
from matchmaker.errors import Fault, MatchmakerError
from matchmaker.files import path_exists
from matchmaker.messages import make_message, reason_of

Origin: TypeAlias = Literal["flag", "environment", "default"]
Facts: TypeAlias = dict[str, object]

DATA: Final = Path(__file__).parents[1] / "data"
MANIFEST: Final = "SHA256SUMS"
AGAIN: Final = "install matchmaker again"
_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG", "PYTHONUTF8", "PYTHONIOENCODING", "TERM", "NO_COLOR")
_REQUIREMENT: Final = re.compile(r"([\w.-]+)[^;]*(?:;(.*))?")
_EXTRA: Final = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")
_PROBLEM: Final = "供水管网漏水找不到漏点"


@dataclass
class Examination:
    """What was found: plain data by part, what is missing or broken, and what only makes things slower."""

    facts: dict[str, Facts] = field(default_factory=dict)
    errors: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


def examine(ledger: str | None = None, origin: Origin = "default") -> Examination:
    """Look at everything a bug report needs.

    Args:
        ledger: As ``--ledger``; it is opened, but nothing is written to it.
        origin: Who named it.
    """
    found = Examination()
    parts: Mapping[str, Callable[[Examination], Facts]] = {
        "program": _program,
        "system": _system,
        "locale": _locale,
        "dependencies": _dependencies,
        "extras": _extras,
        "data": _data,
        "cache": _cache,
        "ledger": lambda so_far: _ledger(so_far, ledger, origin),
        "fingerprints": _fingerprints,
        "sample": _sample,
    }
    for name, look in parts.items():
        found.facts[name] = {}
        try:
            found.facts[name] = look(found)
        except MatchmakerError as error:  # its place may be a path of the user's
            found.errors += [
                Fault(make_message("{part}", part=name), fault.finding, fault.remedy) for fault in error.faults
            ]
        except Exception as error:  # whatever is broken here, the other parts can be told
            finding = make_message("cannot be looked at ({kind})", kind=type(error).__name__)
            found.errors.append(Fault(make_message("{part}", part=name), finding, AGAIN))
    return found


def discreet(text: str) -> str:
    """A path without what tells a person: the home folder as ``~``, the user's name elsewhere as ``<user>``."""
    home = _home()
    if home and (text == home or text.startswith((f"{home}/", f"{home}\\"))):
        text = f"~{text[len(home) :]}"
    for name in _names():
        text = re.sub(rf"(?<![^/\\]){re.escape(name)}(?![^/\\])", "<user>", text)
    return "".join(char if char.isprintable() else "?" for char in text)


def _home() -> str:
    with suppress(RuntimeError):  # neither HOME nor the system knows one
        home = str(Path.home())
        return home if len(home) > len(Path(home).anchor) else ""  # the root of everything is nobody's home
    return ""


def _names() -> list[str]:
    import getpass

    found = {os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME")} | {Path(_home()).name}
    with suppress(KeyError, OSError, ImportError):
        found.add(getpass.getuser())
    return sorted(found - {""})


def _program(_: Examination) -> Facts:
    return {"matchmaker": version(), "installed_as": "wheel" if (DATA / "institutes.yaml").exists() else "source"}


def _system(_: Examination) -> Facts:
    bits = 64 if sys.maxsize > 2**32 else 32
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()} ({bits} bit)",
        "virtual_environment": sys.prefix != sys.base_prefix,
        "platform": " ".join([platform.system(), platform.release(), platform.machine(), *platform.libc_ver()]),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_mb": _memory(),
    }


def _memory() -> int | None:
    with suppress(AttributeError, ValueError, OSError):  # not on Windows
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return None


def _locale(_: Examination) -> Facts:
    import shutil

    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    columns, lines = shutil.get_terminal_size()
    return {
        **{name: discreet(os.environ[name])[:80] for name in _VARIABLES if name in os.environ},
        "preferred_encoding": locale.getpreferredencoding(do_setlocale=False),
        "file_names": sys.getfilesystemencoding(),
        "utf8_mode": bool(sys.flags.utf8_mode),
        **{name: {"encoding": stream.encoding, "terminal": stream.isatty()} for name, stream in streams.items()},
        "terminal_size": f"{columns} x {lines}",
    }


def _requirements() -> Iterator[tuple[str, str]]:
    """The name of each package that is required, and its condition."""
    for line in metadata.requires(DISTRIBUTION) or ():
        if match := _REQUIREMENT.match(line):
            yield match[1], (match[2] or "").strip()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _dependencies(found: Examination) -> Facts:
    needed = {name: condition for name, condition in _requirements() if not _EXTRA.search(condition)}
    versions: Facts = {name: _version(name) for name in sorted(needed)}
    missing = [name for name, installed in versions.items() if installed is None and not needed[name]]
    found.errors += [Fault(name, "is not installed", AGAIN) for name in missing]
    return versions


def _extras(_: Examination) -> Facts:
    extras: dict[str, dict[str, str | None]] = {}
    for name, condition in _requirements():
        if extra := _EXTRA.search(condition):
            extras.setdefault(extra[1], {})[name] = _version(name)
    return {extra: extras[extra] for extra in sorted(extras)}


# --- data files -------------------------------------------------------------------------------------------------------


def shipped_sums() -> dict[str, str]:
    """The SHA-256 of each data file as it was shipped, by its path below the package's folder for data.

    Raises:
        OSError: The list is not there.
    """
    lines = (DATA / MANIFEST).read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def data_file(name: str) -> Path:
    """Where a data file is: in the package, profiles also in the source tree it runs from."""
    in_tree = DATA.parents[2] / "data" / name
    return in_tree if not (DATA / name).exists() and in_tree.exists() else DATA / name


def sum_of(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _data(found: Examination) -> Facts:
    try:
        sums = shipped_sums()
    except (OSError, UnicodeDecodeError):
        found.errors.append(Fault(MANIFEST, "is missing or damaged", AGAIN))
        return {}
    return {name: _file(found, name, digest) for name, digest in sums.items()}


def _file(found: Examination, name: str, digest: str) -> Facts:
    path = data_file(name)
    try:
        facts: Facts = {"bytes": path.stat().st_size, "sha256": sum_of(path)}
    except FileNotFoundError:
        found.errors.append(Fault(name, "is missing", AGAIN))
        return {"state": "missing"}
    except OSError as error:
        found.errors.append(Fault(name, make_message("cannot be read ({reason})", reason=reason_of(error)), AGAIN))
        return {"state": "unreadable"}
    if facts["sha256"] != digest:
        found.errors.append(Fault(name, "is not as it was shipped", AGAIN))
    return {**facts, "state": "as_shipped" if facts["sha256"] == digest else "changed"}


# --- cache ------------------------------------------------------------------------------------------------------------


def _cache(found: Examination) -> Facts:
    from matchmaker.cache import cache_folder, is_private

    folder = cache_folder()
    if folder is None:
        finding = "no home folder is known, so nothing is kept and every run takes longer"
        found.notes.append(Fault(make_message("cache"), finding, "set HOME or XDG_CACHE_HOME"))
        return {"place": None}
    facts: Facts = {"place": discreet(str(folder))}
    try:
        state = folder.stat()
        sizes = [entry.stat().st_size for entry in os.scandir(folder)]
    except FileNotFoundError:
        return {**facts, "state": "not_there"}
    except OSError as error:
        finding = make_message("cannot be read ({reason}), so every run takes longer", reason=reason_of(error))
        found.notes.append(Fault(make_message("cache"), finding, "delete the folder, it is made anew"))
        return {**facts, "state": "unreadable"}
    is_used = is_private(state) and os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    if not is_used:
        finding = "others can write there, or this user cannot: it is not used, and every run takes longer"
        found.notes.append(Fault(make_message("cache"), finding, "delete the folder, it is made anew"))
    facts |= {"entries": len(sizes), "bytes": sum(sizes), "state": "used" if is_used else "not_used"}
    return facts | ({} if os.name == "nt" else _owner(state))


def _owner(state: os.stat_result) -> Facts:
    return {"mode": f"{state.st_mode & 0o7777:04o}", "own": state.st_uid == os.geteuid()}


# --- ledger -----------------------------------------------------------------------------------------------------------


def _ledger(found: Examination, named: str | None, origin: Origin) -> Facts:
    from matchmaker.ledger import default_exists, default_path

    facts: Facts = {"named_by": origin}
    target = (named or "").strip()
    if target.casefold() == "none":
        return {**facts, "state": "none"}
    is_found = default_exists()
    if not target:
        facts["place"] = discreet(str(default_path())) if is_found else None
    elif "://" not in target:  # a name of a file may tell whose it is
        path = Path(target)
        facts["place"] = f"….{path.suffix.lstrip('.')}"
        is_found = path_exists(path)
    else:
        is_found = True
    if not is_found and origin != "flag":
        return {**facts, "state": "not_there"}
    return {**facts, **_opened(found, target)}


def _opened(found: Examination, target: str) -> Facts:
    """What the ledger is and how much it holds; never where it is, nor a text of it."""
    from matchmaker.ledger.checks import describe, is_intact
    from matchmaker.ledger.schema import LATEST
    from matchmaker.ledger.store import open_ledger

    try:
        with open_ledger(target or None, migrates=False) as ledger:
            schema = ledger.version()
            facts: Facts = {"engine": "SQLite" if ledger.path else "PostgreSQL", "version": schema}
            if schema < LATEST:
                return {**facts, "state": "older"}
            held = describe(ledger)
            counts = {name: value for name, value in held.items() if isinstance(value, int)}
            if is_intact(ledger):
                return {**facts, **counts, "state": "ok"}
    except MatchmakerError as error:
        faults = [Fault(make_message("ledger"), fault.finding, fault.remedy) for fault in error.faults]
        found.errors += faults
        return {"state": "broken"}
    found.errors.append(Fault(make_message("ledger"), "is damaged", "see: matchmaker ledger check"))
    return {**facts, "state": "broken"}


# --- what a match rests on --------------------------------------------------------------------------------------------


def _fingerprints(_: Examination) -> Facts:
    from matchmaker.institutes import load_institutes
    from matchmaker.matching.settings import shipped_settings

    return {
        "settings_words": shipped_settings("words").fingerprint,
        "settings_e5": shipped_settings("e5").fingerprint,
        "settings_auto": shipped_settings("auto").fingerprint,
        "institutes": load_institutes().fingerprint,
    }


def _sample(found: Examination) -> Facts:
    """A match of a text that everybody may see, from nothing: shows that encoder and data work together."""
    from matchmaker.domain import Problem
    from matchmaker.institutes import load_institutes
    from matchmaker.matching.encoder import encoder
    from matchmaker.matching.matcher import Matcher

    shortlist = Matcher(load_institutes()).match([Problem(title=_PROBLEM)])[0]
    words = encoder()
    facts: Facts = {"encoder": "words", "words": words.n_words, "dimensions": words.n_dimensions}
    if not shortlist.matches:
        found.errors.append(Fault(make_message("sample match"), "finds nobody", AGAIN))
        return facts
    return {**facts, "first": shortlist.matches[0].institute, "score": shortlist.matches[0].score}
