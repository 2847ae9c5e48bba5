"""The files of tests/data/office/documents, each with what must come out of it; and files made to do harm."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from fuzz_targets import OFFICE, Packed
from matchmaker.cli import app
from matchmaker.errors import MatchmakerError, ProblemError
from matchmaker.intake import load_problem, load_problems, problems_from_bytes
from matchmaker.messages import Message, is_ours
from matchmaker.office.blocks import Cell, Paragraph, Table
from matchmaker.office.opendocument import opendocument_blocks
from matchmaker.office.packed import open_package
from matchmaker.office.word import word_blocks
from test_packed import RELATIONS, TYPES, packed

FOLDER = Path(__file__).parents[1] / "data" / "office" / "documents"
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "expected.yaml").read_text(encoding="utf-8"))


def test_every_file_has_its_expectation() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"expected.yaml", "README.md"}
    assert files == set(EXPECTED)
    assert sum((FOLDER / name).stat().st_size for name in files) < 620_000


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_comes_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    expected = EXPECTED[name]
    if "error" in expected:
        with pytest.raises(ProblemError) as caught:
            load_problems(name)
        assert str(caught.value) == expected["error"]
        return
    loaded = load_problems(name)
    assert [p.model_dump(mode="json", exclude_defaults=True) for p in loaded.problems] == expected["problems"]
    assert [str(warning) for warning in loaded.warnings] == expected.get("warnings", [])
    assert dict(loaded.recognised) == expected.get("recognised", {})
    assert list(loaded.unused) == expected.get("unused", [])


READ = [name for name, expected in sorted(EXPECTED.items()) if "problems" in expected]


@pytest.mark.parametrize("name", [name for name in READ if not name.endswith(".txt")])
def test_standard_input_is_told_by_its_content(name: str) -> None:
    loaded = problems_from_bytes((FOLDER / name).read_bytes(), default_id=Path(name).stem)
    found = [problem.model_dump(mode="json", exclude_defaults=True) for problem in loaded.problems]
    assert found == EXPECTED[name]["problems"]


@pytest.mark.parametrize("name", READ)
def test_no_contact_data_is_kept(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Telephone numbers, addresses and names of persons are in many of the files and in no problem."""
    monkeypatch.chdir(FOLDER)
    problems = load_problems(name).problems
    assert len(problems) == len(EXPECTED[name]["problems"])
    for problem in problems:
        text = problem.model_dump_json()
        for contact in ("80000000", "13800000000", "13900000000", "example.invalid", "张某", "李某", "陳某"):
            assert contact not in text


def test_one_problem_is_wanted_where_there_are_several() -> None:
    with pytest.raises(ProblemError, match="contains 3 problems: 供水管网漏损定位, 滤芯车间深度除湿, 激光焊接气孔监测"):
        load_problem(FOLDER / "several-forms.docx")


def run(*args: str, language: str = "en") -> Any:
    return CliRunner().invoke(app, [*args, "--lang", language])


def test_match_prints_a_shortlist_for_each_problem() -> None:
    path = str(FOLDER / "several-forms.docx")
    done = run("match", path)
    assert done.exit_code == 0
    assert [done.stdout.count(title) > 0 for title in ("供水管网漏损定位", "滤芯车间深度除湿", "激光焊接气孔监测")] == [
        True
    ] * 3
    assert "enterprise <- 企业名称, title <- 技术需求名称, description <- 需求内容; not used: 联系方式" in done.stderr
    assert "3 problems" in done.stderr
    assert run("match", path, "--quiet").stderr == ""
    found = json.loads(run("match", path, "--format", "json").stdout)
    assert [one["problem"]["id"] for one in found] == ["several-forms-1", "several-forms-2", "several-forms-3"]
    lines = run("match", path, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["problem"]["id"] for line in lines] == [one["problem"]["id"] for one in found]
    alone = json.loads(run("match", str(FOLDER / "form.odt"), "--format", "json").stdout)
    assert alone["problem"]["id"] == "form"


def test_match_writes_several_problems_to_a_file(tmp_path: Path) -> None:
    done = run("match", str(FOLDER / "list-of-needs.docx"), "-o", str(tmp_path / "out.json"))
    assert done.exit_code == 0
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))) == 3


def test_explain_takes_one_problem_of_several() -> None:
    path = str(FOLDER / "several-forms.docx")
    for chosen in ("2", "several-forms-2"):
        done = run("explain", path, "giii", "--problem", chosen, "--format", "json")
        assert done.exit_code == 0
        assert json.loads(done.stdout)["problem"]["id"] == "several-forms-2"
    for args, finding in (((), "holds 3 problems"), (("--problem", "4"), "no such problem: 4")):
        done = run("explain", path, "giii", *args)
        assert done.exit_code == 3
        assert f"{finding}; choose one with --problem: several-forms-1, several-forms-2, several-forms-3" in done.stderr


def test_messages_are_said_in_chinese() -> None:
    done = run("match", str(FOLDER / "scanned.pdf"), language="zh")
    assert done.exit_code == 3
    assert "扫描件" in done.stderr
    done = run("match", str(FOLDER / "numbered-needs.docx"), language="zh")
    assert "第一个需求之前的文字不属于任何需求" in done.stderr


def test_what_is_said_of_every_file_has_its_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    for name in EXPECTED:
        try:
            faults = load_problems(name).warnings
        except MatchmakerError as error:
            faults = tuple(error.faults)
        for fault in faults:
            for part in (fault.finding, fault.remedy):
                assert not part or is_ours(part.template if isinstance(part, Message) else part)


# Files made to do harm. Each is run as a person would, and what the process took is measured.

MOST_SECONDS = 6.0  # of the processor; none takes more than one where this was written
MOST_MEMORY = 300_000  # kB, as Linux counts the resident set

BODY = "<w:document xmlns:w='x'><w:body>{inside}</w:body></w:document>"
NUMBERED = "<w:p><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr><w:r><w:t>漏水</w:t></w:r></w:p>"


def numbering(label: str, *, levels: int = 0, lists: int = 1) -> str:
    """The lists of a document, all of one kind that has ``levels`` more levels than one."""
    level = f"<w:lvl w:ilvl='0'><w:lvlText w:val='{label}'/></w:lvl>" + "<w:lvl w:ilvl='1'/>" * levels
    of_kind = "".join(f"<w:num w:numId='{n}'><w:abstractNumId w:val='1'/></w:num>" for n in range(lists))
    return f"<w:numbering xmlns:w='x'><w:abstractNum w:abstractNumId='1'>{level}</w:abstractNum>{of_kind}</w:numbering>"


def styles(parts: int, styles: int) -> str:
    """Styles based on one that has many parts; each has a name of its own."""
    based = "".join(f"<w:style w:styleId='{n}'><w:basedOn w:val='a'/></w:style>" for n in range(styles))
    return f"<w:styles xmlns:w='x'><w:style w:styleId='a'>{'<w:x/>' * parts}</w:style>{based}</w:styles>"


def pdf(content: bytes, filters: bytes = b"/FlateDecode", *, kids: int = 1, count: int = 1) -> bytes:
    """A PDF file with one content stream, shown on as many pages as asked."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (b"3 0 R " * kids, count),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d/Filter[%b]>>stream\n%b\nendstream" % (len(content), filters, content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(out)
    )


def zeros(size: int) -> bytes:
    squeezer = zlib.compressobj(9)
    return b"".join(squeezer.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)) + squeezer.flush()


def declared(data: bytes, name: bytes, size: int) -> bytes:
    """The packed file with another size declared for one part, in the list and before the part."""
    out = bytearray(data)
    for at, offset in ((out.rindex(name) - 46, 24), (out.index(name) - 30, 22)):
        out[at + offset : at + offset + 4] = size.to_bytes(4, "little")
    return bytes(out)


def nested_mail(depth: int) -> bytes:
    head = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
    return b"Subject: x\nMIME-Version: 1.0\n" + head + b"Content-Type: text/plain\n\nhello\n"


def flat_mail(parts: int) -> bytes:
    part = b"--b\nContent-Type: text/plain\n\nx\n"
    return b'Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n' + part * parts


def hostile(name: str) -> bytes:
    document = "word/document.xml"
    depth = 100_000
    too_long = BODY.format(inside=f"<w:p><w:r><w:t>{'漏' * 500_001}</w:t></w:r></w:p>")
    makers: dict[str, Any] = {
        "bomb.docx": lambda: packed({document: b" " * 400_000_000}),
        "declared.docx": lambda: declared(packed(), document.encode(), 1_000_000_000),
        "many-parts.docx": lambda: packed({f"word/media/{n}.png": "x" for n in range(20_000)}),
        "entities.docx": lambda: packed(
            {
                document: "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>"
                + "".join(f"<!ENTITY b{n} '{(f'&b{n - 1};' if n else '&a;') * 10}'>" for n in range(10))
                + "]><w:document xmlns:w='x'>&b9;</w:document>"
            }
        ),
        "deep.docx": lambda: packed({document: BODY.format(inside="<w:tbl><w:tr><w:tc>" * depth)}),
        "long.docx": lambda: packed({document: BODY.format(inside="<w:p><w:r><w:t>漏水</w:t></w:r></w:p>" * 250_000)}),
        "large.docx": lambda: packed({document: BODY.format(inside="<w:p/>" * 1_500_000)}),
        "label.docx": lambda: packed(
            {
                "word/numbering.xml": numbering("".join(map(chr, range(0x4E00, 0x9000))) * 12, lists=2),
                document: BODY.format(inside=NUMBERED * 5_000),
            }
        ),
        "levels.docx": lambda: packed(
            {"word/numbering.xml": numbering("%1", levels=100_000, lists=20_000), document: too_long}
        ),
        "styles.docx": lambda: packed({"word/styles.xml": styles(100_000, 20_000), document: too_long}),
        "macros.docx": lambda: packed({"word/vbaProject.bin": "x"}),
        "template.docx": lambda: packed(
            {
                "word/_rels/settings.xml.rels": RELATIONS.format(
                    kind="attachedTemplate", target="https://e.invalid/a.dotm"
                )
            }
        ),
        "encrypted.docx": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        "cut.docx": lambda: packed()[:300],
        "deep.html": lambda: b"<html><body>" + b"<table><tr><td>" * depth,
        "wide.html": lambda: b"<html><body>" + b"<p>x</p>" * 1_200_000,
        "deep-divs.html": lambda: b"<html>" + b"<div>" * 250_000 + b"x",
        "bomb.pdf": lambda: pdf(zeros(400_000_000)),
        "twice.pdf": lambda: pdf(zlib.compress(zeros(400_000_000), 9), b"/FlateDecode/FlateDecode"),
        "drawing.pdf": lambda: pdf(zlib.compress(b"0 0 m 1 1 l S " * 5_000_000)),
        "nested.eml": lambda: nested_mail(10_000),
        "flat.eml": lambda: flat_mail(10_000),
    }
    return bytes(makers[name]())


HOSTILE = {
    "bomb.docx": "far larger than any office file",
    "declared.docx": "far larger than any office file",
    "many-parts.docx": "far larger than any office file",
    "entities.docx": "XML with a document type",
    "deep.docx": "nested too deeply",
    "long.docx": "is too large",
    "large.docx": "is too large",
    "label.docx": "more than 500,000 characters of text",
    "levels.docx": "more than 500,000 characters of text",
    "styles.docx": "more than 500,000 characters of text",
    "macros.docx": "holds macros",
    "template.docx": "fetches a part from another machine (attachedTemplate: https://e.invalid/a.dotm)",
    "encrypted.docx": "protected by a password",
    "cut.docx": "damaged or incomplete",
    "deep.html": "nested too deeply",
    "wide.html": "more tags than any real web page",
    "deep-divs.html": "nested too deeply",
    "bomb.pdf": "takes more memory or time",
    "twice.pdf": "takes more memory or time",
    "drawing.pdf": "takes more memory or time",
    "nested.eml": "more parts than any real mail",
    "flat.eml": "more parts than any real mail",
}

MEASURE = """
import resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run([sys.executable, "-m", "matchmaker", "match", *sys.argv[1:]], capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.buffer.write(done.stderr)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def measured(path: Path) -> tuple[int, float, int, str]:
    """Exit code, seconds of computing, kB of memory and messages of matching a file."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), "--lang", "en"], capture_output=True, text=True, check=True
    )
    code, seconds, memory = done.stdout.split()
    return int(code), float(seconds), int(memory), done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is counted otherwise elsewhere")
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_harm_is_refused_in_time(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(hostile(name))
    code, seconds, memory, messages = measured(path)
    assert code == 3, messages
    assert HOSTILE[name] in messages
    assert "Traceback" not in messages
    assert memory <= MOST_MEMORY
    assert seconds <= MOST_SECONDS


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is counted otherwise elsewhere")
def test_a_book_of_pages_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "pages.pdf"
    text = zlib.compress(b"BT /F 12 Tf 72 700 Td (leak detection in water pipes) Tj ET")
    path.write_bytes(pdf(text, kids=200_000, count=200_000))
    code, _, memory, messages = measured(path)
    assert code == 0
    assert "only the first 200 of 200,000 pages were read" in messages
    assert memory <= MOST_MEMORY


def test_a_content_type_alone_makes_no_document() -> None:
    with pytest.raises(ProblemError, match="damaged or incomplete"):
        problems_from_bytes(packed({"[Content_Types].xml": TYPES, "a.xml": "<a/>"}, base=False))


def test_an_opendocument_text_reads_as_it_is_printed() -> None:
    """Spaces, tabs and line ends are elements; boxes stand after their paragraph, notes and deleted text nowhere."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"'
        for name, kind in (("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"))
    )
    said = (
        "<text:tracked-changes><text:changed-region><text:p>已删除</text:p></text:changed-region></text:tracked-changes>"
        '<text:h text:outline-level="1">供水\n管网</text:h>'
        '<text:p>漏损<text:span>检<text:s text:c="2"/>测</text:span><text:tab/>找不到<text:line-break/>漏点'
        "<text:note><text:note-body><text:p>脚注</text:p></text:note-body></text:note>"
        "<draw:frame><draw:text-box><text:p>每年<text:s/>两次</text:p></draw:text-box></draw:frame>。</text:p>"
        "<text:list><text:list-item><text:p>噪声大</text:p></text:list-item></text:list><text:p> </text:p>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>压力</text:p>"
        "</table:table-cell></table:table-row></table:table-header-rows></table:table>"
    )
    content = f"<office:document-content {spaces}><office:body><office:text>{said}</office:text></office:body>"
    data = Packed(OFFICE / "documents" / "form.odt", "content.xml").around(
        f"{content}</office:document-content>".encode()
    )
    blocks = opendocument_blocks(open_package(io.BytesIO(data), place="x", error=ProblemError))
    *paragraphs, table = blocks
    assert paragraphs == [
        Paragraph("供水 管网", 1),
        Paragraph("漏损检  测\t找不到\n漏点。"),
        Paragraph("每年 两次"),
        Paragraph("噪声大", is_item=True),
    ]
    assert table == Table(((Cell((Paragraph("压力"),), 1, 1),),))


@pytest.mark.parametrize(
    ("shape", "start", "numbers"),
    [
        ("chineseCounting", 1, ("一", "二")),
        ("chineseCounting", 9, ("九", "十")),
        ("taiwaneseCountingThousand", 19, ("十九", "二十")),
        ("ideographDigital", 99, ("九十九", "100")),
        ("upperLetter", 25, ("Y", "Z")),
        ("lowerLetter", 26, ("z", "27")),
        ("decimalEnclosedCircle", 1, ("①", "②")),
        ("decimalEnclosedCircleChinese", 20, ("⑳", "21")),
        ("decimal", 9, ("9", "10")),
        ("thaiNumbers", 3, ("3", "4")),  # one that is not known
    ],
)
def test_the_numbers_of_a_word_list_are_as_printed(shape: str, start: int, numbers: tuple[str, str]) -> None:
    given = Packed(OFFICE / "documents" / "automatic-numbers.docx", "word/numbering.xml")
    first = b'<w:start w:val="1"/><w:numFmt w:val="chineseCounting"/>'
    assert given.seed().count(first) == 1
    asked = f'<w:start w:val="{start}"/><w:numFmt w:val="{shape}"/>'.encode()
    data = given.around(given.seed().replace(first, asked))
    blocks = word_blocks(open_package(io.BytesIO(data), place="x", error=ProblemError))
    texts = [block.text for block in blocks if isinstance(block, Paragraph)]
    assert [texts[1], texts[3]] == [f"需求{numbers[0]}：供水管网漏损定位", f"需求{numbers[1]}：滤芯车间深度除湿"]
