from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.errors import EncodingError
from matchmaker.office.encodings import decode, detect

SIMPLIFIED = (
    "水泵漏水",
    "污水处理",
    "我要找人",
    "如何让老旧小区供水管网的漏损率降到百分之八以下？",
    "注塑件翘曲变形，合格率只有八成。\n我们是一家做陶瓷卫浴的企业，釉面针孔多，想找专家。",
    "电镀废水 COD≤50 mg/L，总镍＜0.1 mg/L",
    "AGV 小车在仓库里定位误差±2 cm，反光地面下丢失",
    "需求名称,企业名称,需求描述\r\n荔枝保鲜期只有三天,某果业公司,运到北京就褐变了\r\n",
)
TRADITIONAL = (
    "水泵漏水",
    "污水處理",
    "如何令舊屋邨的供水管網滲漏率降到百分之八以下？",
    "注塑件翹曲變形，合格率只有八成。\n我們是一家陶瓷潔具企業，想找專家。",
    "電鍍廢水 COD 50 mg/L 以下，總鎳 0.1 mg/L",
    "需求名稱,企業名稱,需求描述\r\n荔枝保鮮期只有三天,某果業公司,運到北京就褐變了\r\n",
    "香港機場行李處理系統的噪音太大，邊個可以幫手？",
)
LATIN = (
    "café 5 µm ±2 °C",
    "Der Lüfter heult bei 70 °C, größer als 3 cm²",
    "La pompe fuit après la première mise en température",
    "“Smart” quotes aren’t Chinese – nor is Ø 50 mm",
    "naïve façade",
)


def cases() -> list[tuple[str, str]]:
    unicode = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le-marked", "utf-16-be-marked")
    found = [(text, encoding) for text in (*SIMPLIFIED, *TRADITIONAL, *LATIN) for encoding in unicode]
    found += [(text, "gb18030") for text in (*SIMPLIFIED, *TRADITIONAL)]
    found += [(text, "big5hkscs") for text in TRADITIONAL]
    return found + [(text, "cp1252") for text in LATIN]


def encoded(text: str, encoding: str) -> bytes:
    if encoding == "utf-16-le-marked":
        return codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    if encoding == "utf-16-be-marked":
        return codecs.BOM_UTF16_BE + text.encode("utf-16-be")
    return text.encode(encoding)


@pytest.mark.parametrize(("text", "encoding"), cases())
def test_text_comes_back_as_it_was(text: str, encoding: str) -> None:
    decoded, name = decode(encoded(text, encoding), place="x.txt")
    assert decoded == text
    assert name == {"utf-16-le-marked": "utf-16", "utf-16-be-marked": "utf-16"}.get(encoding, encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["水泵漏水\n", "pump leaks", "供水管网漏损 5%\n在道路下查找漏水点\n"])
def test_utf_16_without_a_mark_shows_in_its_zero_bytes(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), place="x.txt") == (text, encoding)


def test_big5_of_hong_kong_and_of_windows() -> None:
    assert (
        decode("啲水喉漏水，點樣可以搵到個窿？".encode("big5hkscs"), place="x")[0] == "啲水喉漏水，點樣可以搵到個窿？"
    )
    text = "預算 50 萬 €，請推介專家解決漏水"
    assert decode(text.encode("cp950"), place="x")[0] == text


def test_short_chinese_that_is_also_valid_utf_8_is_chinese() -> None:
    # Both bytes pairs of 漏水 in GB18030 are UTF-8 as well, for a copyright sign and a modifier letter.
    assert "漏水".encode("gb18030").decode("utf-8") != "漏水"
    assert decode("漏水".encode("gb18030"), place="x") == ("漏水", "gb18030")
    assert decode("系统".encode("gb18030"), place="x") == ("系统", "gb18030")


@pytest.mark.parametrize(
    "text", ["Müller", "5 µm", "25 °C", "é", "×", "насос", "αντλία", "Łódź", "مضخة", "펌프 누수", "水漏れ"]
)
def test_short_utf_8_stays_utf_8(text: str) -> None:
    assert decode(text.encode(), place="x") == (text, "utf-8")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("насос течёт, нужен эксперт", "koi8-r"),
        ("펌프 누수 감지 기술이 필요합니다", "euc-kr"),
        ("水漏れ検知ポンプの故障", "shift_jis"),
    ],
)
def test_other_encodings_are_refused_and_never_garbled(text: str, encoding: str) -> None:
    with pytest.raises(EncodingError) as caught:
        decode(text.encode(encoding), place="x.txt")
    (fault,) = caught.value.faults
    assert fault.place == "x.txt"
    assert "encoding cannot be told" in fault.finding
    assert "UTF-8" in fault.remedy


@pytest.mark.parametrize(("text", "encoding"), [("25°C", "cp1252"), ("5µm", "cp1252"), ("鹅绒分拣", "gb18030")])
def test_what_could_be_either_is_refused(text: str, encoding: str) -> None:
    # 25°C in Windows-1252 is 25癈 in GB18030: too short to tell.
    with pytest.raises(EncodingError, match="makes no clear sense"):
        decode(text.encode(encoding), place="x")


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"%PDF-1.7 text", "PDF"),
        (b"PK\x03\x04", "packed"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Word"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary"),
        (b"abc\x01\x02\x03", "binary"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a\x00", "starts as utf-16"),
        (codecs.BOM_UTF8 + b"\xff\xff", "starts as utf-8"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, finding: str) -> None:
    with pytest.raises(EncodingError, match=finding):
        decode(data, place="x")


def test_the_first_bad_byte_is_named() -> None:
    with pytest.raises(EncodingError, match="byte 0xe6 at position 15"):
        decode("供水管网漏".encode() + "损".encode()[:2] + b"\n", place="x")


def test_nothing_is_utf_8() -> None:
    assert decode(b"", place="x") == ("", "utf-8")


def test_the_start_of_a_file_may_end_inside_a_character() -> None:
    text = "供水管网漏损检测，在道路下查找漏水点" * 3
    for encoding in ("utf-8", "gb18030", "utf-16"):
        data = text.encode(encoding)
        assert detect(data[:-1], place="x", is_start=True) == encoding
    with pytest.raises(EncodingError):
        detect(text.encode()[:-1], place="x")


def test_a_long_start_with_one_bad_byte_keeps_its_encoding() -> None:
    text = "供水管网漏损检测，在道路下查找漏水点，不停水作业。\n" * 20
    for encoding in ("utf-8", "gb18030"):
        data = text.encode(encoding) + b"\xff\xff\n" + text.encode(encoding)
        assert detect(data, place="x", is_start=True) == encoding
        with pytest.raises(EncodingError):
            detect(data, place="x")


def test_three_or_more_everyday_characters_are_never_misread() -> None:
    words = "供水管网漏损检测在道路下查找漏水点不停水作业焊接变形轴承磨损污水处理芯片封装散热锂电池回收铝合金压铸气孔"
    n_refused = 0
    for start in range(len(words) - 3):
        text = words[start : start + 3]
        try:
            assert decode(text.encode("gb18030"), place="x")[0] == text
        except EncodingError:
            n_refused += 1
    assert n_refused <= 2


@given(st.binary(max_size=200))
def test_any_bytes_give_a_text_or_a_refusal(data: bytes) -> None:
    try:
        text, name = decode(data, place="x")
    except EncodingError:
        return
    assert data.decode(name) == text
    assert "\x00" not in text


@given(st.text(st.characters(exclude_categories=["C"]), max_size=200))
def test_utf_8_with_a_character_of_three_bytes_always_comes_back(text: str) -> None:
    assert decode(f"{text}水".encode(), place="x")[0] == f"{text}水"
