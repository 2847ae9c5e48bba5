"""The report page without a browser: what it holds, what it must not hold, and that it is always the same."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from matchmaker.cli import app
from matchmaker.domain import Problem, Registry, Requirements, Shortlist, Text
from matchmaker.errors import InputError
from matchmaker.institutes import find_institute, load_institutes
from matchmaker.matching.matcher import Matcher
from matchmaker.matching.settings import TrackRecord
from matchmaker.messages import translate
from matchmaker.writing import Display
from matchmaker.writing.page import BROKER, ENTERPRISE, Audience, Page, listing
from matchmaker.writing.page.audience import name_filter_for
from matchmaker.writing.page.marking import detect_html_language, marked_blocks
from matchmaker.writing.page.views import money
from worlds import empty_example, match_example, shortlist_example, small_registry, unmatched_example

DATA = Path(__file__).parents[2] / "data" / "problems"
ASKER = "广州星河精密水务有限公司"
LEAK = Problem(
    id=f"{ASKER}-需求",
    title="供水管网漏损严重，找不到漏点",
    description="星河精密水务管着170公里管网，产销差高，夜间流量大。霍英东研究院的老师来看过一次。\n"
    "希望用压力数据缩小漏水范围。",
    enterprise=ASKER,
    region="佛山顺德",
    tried="请过广州软件应用技术研究院做模型",
    targets=("可疑范围缩到200米以内",),
    conditions=(f"数据不出{ASKER}的机房",),
    keywords=("漏损检测", "压力监测"),
    budget_cny=900_000,
    exclude=("广东智能无人系统研究院",),
)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(load_institutes())


def page_of(matcher: Matcher, problem: Problem, audience: Audience = BROKER, **values: object) -> str:
    shortlist = matcher.match([problem], top=None)[0]
    return "".join(Page(matcher, audience, **values).of_problem(shortlist))  # type: ignore[arg-type]


def institute_of(registry: Registry, name: str, *, named: bool = False) -> Audience:
    return Audience("institute", find_institute(registry, name), named)


def names(registry: Registry, *, but: str) -> list[str]:
    return [
        name
        for institute in registry.institutes
        if institute.id != but
        for name in (*institute.name.both(), *institute.aliases)
    ]


class Outline(HTMLParser):
    """Headings, ids, links and languages of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


# what it holds


def test_the_broker_sees_everything(matcher: Matcher) -> None:
    page = page_of(matcher, LEAK, source="需求.yaml")
    for text in (
        ASKER,
        "佛山顺德",
        "90 万元",
        "请过广州软件应用技术研究院做模型",
        "需求.yaml",
        matcher.registry.fingerprint,
    ):
        assert text in page
    numbered = page_of(matcher, LEAK, display=Display(scores=True, everything=True))
    for institute in matcher.registry.institutes:
        assert institute.name.in_language("zh") in numbered  # the one that is excluded is named as such
    assert "因硬性条件排除" in page
    shortlist = matcher.match([LEAK])[0]
    plain = re.sub(r"<style>.*?</style>|matchmaker \S+", "", page, flags=re.DOTALL)
    for match in shortlist.matches:
        assert f'class="number">{match.score:.2f}' in numbered
        assert f"{match.score:.2f}" not in plain
    assert 'class="similarity"' in numbered
    assert 'class="similarity"' not in page
    assert 'class="keyword"' in page
    assert "可转发的文字" in page


def test_evidence_is_linked_with_its_source_but_a_copy_is_not() -> None:
    registry = small_registry()
    page = "".join(Page(Matcher(registry)).of_problem(shortlist_example(Problem(id="P", title="供水管网漏损严重"))))
    link = (
        '<a href="https://example.org/water/2024" rel="noopener noreferrer">漏损检测项目验收，示例日报，2024-05-06</a>'
    )
    assert link in page
    hrefs = [values.get("href") for name, values in Outline(page).tags if name == "a"]
    assert "https://example.org/copied" not in page
    assert all(href and href.startswith(("https://", "http://", "#")) for href in hrefs)


def test_the_page_says_how_many_are_left_out_and_how_often_the_level_was_right() -> None:
    record = TrackRecord(strong=(40, 33), date="2026-11", by=Text(zh="语言模型", en="language models"))
    none = match_example(3, "centre", level="none")
    shortlist = shortlist_example().model_copy(update={"matches": (*shortlist_example().matches, none)})
    told = "建议对接：已评判的 40 项需求中，有 33 项的首位机构值得联系（语言模型，2026-11）"

    def pages(audience: Audience = BROKER, **shown: bool) -> list[str]:
        page = Page(Matcher(small_registry()), audience, "zh", display=Display(record=record, **shown))
        return ["".join(page.of_problem(shortlist)), "".join(page.of_problems([shortlist]))]

    for page in pages():
        assert "另有 1 家“不匹配”，未列出" in page
        assert '<span class="name">丙技术转移中心' not in page
        assert told in page
        assert 'class="bound"' not in page  # no scale of scores
        assert page.count('<rect class="value strong" x=') >= 4
    for page in pages(everything=True):
        assert "未列出" not in page
        assert '<span class="name">丙技术转移中心' in page
    assert all(told in page for page in pages(ENTERPRISE))
    assert all("未列出" not in page for page in pages(ENTERPRISE))
    assert all(told not in page for page in pages(institute_of(small_registry(), "alpha")))


def test_none_fits() -> None:
    registry = small_registry()
    page = "".join(Page(Matcher(registry)).of_problem(unmatched_example()))
    assert "No institute fits this need; Gamma Technology Transfer Centre can help to find an expert." in page
    assert "Nearest institutes" in page
    empty = "".join(Page(Matcher(registry)).of_problem(empty_example()))
    assert "没有可列出的机构" in empty


def test_a_page_of_its_own_that_asks_for_nothing(matcher: Matcher) -> None:
    for text in (page_of(matcher, LEAK), "".join(Page(matcher).of_problems(matcher.match([LEAK, LEAK])))):
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
        style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
        script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
        assert policy
        assert style
        assert "default-src 'none'" in policy[1]
        for inside in filter(None, (style, script)):
            assert f"'sha256-{b64encode(sha256(inside[1].encode()).digest()).decode()}'" in policy[1]
        for name, values in Outline(text).tags:
            assert name not in {"img", "link", "iframe", "object", "embed", "form", "base"}
            assert "style" not in values
            assert "src" not in values


@pytest.mark.parametrize("language", ["zh", "en"])
def test_headings_are_in_order_and_ids_are_unique(matcher: Matcher, language: str) -> None:
    problems = [LEAK, Problem(title="Eye drops turn hazy"), LEAK.model_copy(update={"enterprise": None})]
    for text in (
        page_of(matcher, LEAK, language=language),
        "".join(Page(matcher, language=language).of_problems(matcher.match(problems))),  # type: ignore[arg-type]
    ):
        tags = Outline(text).tags
        levels = [int(name[1]) for name, _ in tags if re.fullmatch("h[1-6]", name)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        ids = [values["id"] for _, values in tags if "id" in values]
        assert len(ids) == len(set(ids))
        targets = {
            (values.get("href") or "")[1:] for name, values in tags if (values.get("href") or "").startswith("#")
        }
        assert targets <= set(ids)
        assert tags[0] == ("html", {"lang": "zh-Hans" if language == "zh" else "en"})


def test_languages_are_marked(matcher: Matcher) -> None:
    page = page_of(matcher, LEAK, language="en")
    assert '<h1 lang="zh-Hans">' in page
    assert detect_html_language("供水管網漏損嚴重") == "zh-Hant"
    assert detect_html_language("供水管网漏损严重") == "zh-Hans"
    assert detect_html_language("Leaking pipes") == "en"


# what it must not hold


@pytest.mark.parametrize("is_table", [False, True])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_institute_sees_neither_the_enterprise_nor_other_institutes(
    matcher: Matcher, language: str, is_table: bool
) -> None:
    audience = institute_of(matcher.registry, "giii")
    shortlists = matcher.match([LEAK], top=None)
    page = Page(matcher, audience, language, f"{ASKER}.docx", Display(scores=True))  # type: ignore[arg-type]
    text = "".join(page.of_problems(shortlists) if is_table else page.of_problem(shortlists[0]))
    own = next(match for match in shortlists[0].matches if match.institute == "giii")
    assert own.name.in_language("zh" if language == "zh" else "en") in text
    assert f"{own.score:.2f}" in text
    hidden = [ASKER, "星河精密水务", "佛山", "90 万元", "900,000", "做模型", ".docx"]
    others = [name for name in names(matcher.registry, but="giii") if len(name) > 5]
    others.remove("Guangdong Institute of Intelligent Unmanned Systems")
    for secret in (*hidden, *others, "霍英东研究院"):
        assert secret not in text, secret
    for other in shortlists[0].matches:
        if other.institute != "giii":
            assert f"{other.score:.2f}" != f"{own.score:.2f}"
            assert f'class="number">{other.score:.2f}' not in text
    assert translate("an enterprise", page.language or "zh") in text


def test_an_institute_is_told_the_enterprise_on_request(matcher: Matcher) -> None:
    text = page_of(matcher, LEAK, institute_of(matcher.registry, "giii", named=True))
    assert ASKER in text
    assert "佛山" not in text


def test_an_enterprise_sees_no_score_no_limit_and_nobody_who_does_not_fit(matcher: Matcher) -> None:
    shortlists = matcher.match([LEAK], top=None)
    page = Page(matcher, ENTERPRISE, source="内部备注.docx", display=Display(scores=True))
    for text in ("".join(page.of_problem(shortlists[0])), "".join(page.of_problems(shortlists))):
        seen = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", text, flags=re.DOTALL)
        assert ASKER in seen
        assert "内部备注" not in seen
        assert "因硬性条件排除" not in seen
        for match in shortlists[0].matches:
            fits = match.level in {"strong", "fair"}
            assert (f'<span class="name">{match.name.zh}' in seen) == fits
            assert f"{match.score:.2f}" not in re.sub(r"\d\.\d\d\.\d|[^\s>]*%", "", seen)
        assert 'class="bound"' not in seen
        assert 'class="similarity"' not in seen
        assert "智能无人" not in seen


def test_the_veil_sees_through_case_width_spaces_and_legal_forms() -> None:
    registry = small_registry()
    problem = Problem(title="x", enterprise="Star River Water Co., Ltd.")
    veil = name_filter_for(problem, Audience("institute", registry.institutes[0]), registry, "en")
    assert veil.clean("STAR RIVER WATER asks; ＳＴＡＲ　ＲＩＶＥＲ　Ｗａｔｅｒ Co.,Ltd. too; starriverwaters not") == (
        "an enterprise asks; an enterprise too; starriverwaters not"
    )
    assert veil.clean("乙 软件应用技术研究院（Beta Institute of Software Application Technology）") == (
        "another institute（another institute）"
    )
    assert veil.clean("甲工业智能研究院") == "甲工业智能研究院"
    named = name_filter_for(
        problem, Audience("institute", registry.institutes[0], names_enterprise=True), registry, "en"
    )
    assert "Star River" in named.clean("Star River Water")
    assert name_filter_for(problem, BROKER, registry, "en").clean("Star River Water") == "Star River Water"


def test_a_page_for_one_enterprise_is_not_made_of_several(matcher: Matcher) -> None:
    other = LEAK.model_copy(update={"enterprise": "另一家公司"})
    with pytest.raises(InputError, match="several enterprises"):
        list(Page(matcher, ENTERPRISE).of_problems(matcher.match([LEAK, other])))


def test_a_page_for_an_institute_that_is_excluded_is_not_made(matcher: Matcher) -> None:
    with pytest.raises(InputError, match="'giius' is not on the shortlist"):
        page_of(matcher, LEAK, institute_of(matcher.registry, "giius"))
    alone = LEAK.model_copy(update={"require": Requirements(institutes=("giii",)), "exclude": ("giii",)})
    with pytest.raises(InputError, match="is empty"):
        Page(matcher).for_first(matcher.match([alone])[0])


def test_an_audience_without_its_institute_is_refused() -> None:
    with pytest.raises(ValueError, match="institute"):
        Audience("institute")
    with pytest.raises(ValueError, match="institute"):
        Audience("broker", small_registry().institutes[0])


# many problems


def many(matcher: Matcher, n: int) -> list[Shortlist]:
    shortlist = matcher.match([LEAK])[0]
    return [shortlist.model_copy(update={"problem": LEAK.model_copy(update={"id": f"N-{at:05d}"})}) for at in range(n)]


def test_a_large_batch_is_short_and_says_so(matcher: Matcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_DETAILED", 2)
    monkeypatch.setattr(listing, "MAX_LISTED", 5)
    full = "".join(Page(matcher).of_problems(many(matcher, 2)))
    assert "资料未覆盖" in full
    assert "详情从简" not in full
    text = "".join(Page(matcher).of_problems(many(matcher, 7), n_rejected=lambda: 3))
    assert "详情从简" in text
    assert "另有 2 项只计入概况" in text
    assert text.count('<tbody class="row" role="rowgroup"') == 5
    assert "<b>7</b> 需求" in text
    assert "<b>3</b> 行未能读取" in text
    assert "资料未覆盖" not in text


def test_an_empty_batch(matcher: Matcher) -> None:
    text = "".join(Page(matcher).of_problems([]))
    assert "没有可列出的需求" in text


def test_an_institute_is_shown_only_what_it_fits(matcher: Matcher) -> None:
    tea = Problem(id="茶叶广告", title="拍一部茶叶广告片")
    text = "".join(
        Page(matcher, institute_of(matcher.registry, "giii")).of_problems(matcher.match([tea, LEAK], top=None))
    )
    assert "茶叶" not in text
    assert text.count('<tbody class="row" role="rowgroup"') == 1


# always the same, and whole


def test_same_input_same_bytes(matcher: Matcher) -> None:
    shortlists = matcher.match([LEAK, Problem(title="Eye drops turn hazy")])
    again = Matcher(load_institutes())
    assert "".join(Page(matcher).of_problems(shortlists)) == "".join(Page(again).of_problems(shortlists))
    assert page_of(matcher, LEAK) == page_of(again, LEAK)


TEXTS = st.text(st.sampled_from("管网漏损 ab<>&\"'{}%\n\t\u0000\u202e\u0301é𝒳"), min_size=1, max_size=40)


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=2))
def test_the_text_is_shown_whole_whatever_is_in_it(title: str, description: str, targets: list[str]) -> None:
    problem = Problem(title=f"漏{title}", description=description, targets=tuple(targets))
    veil = name_filter_for(problem, BROKER, small_registry(), "zh")
    blocks = marked_blocks(problem, (), (), veil)
    shown = "".join(segment.text for block in blocks for line in block.lines for segment in line)
    ours = re.sub(r"[\s\ufffd]", "", shown)
    assert ours == re.sub(r"[\s\u0000\u202e\ufffd]", "", problem.text)


def test_amounts() -> None:
    assert money(900_000, "zh") == "90 万元"
    assert money(1_234_500, "zh") == "123.45 万元"
    assert money(800, "zh") == "800 元"
    assert money(900_000, "en") == "CNY 900,000"


# the commands


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code in {0, 2, 3}, result.exception
    return result.exit_code, result.stdout, result.stderr


def test_the_command_writes_a_file_or_stdout(tmp_path: Path) -> None:
    file, output = str(DATA / "05-water-leak.yaml"), tmp_path / "page.html"
    code, stdout, stderr = run("report", file, "-o", str(output))
    assert (code, stdout, stderr) == (0, "", f"wrote {output}\n")
    assert run("report", file) == (0, output.read_text("utf-8"), "")
    match = tmp_path / "match.html"
    assert run("match", file, "-o", str(match), "-q") == (0, "", "")
    assert match.read_bytes() == output.read_bytes()


def test_a_table_by_report_and_by_batch(tmp_path: Path) -> None:
    table, page, batch = str(DATA / "requests.csv"), tmp_path / "page.html", tmp_path / "batch.html"
    code, _, stderr = run("report", table, "-o", str(page))
    assert code == 3
    assert "rejected: " in stderr
    assert run("batch", table, "-o", str(batch), "-q")[0] == 3
    assert batch.read_bytes() == page.read_bytes()
    assert Path(f"{batch}.rejects.csv").exists()
    assert "<b>2</b> 行未能读取" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["05-water-leak.yaml", "--for", "giiii"], 3, "no institute is named 'giiii' (did you mean 'giii'?)"),
        (["05-water-leak.yaml", "--for", "scttc"], 3, "'scttc' is not on the shortlist (require.role"),
        (["requests.csv", "--for", "institute"], 2, "for a table, say which institute: --for ID"),
        (["requests.csv", "--for", "enterprise"], 3, "holds problems of several enterprises, '示例企业01'"),
        (["05-water-leak.yaml", "--name-enterprise"], 2, "--name-enterprise goes with --for an institute"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], code: int, said: str, tmp_path: Path) -> None:
    output = tmp_path / "out.html"
    found, _, stderr = run("report", str(DATA / arguments[0]), *arguments[1:], "-q", "-o", str(output))
    assert found == code
    assert said in " ".join(stderr.replace("│", " ").split())
    assert not output.exists()


def test_a_ranking_has_no_page(tmp_path: Path) -> None:
    code, _, stderr = run("problems", str(DATA / "requests.csv"), "--for", "giii", "-o", str(tmp_path / "x.html"))
    assert code == 2
    assert "matchmaker report FILE --for" in " ".join(stderr.replace("│", " ").split())
