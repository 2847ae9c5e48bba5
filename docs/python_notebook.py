"""Prints ``python.ipynb``: the page ``python.md`` as a notebook, its code blocks as cells."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path


def notebook(page: str) -> dict[str, object]:
    """The notebook of a page in Markdown."""
    cells: list[dict[str, object]] = []
    for number, part in enumerate(re.split(r"^```python\n(.*?)^```\n", page, flags=re.MULTILINE | re.DOTALL)):
        text = part.strip("\n")
        if number % 2:
            outputs: list[object] = []
            cells.append({"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": outputs})
        elif text:
            cells.append({"cell_type": "markdown", "metadata": {}})
        else:
            continue
        cells[-1] |= {"id": f"cell-{len(cells)}", "source": text.splitlines(keepends=True)}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


if __name__ == "__main__":
    page = Path(__file__).with_name("python.md").read_text(encoding="utf-8")
    sys.stdout.write(json.dumps(notebook(page), ensure_ascii=False, indent=1) + "\n")
