"""The report page in a real Chromium: quiet, alone, usable, printable, accessible."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from typer.testing import CliRunner

from browsers import Watched, chromium, opened
from matchmaker.cli import app
from matchmaker.domain import LEVELS, Problem
from matchmaker.institutes import load_institutes
from matchmaker.matching.matcher import Matcher
from matchmaker.writing import level_word
from matchmaker.writing.page import Page

DATA = Path(__file__).parents[2] / "data" / "problems"
PAGES = {
    "one": [str(DATA / "05-water-leak.yaml")],
    "none": [str(DATA / "22-eye-drop-haze.yaml")],
    "many": [str(DATA / "requests.csv"), "--scores"],
    "enterprise": [str(DATA / "16-crewed-sub-controller.yaml"), "--for", "enterprise"],
    "institute": [str(DATA / "05-water-leak.yaml"), "--for", "institute"],
    "institute-many": [str(DATA / "requests.csv"), "--for", "giii"],
}
HOSTILE = (
    '<script>document.title="pwned"</script>"><img src=x onerror="alert(1)">\'--></style></title></textarea>'
    "<svg onload=alert(2)>{{ 7 * 7 }}{% raw %}javascript:alert(3) </script><base href=https://evil.example/>"
    " \u202etxt.exe\u0000\u2028 https://evil.example/?<a href='javascript:alert(4)'>漏水</a> &lt;b&gt; url(https://evil.example)"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every page in both languages."""
    folder = tmp_path_factory.mktemp("pages")
    for name, arguments in PAGES.items():
        for language in ("zh", "en"):
            output = folder / f"{name}-{language}.html"
            result = CliRunner().invoke(app, ["report", *arguments, "--lang", language, "-q", "-o", str(output)])
            assert result.exit_code in {0, 3}, result.stderr
    return folder


def check_alone(watched: Watched, address: str) -> None:
    assert watched.said == []
    assert watched.requests == [address]


def check_accessible(watched: Watched) -> None:
    found = Axe().run(watched.page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desktop", "light"), ("desktop", "dark")])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_quiet_alone_accessible_and_no_wider_than_the_window(
    browser: Browser, folder: Path, name: str, language: str, size: str, scheme: Literal["light", "dark"]
) -> None:
    address = (folder / f"{name}-{language}.html").as_uri()
    with opened(browser, address, size=size, scheme=scheme) as watched:
        width = watched.page.viewport_size
        for is_open in (False, True):
            if is_open:
                watched.page.evaluate(
                    "[...document.querySelectorAll('details')].slice(0, 12).forEach(d => d.open = true)"
                )
            check_accessible(watched)
            assert width is not None
            assert watched.page.evaluate("document.documentElement.scrollWidth") == width["width"]
        check_alone(watched, address)


def shown(watched: Watched, column: str) -> list[str]:
    """The cells of one column, of the rows that are shown, in order."""
    cells = watched.page.locator(f".list > tbody:not([hidden]) > tr:first-child > {column}")
    return [text.strip() for text in cells.all_text_contents()]


def test_sorting(browser: Browser, folder: Path) -> None:
    with opened(browser, (folder / "many-zh.html").as_uri()) as watched:
        page, before = watched.page, shown(watched, ".col-id")
        page.get_by_role("button", name="评分").click()
        scores = [float(text) for text in shown(watched, ".col-score")]
        assert scores == sorted(scores, reverse=True)
        assert len(set(scores)) > 5
        assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
        page.get_by_role("button", name="评分").focus()
        page.keyboard.press("Enter")
        assert [float(text) for text in shown(watched, ".col-score")] == sorted(scores)
        page.get_by_role("button", name="等级").click()
        order = [level_word(level, "zh") for level in LEVELS]
        levels = [order.index(text) for text in shown(watched, ".col-band")]
        assert levels == sorted(levels)
        page.get_by_role("button", name="编号").click()
        assert shown(watched, ".col-id") == sorted(before)
        assert page.locator("th[aria-sort]").count() == 1


def test_search_and_filters(browser: Browser, folder: Path) -> None:
    with opened(browser, (folder / "many-en.html").as_uri()) as watched:
        page, every = watched.page, shown(watched, ".col-id")
        page.locator("#search").fill("悬空长度")
        expect(page.locator("#shown")).to_contain_text("1 of")
        assert shown(watched, ".col-id") == ["XQ-2027-005"]
        page.locator("#search").fill("xq-2027-005 no-such-word")
        expect(page.locator("#shown")).to_contain_text("0 of")
        page.get_by_role("button", name="Reset").click()
        assert shown(watched, ".col-id") == every
        page.locator("#level").select_option("strong")
        assert set(shown(watched, ".col-band")) == {"Recommend"}
        n_strong = len(shown(watched, ".col-id"))
        assert 1 < n_strong < len(every)
        name = shown(watched, ".col-best")[0]
        page.locator("#institute").select_option(name)
        assert set(shown(watched, ".col-best")) == {name}
        assert len(shown(watched, ".col-id")) < n_strong
        assert watched.said == []


@pytest.mark.parametrize("has_script", [True, False])
def test_details_open_and_lead_to_the_evidence(browser: Browser, folder: Path, has_script: bool) -> None:
    with opened(browser, (folder / "many-zh.html").as_uri(), has_script=has_script) as watched:
        page = watched.page
        assert page.locator("#controls").is_visible() == has_script
        assert page.get_by_role("button").count() == (7 if has_script else 0)
        row = page.locator(".list > tbody").nth(4)
        assert not row.locator(".detail").is_visible()
        row.get_by_text("详情").click()
        assert row.locator("mark").first.is_visible()
        row.locator(".see a").first.click()
        expect(page).to_have_url(re.compile("#c-"))
        expect(page.locator("article:target h3")).to_be_visible()


def pages_of(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of each page of what Chromium prints, in points."""
    return [(float(width), float(height)) for width, height in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)]


@pytest.mark.parametrize(("name", "most"), [("one-zh", 4), ("none-en", 4), ("enterprise-zh", 4), ("many-zh", 20)])
def test_printed_on_a4(browser: Browser, folder: Path, name: str, most: int) -> None:
    with opened(browser, (folder / f"{name}.html").as_uri()) as watched:
        sizes = pages_of(watched.page.pdf(prefer_css_page_size=True))
        assert 2 <= len(sizes) <= most
        assert {(round(width), round(height)) for width, height in sizes} == {(595, 842)}
        watched.page.emulate_media(media="print")
        assert watched.page.locator("button:visible, input:visible, select:visible, summary:visible").count() == 0
        link = watched.page.locator(".evidence a[href^=http]:not(.bare)").first
        if link.count():
            printed = link.evaluate("a => getComputedStyle(a, '::after').content")
            assert f"{link.get_attribute('href')}" in printed


@pytest.mark.parametrize("many", [False, True])
def test_hostile_text_stays_text(browser: Browser, tmp_path: Path, many: bool) -> None:
    problem = Problem(
        id=HOSTILE[:190], title=HOSTILE, description=f"管网漏损检测\n{HOSTILE}", enterprise=HOSTILE, region=HOSTILE,
        targets=(HOSTILE,), conditions=(HOSTILE,), tried=HOSTILE, cooperation=(HOSTILE,), keywords=(HOSTILE,),
    )  # fmt: skip
    matcher = Matcher(load_institutes())
    page = Page(matcher, source=HOSTILE)
    shortlists = matcher.match([problem])
    pieces = page.of_problems(shortlists) if many else page.of_problem(shortlists[0])
    file = tmp_path / "hostile.html"
    file.write_text("".join(pieces), "utf-8")
    with opened(browser, file.as_uri()) as watched:
        check_alone(watched, file.as_uri())
        check_accessible(watched)
        inside = watched.page
        assert inside.title() != "pwned"
        assert inside.locator("script").count() == many
        assert inside.locator("img, iframe, object, embed, link, base, form").count() == 0
        assert inside.evaluate(
            "[...document.querySelectorAll('*')].every(e => [...e.attributes].every(a => !/^on/.test(a.name)))"
        )
        hrefs = inside.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
        assert all(href.startswith(("https://", "http://", "#")) and "evil" not in href for href in hrefs)
        text = inside.locator(".text").first.text_content() or ""
        assert '<script>document.title="pwned"</script>' in text
        assert "{{ 7 * 7 }}" in text
