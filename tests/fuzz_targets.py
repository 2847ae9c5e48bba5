"""What is fuzzed: each reader and the text work as a function of bytes, with seeds and words to mutate with.

``tests/test_fuzz.py`` runs a few thousand mutations of the seeds, ``tests/fuzz_long.py`` (``make fuzz``) millions that
are guided by coverage. A target lets any error through but ``MatchmakerError``, whose messages are made in both
languages, and holds what it read to its promises: it can be written as UTF-8 JSON.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from random import Random

from matchmaker.domain import Problem
from matchmaker.errors import MatchmakerError
from matchmaker.evaluation.trec import parse_qrels, parse_run
from matchmaker.institutes import load_institutes
from matchmaker.intake.documents import parse_problems, problems_from_bytes
from matchmaker.intake.drafts import problems_from_blocks
from matchmaker.intake.tables import ProblemTable, read_problems
from matchmaker.matching.matcher import Matcher
from matchmaker.matching.settings import dump_settings, load_settings
from matchmaker.office.encodings import decode
from matchmaker.office.mail import read_mail
from matchmaker.office.pdf import blocks_from_answer
from matchmaker.office.pdfpages import read_pages as read_pdf
from matchmaker.text import normalise_with_origin, prepare, sentences, terms
from worlds import small_registry

ROOT = Path(__file__).parents[1]
OFFICE = Path(__file__).parent / "data" / "office"
FAULTY = Path(__file__).parent / "data" / "faulty"
_MEMORY = Path("/dev/shm")  # noqa: S108 - only a faster place for scratch files


@dataclass(frozen=True)
class Target:
    """One thing that is fuzzed.

    Attributes:
        run: Takes any bytes.
        seeds: Files to begin with, or bytes.
        words: What to put in, beside bytes.
        inputs: How many of the long form's 10 million inputs it gets, in thousands.
        largest: An input is no longer than so many bytes.
        faulty: Which endings of ``tests/data/faulty`` it reads.
    """

    run: Callable[[bytes], None]
    seeds: Sequence[Path | bytes]
    words: Sequence[bytes]
    inputs: int
    largest: int = 4096
    faulty: Sequence[str] = field(default=())

    def contents(self) -> list[bytes]:
        """The bytes of the seeds and of the faulty files."""
        faulty = [path for path in sorted(FAULTY.iterdir()) if path.suffix in self.faulty]
        return [one.read_bytes() if isinstance(one, Path) else one for one in [*self.seeds, *faulty]]


def checked(run: Callable[[bytes], object], data: bytes) -> None:
    """Run, and make what an error would say."""
    try:
        run(data)
    except MatchmakerError as error:
        for fault in error.faults:
            for language in ("en", "zh"):
                fault.in_language(language).encode()


def target(run: Callable[[bytes], object]) -> Callable[[bytes], None]:
    return lambda data: checked(run, data)


def accepted(problems: Iterable[Problem]) -> None:
    """A problem that was read can be written and compared."""
    for problem in problems:
        problem.model_dump_json().encode()
        assert any(map(str.isalnum, problem.title + problem.description))


# --- texts


def _said(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def text(data: bytes) -> None:
    normalised = normalise_with_origin(_said(data))
    assert len(normalised.origin) == len(normalised.text)
    for start, end in sentences(normalised.text):
        assert start < end
        first, last = normalised.span(start, end)
        assert 0 <= first < last <= len(normalised.original)
    terms(normalised.text)


@cache
def _matcher() -> Matcher:
    return Matcher(small_registry())


def match(data: bytes) -> None:
    said = data.decode("utf-8", "ignore")
    title, _, description = said.partition("\n")
    if not any(map(str.isalnum, said)):
        return
    problem = Problem(title=title, description=description)
    (shortlist,) = _matcher().match([problem])
    for match in shortlist.matches:
        assert 0 <= match.score <= 1
    shortlist.model_dump_json().encode()
    text = prepare(problem.text)
    assert len(text.said) <= len(text.normalised.text) + 1


# --- documents


def document(format: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        said, _ = decode(data, place="x")
        accepted(parse_problems(said, format=format, place="x", default_id="x").problems)  # type: ignore[arg-type]

    return target(run)


def office(data: bytes) -> None:
    accepted(problems_from_bytes(data, place="x", default_id="x").problems)


def page(data: bytes) -> None:
    office(b"<html>" + data)


def mail(data: bytes) -> None:
    head = b"" if data[:13].lower() == b"mime-version:" else b"MIME-Version: 1.0\r\n"
    mail = read_mail(head + data, place="x")
    repr(mail).encode("utf-8", "backslashreplace")
    if not any(map(_opens_as_pdf, _attached(mail))):
        office(head + data)


def _attached(mail: object) -> list[bytes]:
    return [one.data for one in getattr(mail, "attachments", ())]


def _opens_as_pdf(data: bytes) -> bool:
    """A PDF is read in a process of its own, which is for its own target to try."""
    return b"%PDF" in data[:1024]


def pdf(data: bytes) -> None:
    blocks, _ = blocks_from_answer(read_pdf(data), place="x", starts_block=str.isdigit)
    accepted(problems_from_blocks(blocks, place="x", default_id="x").problems)


# --- packages: one part is fuzzed, the others are those of a real file


@dataclass(frozen=True)
class Packed:
    """A package with a place for one part."""

    path: Path
    part: str

    def seed(self) -> bytes:
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(self.part)

    def around(self, data: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, other in _others(self):
                archive.writestr(name, other)
            archive.writestr(self.part, data)
        return file.getvalue()


@cache
def _others(packed: Packed) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(packed.path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist() if name != packed.part]


def inside(packed: Packed, run: Callable[[bytes], object]) -> Callable[[bytes], None]:
    return target(lambda data: run(packed.around(data)))


# --- tables and other files


@cache
def _scratch() -> Path:
    folder = tempfile.mkdtemp(prefix="fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
    return Path(folder)


def _file(data: bytes, suffix: str) -> Path:
    path = _scratch() / f"x-{os.getpid()}{suffix}"
    path.write_bytes(data)
    return path


def table(suffix: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        found = read_problems(_file(data, suffix))
        _read(found)

    return target(run)


def _read(found: ProblemTable) -> None:
    for row in found:
        if isinstance(row, Problem):
            accepted([row])
            continue
        for fault in row.faults:
            fault.in_language("zh").encode()
        "".join(row.cells).encode()
    for note in (*found.notes, *found.warnings):
        note.in_language("zh").encode()


_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030", "big5")


def csv(data: bytes) -> None:
    """The first byte chooses the encoding the rest, taken as UTF-8, is written in; above 200 it is left as it is."""
    rest = data[1:]
    if data[:1] < b"\xc8":
        encoding = _ENCODINGS[(data[:1] or b"\0")[0] % len(_ENCODINGS)]
        rest = rest.decode("utf-8", "ignore").encode(encoding, "ignore")
    _read(read_problems(_file(rest, ".csv")))


def profiles(suffix: str) -> Callable[[bytes], None]:
    return target(lambda data: load_institutes(_file(data, suffix)).model_dump_json().encode())


def settings(data: bytes) -> None:
    found = load_settings(_file(data, ".toml"))
    path = _file(dump_settings(found).encode(), ".again.toml")
    assert load_settings(path) == found


def judgements(data: bytes) -> None:
    said = data.decode("utf-8", "ignore")
    for parse in (parse_qrels, parse_run):
        checked(partial(_parsed, parse), said.encode())


def _parsed(parse: Callable[..., object], data: bytes) -> None:
    parse(data.decode().split("\n"), place="x")


def _some(folder: str, *endings: str) -> list[Path]:
    return [path for path in sorted((ROOT / folder).iterdir()) if path.suffix in endings]


def _lines(path: Path, n_lines: int) -> bytes:
    return b"".join(path.read_bytes().splitlines(keepends=True)[:n_lines])


def _profile() -> bytes:
    """An institute of a few capabilities, and sources."""
    return (
        "schema: 1\nsources:\n  A: {title: {zh: 甲, en: A}, date: '2020', url: 'https://example.org/a', quality: P}\n"
        "institutes:\n- id: a\n  name: {zh: 甲院, en: Alpha}\n  aliases: [x]\n  role: transfer_centre\n"
        "  verified: 2026-11-22\n  capabilities:\n  - id: c\n    name: 漏损检测\n    strength: A\n"
        "    keywords: [{zh: 漏, en: leak, inferred: true}, &k 水]\n    industries: [*k]\n"
        "    evidence: [{claim: {en: did}, year: 2020, source: A}]\n"
    ).encode()


PLAIN = (
    b"\xef\xbb\xbf",
    b"\x00",
    b"\xff\xfe",
    b"\r\n",
    b"\xe2\x80\x8b",
    b"\xed\xa0\x80",
    b"9" * 40,
    b"\xf0\x9f\x98\x80",
)
FIELDS = tuple(
    "title description 标题 需求名称 需求描述 预算 截止日期 keywords require exclude deadline".encode().split()
)
YAML = (
    *FIELDS,
    *b"&a *a << ~ | > --- ... !!python/object: ? - : {} [] '' \"\" !!binary 2026-13-45 .inf 1:30:00".split(),
)
JSON = (*FIELDS, *b'{} [] null true 1e999 -0 "\\ud800" \\u0000 NaN Infinity "" {"title":'.split())
MARKUP = tuple(
    b"<p> </p> <table> <td rowspan=9999 colspan=99999> &#28431; &#xD800; <!DOCTYPE <!-- <![CDATA[ ?> /> xml:".split()
)
WORD = tuple(b"<w:p> <w:r> <w:t> <w:tbl> <w:tr> <w:tc> <w:gridSpan w:val= <w:vMerge/> <w:numPr> <w:sym w:char=".split())
SHEET = tuple(
    b'<c r="A1" r="XFD1048576" t="s" t="inlineStr" <v> <is> <row r="99999999" <mergeCell ref="A1:B9" <f>'.split()
)
MAIL = tuple(
    b"Content-Type:multipart/mixed;boundary= charset=gb2312 base64 quoted-printable =?utf-8?B?4pyo?= --x =?gbk?Q?=CD? "
    b"message/rfc822 text/html Content-Disposition:attachment;filename*=utf-8''%ff filename*0= Subject:".split()
)
PDF = tuple(
    b"/Type/Page /Font stream endstream obj endobj xref trailer /Kids[ BT ET Tj Td /Encoding/Identity-H".split()
)
TOML = tuple(b"intercept= pooling=[ [weights] [bounds] nan inf -0 1e999 0x encoder='e5' strong= 1979-05-27 '''".split())

_DOCX = Packed(OFFICE / "documents" / "form-merged-cells.docx", "word/document.xml")
_NUMBERING = Packed(OFFICE / "documents" / "automatic-numbers.docx", "word/numbering.xml")
_ODT = Packed(OFFICE / "documents" / "form.odt", "content.xml")
_XLSX = Packed(OFFICE / "tables" / "merged_cells.xlsx", "xl/worksheets/sheet1.xml")
_STYLES = Packed(OFFICE / "tables" / "dates.xlsx", "xl/styles.xml")
_ODS = Packed(OFFICE / "tables" / "merged_cells.ods", "content.xml")
_SAMPLES = "data/problems"
_TABLES = OFFICE / "tables"


def _tables(*endings: str) -> list[Path]:
    return [path for path in sorted(_TABLES.iterdir()) if path.suffix in endings]


def _sheet(suffix: str) -> Callable[[bytes], object]:
    return lambda data: _read(read_problems(_file(data, suffix)))


TARGETS: Mapping[str, Target] = {
    "text": Target(text, [*_some(_SAMPLES, ".txt", ".md"), *_some(_SAMPLES, ".yaml")], (*PLAIN, *MARKUP), 2500, 256),
    "match": Target(target(match), _some(_SAMPLES, ".txt"), (*PLAIN, *MARKUP, "漏损检测".encode()), 100, 512),
    "plain": Target(document("auto"), _some(_SAMPLES, ".txt", ".md", ".yaml"), (*PLAIN, *FIELDS), 700, faulty=[".txt"]),
    "markdown": Target(
        document("md"), _some(_SAMPLES, ".md"), (*PLAIN, *YAML, b"# ", b"```", b"> "), 400, faulty=[".md"]
    ),
    "yaml": Target(document("yaml"), _some(_SAMPLES, ".yaml"), (*PLAIN, *YAML), 500, 2048, [".yaml"]),
    "json": Target(
        document("json"),
        ['{"title": "漏损", "targets": ["x"], "budget_cny": 1e5}'.encode()],
        (*PLAIN, *JSON),
        800,
        1024,
        [".json"],
    ),
    "html": Target(target(page), [*(OFFICE / "documents").glob("page-*")], (*PLAIN, *MARKUP), 400),
    "mail": Target(target(mail), [*(OFFICE / "documents").glob("mail-[ghw][bt2r]*.eml")], (*PLAIN, *MAIL), 400),
    "docx": Target(inside(_DOCX, office), [_DOCX.seed()], (*MARKUP, *WORD), 150, 65536),
    "docx numbering": Target(inside(_NUMBERING, office), [_NUMBERING.seed()], (*MARKUP, *WORD), 50, 65536),
    "odt": Target(
        inside(_ODT, office), [_ODT.seed()], (*MARKUP, b"table:number-columns-repeated=", b"text:s"), 100, 65536
    ),
    "package": Target(
        target(office), [_DOCX.path, _ODT.path], (b"PK\x03\x04", b"PK\x05\x06", b"PK\x01\x02"), 200, 65536, [".docx"]
    ),
    "pdf": Target(
        target(pdf),
        [
            OFFICE / "documents" / "font-without-unicode.pdf",
            OFFICE / "documents" / "scanned.pdf",
            OFFICE / "documents" / "password.pdf",
        ],
        PDF,
        100,
        8192,
    ),
    "csv": Target(
        target(csv),
        [bytes([n]) + _lines(ROOT / _SAMPLES / "requests.csv", 4) for n in (*range(5), 200)],
        (*PLAIN, *FIELDS, b'"', b'""', b"\t", b";", b"sep=,"),
        800,
        2048,
        [".csv"],
    ),
    "csv bytes": Target(table(".csv"), _tables(".csv", ".tsv"), (*PLAIN, *FIELDS, b'"', b"sep=;"), 300, 2048, [".csv"]),
    "jsonl": Target(table(".jsonl"), _tables(".jsonl"), (*PLAIN, *JSON), 500, 2048, [".jsonl"]),
    "xlsx": Target(inside(_XLSX, _sheet(".xlsx")), [_XLSX.seed()], (*MARKUP, *SHEET), 80, 16384),
    "xlsx styles": Target(
        inside(_STYLES, _sheet(".xlsx")), [_STYLES.seed()], (*MARKUP, b"numFmtId=", b"formatCode="), 30, 16384
    ),
    "workbook": Target(table(".xlsx"), _tables(".xlsx", ".ods", ".xlsm"), (b"PK\x03\x04", b"PK\x05\x06"), 60, 32768),
    "ods": Target(
        inside(_ODS, _sheet(".ods")),
        [_ODS.seed()],
        (*MARKUP, b"table:number-rows-repeated=", b"office:value="),
        50,
        32768,
    ),
    "xls": Target(table(".xls"), _tables(".xls", ".et"), (b"\xd0\xcf\x11\xe0", b"\xff\xff\xff\xff"), 80, 32768),
    "parquet": Target(table(".parquet"), _tables(".parquet"), (b"PAR1", b"\xff\xff\xff\x7f"), 30, 8192),
    "profiles": Target(
        profiles(".yaml"), [_profile()], (*PLAIN, *YAML, b"capabilities", b"via_parent", b"sources"), 300, 2048
    ),
    "profiles jsonl": Target(
        profiles(".jsonl"),
        [b'{"id": "a", "name": "A", "capabilities": [{"id": "c", "name": "C"}]}\n'],
        (*PLAIN, *JSON),
        400,
        2048,
    ),
    "settings": Target(
        target(settings),
        [ROOT / "benchmarks" / "settings-words.toml", b"intercept = -3\npooling = [1, 0.5]\n"],
        (*PLAIN, *TOML),
        570,
        1024,
    ),
    "judgements": Target(
        judgements,
        [_lines(ROOT / _SAMPLES / "requests.qrels.txt", 6), b"q Q0 a 1 0.5 run\n"],
        (*PLAIN, b"nan", b"1e999", b"-0"),
        400,
        512,
    ),
}


# --- mutations of the short form


def mutated(seeds: Sequence[bytes], words: Sequence[bytes], random: Random, largest: int) -> bytes:
    """A seed with one to eight changes: bytes flipped, cut, doubled, put in; words; a stretch of another seed."""
    data = bytearray(random.choice(seeds))
    if len(data) > largest:
        start = random.randrange(len(data) - largest) if random.random() < 0.3 else 0
        data = data[start : start + largest]
    for _ in range(random.randint(1, 8)):
        at = random.randint(0, len(data))
        end = min(at + random.choice((1, 1, 2, 4, 16, 64)), len(data))
        change = random.randrange(7)
        if change == 0 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif change == 1:
            del data[at:end]
        elif change == 2:
            data[at:at] = data[at:end] * random.choice((1, 2, 50))
        elif change == 3:
            data[at:end] = random.randbytes(random.randint(1, 4))
        elif change == 4:
            data[at:at] = random.choice(words)
        elif change == 5:
            data[at:end] = random.choice(words)
        else:
            other = random.choice(seeds)
            start = random.randrange(len(other) + 1)
            data[at:end] = other[start : start + random.choice((8, 64, 512))]
    return bytes(data[: 2 * largest])
