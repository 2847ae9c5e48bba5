from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

import pytest

from matchmaker.errors import ProblemError, TableError
from matchmaker.office.kinds import ole_kind
from matchmaker.office.packed import ExternalLink, Limits, Package, open_package

TYPES = (
    '<?xml version="1.0"?><Types><Override PartName="/word/document.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
BODY = "<w:document xmlns:w='x'/>"
RELATIONS = (
    "<Relationships><Relationship Type='http://x/{kind}' Target='{target}' TargetMode='External'/></Relationships>"
)


def packed(parts: Mapping[str, str | bytes] | None = None, *, base: bool = True) -> bytes:
    file = io.BytesIO()
    all_parts = {"[Content_Types].xml": TYPES, "word/document.xml": BODY} if base else {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**all_parts, **(parts or {})}.items():
            archive.writestr(name, text)
    return file.getvalue()


def opened(data: bytes) -> Package:
    return open_package(io.BytesIO(data), place="x.docx", error=ProblemError)


def finding(data: bytes) -> str:
    with pytest.raises(ProblemError) as caught:
        opened(data)
    (fault,) = caught.value.faults
    assert fault.place == "x.docx"
    assert fault.remedy
    assert fault.in_language("zh").isascii() is False
    return fault.finding


def test_a_file_is_known_by_its_parts() -> None:
    assert opened(packed()).kind == "docx"
    assert opened(packed({"a.txt": "x"}, base=False)).kind == "zip"
    assert opened(packed({"OFD.xml": "<ofd/>"}, base=False)).kind == "ofd"
    for name, kind in (("text", "odt"), ("spreadsheet", "ods"), ("text-template", "odt")):
        parts = {"mimetype": f"application/vnd.oasis.opendocument.{name}", "content.xml": "<a/>"}
        assert opened(packed(parts, base=False)).kind == kind
    sheet = TYPES.replace("wordprocessingml.document", "spreadsheetml.sheet")
    assert opened(packed({"[Content_Types].xml": sheet})).kind == "xlsx"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", ["", "<?xml version='1.0'?>\n", "<!-- \u2d2d> <a> -->"])
def test_a_document_type_is_refused_in_every_encoding(encoding: str, before: str) -> None:
    bomb = f"{before}<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode(encoding)
    assert "document type" in finding(packed({"word/styles.xml": bomb}))
    assert "document type" in finding(packed({"word/odd.bin": bomb}))


def test_a_document_type_behind_a_long_comment_or_an_odd_encoding_is_refused() -> None:
    assert "document type" in finding(packed({"a.xml": f"<!--{' ' * 70_000}--><!DOCTYPE a><a/>"}))
    assert "document type" in finding(packed({"a.xml": "<?xml version='1.0' encoding='UTF-7'?><a/>"}))
    assert "document type" in finding(packed({"a.xml": " " * 70_000 + "<!DOCTYPE a><a/>"}))


def test_ordinary_xml_passes() -> None:
    data = packed(
        {
            "a.xml": "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\r\n<!-- made by -->\n<a>&lt;!DOCTYPE</a>",
            "b.xml": "\ufeff<b/>".encode("utf-16-le"),
            "word/media/drawing.svg": "<?xml version='1.0'?><!DOCTYPE svg><svg/>",
            "word/media/image.png": b"\x89PNG\r\n\x1a\n\x00",
            "empty.xml": "",
        }
    )
    package = opened(data)
    assert package.read_xml("b.xml", 100) == "\ufeff<b/>".encode("utf-16-le")
    with pytest.raises(ProblemError, match="damaged"):
        package.read("no.xml", 100)


def test_bombs_are_refused_by_what_they_declare() -> None:
    large = "far larger"
    assert large in finding(packed({"a.xml": b" " * 30_000_000}))
    assert large in finding(packed({f"{n}.xml": "" for n in range(5_001)}))
    with pytest.raises(TableError, match=large):
        open_package(io.BytesIO(packed({"a": "x" * 999})), place="x", error=TableError, limits=Limits(part=998))
    with pytest.raises(TableError, match=large):
        open_package(io.BytesIO(packed()), place="x", error=TableError, limits=Limits(total=10))


def test_a_declared_size_that_lies_is_held_to_the_cap() -> None:
    data = bytearray(packed({"a.txt": b"x" * 5_000}))
    at = data.rindex(b"a.txt") - 46
    for start, offset in ((at, 24), (data.index(b"a.txt") - 30, 22)):
        data[start + offset : start + offset + 4] = struct.pack("<I", 10)
    assert "damaged" in finding(bytes(data))
    honest = opened(packed({"a.txt": b"x" * 5_000}))
    assert len(honest.read("a.txt", 5_000)) == 5_000
    with pytest.raises(ProblemError, match=r"a\.txt is too large"):
        honest.read("a.txt", 4_999)


def test_parts_that_share_their_bytes_are_refused() -> None:
    data = bytearray(packed({"a.txt": b"1" * 100, "b.txt": b"2" * 100}))
    first, second = data.rindex(b"a.txt") - 46, data.rindex(b"b.txt") - 46
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    assert "far larger" in finding(bytes(data))


@pytest.mark.parametrize("name", ["/etc/passwd", "../x.xml", "word/../../x.xml", "C:/x.xml", "word\\..\\x.xml"])
def test_paths_that_lead_out_are_refused(name: str) -> None:
    assert "names that no office program" in finding(packed({name: "x"}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused() -> None:
    file = io.BytesIO(packed())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("word/document.xml", "<other/>")
    assert "names that no office program" in finding(file.getvalue())


def test_protected_files_are_refused() -> None:
    data = bytearray(packed())
    for start, offset in ((data.rindex(b"word/document.xml") - 46, 8), (data.index(b"word/document.xml") - 30, 6)):
        data[start + offset] |= 1
    assert "password" in finding(bytes(data))
    manifest = {"mimetype": "application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": "<m:encryption-data/>"}
    assert "password" in finding(packed(manifest, base=False))


def test_macros_are_refused() -> None:
    assert "macros" in finding(packed({"word/vbaProject.bin": "x"}))
    assert "macros" in finding(packed({"xl/VBAProject.bin": "x"}))
    assert "macros" in finding(packed({"Basic/Standard/Module1.xml": "<a/>"}))


@pytest.mark.parametrize("kind", ["attachedTemplate", "oleObject", "frame", "subDocument"])
@pytest.mark.parametrize(
    "target", ["https://e.example/a.dotm", r"\\host\a.dotm", "file://host/a.dotm", "mhtml:http://e"]
)
def test_parts_from_another_machine_are_refused(kind: str, target: str) -> None:
    data = packed({"word/_rels/settings.xml.rels": RELATIONS.format(kind=kind, target=target)})
    assert f"({kind}: {target})" in finding(data)


def test_ordinary_links_are_named_and_left_alone() -> None:
    data = packed(
        {
            "word/_rels/a.xml.rels": RELATIONS.format(kind="hyperlink", target="https://e.example/"),
            "word/_rels/b.xml.rels": RELATIONS.format(kind="attachedTemplate", target="file:///C:\\Users\\Normal.dotm"),
        }
    )
    assert opened(data).links == (
        ExternalLink("hyperlink", "https://e.example/"),
        ExternalLink("attachedTemplate", "file:///C:\\Users\\Normal.dotm"),
    )


@pytest.mark.parametrize("size", [4, 30, 200, 400])
def test_a_truncated_file_is_damaged(size: int) -> None:
    assert "damaged" in finding(packed()[:size])


def test_damaged_bytes_are_told() -> None:
    data = bytearray(packed({"word/_rels/a.xml.rels": RELATIONS.format(kind="hyperlink", target="x")}))
    at = data.index(b"a.xml.rels") + 12
    data[at : at + 8] = b"\xff" * 8
    assert "damaged" in finding(bytes(data))
    assert "damaged" in finding(packed({"word/_rels/a.xml.rels": "<Relationships>"}))
    assert "damaged" in finding(packed({"word/styles.xml": b"\x01\x02\x03"}))


def test_old_office_files_are_told_apart() -> None:
    for name, kind in (("EncryptedPackage", "encrypted"), ("WordDocument", "doc"), ("Workbook", "xls"), ("x", "ole")):
        assert ole_kind(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + name.encode("utf-16-le")) == kind
