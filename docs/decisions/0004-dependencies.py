"""Print version, licence and size of every package that running needs, from the metadata of what is installed."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

LOCK = Path(__file__).parents[2] / "requirements.lock"


def licence(package: metadata.PackageMetadata) -> str:
    """The licence expression, else the licence field, else the classifiers."""
    classifiers = [name.rpartition(" :: ")[2] for name in package.get_all("Classifier") or [] if "License" in name]
    stated = [*(package.get_all("License-Expression") or []), *(package.get_all("License") or []), *classifiers]
    return min(stated, key=lambda text: "\n" in text) if stated else "not stated"  # some put the whole text there


def size(package: metadata.Distribution) -> int:
    """The bytes of the files of a package, compiled bytecode left aside."""
    paths = [Path(str(file.locate())) for file in package.files or [] if "__pycache__" not in file.parts]
    return sum(path.stat().st_size for path in paths if path.is_file())


def main() -> None:
    names = dict.fromkeys(re.findall(r"^([\w.-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    for name in names:
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another system
            continue
        line = f"{name} {package.version} | {licence(package.metadata)} | {size(package) / 1e6:.1f} MB\n"
        sys.stdout.write(line)


if __name__ == "__main__":
    main()
