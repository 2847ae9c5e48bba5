"""A headless Chromium for tests: Debian's own, driven by playwright, whose browser download is never used."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

REQUIRED = os.environ.get("MATCHMAKER_REQUIRE_BROWSER") == "1"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SIZES = {"phone": (360, 740), "desktop": (1280, 900)}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A new browser with an empty profile; skips where there is none, unless one is required."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        word = "Chromium is not installed (apt-get install chromium fonts-noto-cjk)"
        if REQUIRED:
            pytest.fail(word)
        pytest.skip(word)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page, and all it said and asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.requests.append(request.url))

    def _dismiss(self, dialog: Dialog) -> None:
        self.said.append(f"dialog {dialog.message}")
        dialog.dismiss()


@contextmanager
def opened(
    browser: Browser,
    address: str,
    *,
    size: str = "desktop",
    scheme: Literal["light", "dark"] = "light",
    has_script: bool = True,
) -> Iterator[Watched]:
    """A file opened in a window of its own."""
    width, height = _SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=has_script
    )
    try:
        watched = Watched(context.new_page())
        watched.page.goto(address)
        yield watched
    finally:
        context.close()
