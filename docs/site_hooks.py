"""What ``make site`` builds: the pages of the repository and the files they link to, each at the place where it stands.

MkDocs takes one folder of pages; here README, CONTRIBUTING and others stand above it, and links are those of the
repository, which hold in a checkout as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "docs/*.md", "docs/decisions/*.md", "data/problems/README.md", "src/matchmaker/*/README.md")
DECISIONS = "docs/decisions/"
_LINK = re.compile(r"\]\(([^)#:\s]+)")
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\W?(?:https?:)?//\S*|<link\b[^>]*stylesheet[^>]*//[^>]*>"
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """All pages and what they link to, beside the files of the theme."""
    own = {page.relative_to(ROOT).as_posix() for pattern in PAGES for page in ROOT.glob(pattern)}
    paths = sorted(own | {path for page in own for path in _linked(ROOT / page)})
    found = [File(path, str(ROOT), config.site_dir, config.use_directory_urls) for path in paths]
    index = File.generated(config, f"{DECISIONS}README.md", content=_decisions())
    return Files([*(file for file in files if file.src_dir != config.docs_dir), *found, index])


def on_page_markdown(markdown: str, **_: Any) -> str:
    """A checkout has a folder of decisions, the site a page that lists them."""
    return re.sub(rf"\]\(({DECISIONS})\)", r"](\1README.md)", markdown)


def on_post_page(output: str, page: object, **_: Any) -> str:
    """Nothing on a page may be fetched from a network when it is opened.

    Raises:
        PluginError: Something is.
    """
    if found := _LOADED.search(output):
        raise PluginError(f"{page} loads {found[0]}")
    return output


def _linked(page: Path) -> Iterator[str]:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / link).resolve()
        if target.is_file() and target.is_relative_to(ROOT):
            yield target.relative_to(ROOT).as_posix()


def _decisions() -> str:
    lines = ["# Decisions", "", "What would be costly to reverse, half a page each.", ""]
    for path in sorted((ROOT / DECISIONS).glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"
