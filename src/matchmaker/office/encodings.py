"""The encoding of a text, detected from its bytes alone.

UTF-8 and UTF-16 can be recognised. GB18030, Big5 and Windows-1252 cannot: the same bytes are often valid in all three,
so the one in which the text is least surprising wins, and only if it wins clearly. Surprise is the negative logarithm
of a rough character probability, summed over the text. An ambiguous text is refused, never guessed at.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from math import log

from matchmaker.errors import EncodingError, Fault
from matchmaker.messages import Translatable, as_message, make_message

_REMEDY = "save it as UTF-8 (in Excel: CSV UTF-8) and try again"
_SAVE_AS_TEXT = "save it as plain text in UTF-8"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # must precede UTF-16, whose mark begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Hong Kong's variant of Big5 comes first; the Windows variant has a few more characters, such as the euro sign.
_LEGACY_CODECS = ("gb18030", "big5hkscs", "cp950", "cp1252")
_SIGNATURES: tuple[tuple[bytes, Translatable], ...] = (
    (b"%PDF-", "a PDF file"),
    (b"PK\x03\x04", "a packed file (.docx, .xlsx, .zip or the like)"),
    (b"\xd0\xcf\x11\xe0", "an old Word or Excel file"),
    (b"{\\rtf", "a rich text file"),
    (b"\x1f\x8b", "a gzip file"),
)
_WIDEST_CODECS = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "cp936", "x-gbk", "euc-cn", "gb-2312", "gb-18030"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "big5hkscs", "cp950", "x-big5"), "big5hkscs"),
    **dict.fromkeys(("hz", "hz-gb-2312"), "hz"),
    **dict.fromkeys(("shift-jis", "cp932", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks-c-5601-1987", "cp949"), "cp949"),
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "iso-2022-kr": "iso2022_kr",
    "utf-7": "utf-7",
}
"""The names that mails and web pages use for Asian encodings, each with the widest codec that reads it."""
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_MAX_CONTROL_SHARE = 0.01
_LATIN_RUN = re.compile(r"[^\x00-\x7f]{2,}")
_MAX_SURPRISE = 10.2
"""The highest mean surprise of the characters beyond ASCII with which a decoded text still makes sense."""
_MAX_BAD_SHARE = 0.02
_MIN_MARGIN = 3.0
"""How much less surprising the best decoding must be than the next: e**3, so about 20 times as likely."""

# The commonest characters of technical requirements and achievements, mixed with general Chinese. The commonest comes
# first, and each simplified character is followed by its traditional forms.
_COMMON = (
    "技术術能化用电電工研制製的机機系繫係产産產统統生与與应應人器发髮發动動业業智究备備合测測高水装裝中物理料一方"
    "控有性大成法网網数數材关關车車学學是不科分设設在自子品管线綫線了国國件广廣平联聯金气氣力量地新源无無海可体體"
    "实實开開院置键鍵程信和造我检檢台檯臺型度全复複復压壓作基质質光通面麵计計转轉为爲為处處下模据據验驗式行集上个"
    "個他监監心这這加进進于於池定环環构構要多来來以们們对對州过過时時建路热熱艺藝接种種空到米软軟区區出试試结結配"
    "导導传傳所汽目保南利务務现現安油态態纳納重资資废廢剂劑感离離东東流组組室息主解温溫低创創位节節市道功移家同色"
    "容说說説公深防会會污汙交提天服析变變调調就石液内內果航焊表錶具年也示及探经經入运運维維字强強医醫土形药藥风風"
    "板氧评評络絡华華号號标標慧精算采採而治效微速优優起向嚮原酸你属屬得后後规規间間碳视視境洋等收厂廠项項因求层層"
    "长長燃专專农農之本疗療然着著滑取回部小声聲抗晶外特明需那涂塗预預混冷事极極识識频頻二前点點样樣城率先纤纖聚单"
    "單增场場钢鋼链鏈相凝供锂鋰真知里裏裡膜司械输輸降活三手素题題护護片床牀端达達报報润潤选選立绿綠胶膠范範山块塊"
    "港如打别別超准準企泥证證决決菌其催载載展级級太拟擬病共问問还還阳陽础礎反使墨轴軸代灯燈细細改柔适適并併並食去"
    "综綜互仪儀清好育临臨筑築直放从從当當减減么麼整都密潜潛架融硅才总總头頭沙没沒底域轮輪射储儲引站船靠滤濾口正命"
    "省划劃白看注註已布佈但类類论論波万萬充期显顯带帶文由炉爐粉激情民政像斯查断斷缘緣者刚剛些烯含龙龍日承想条條胞"
    "协協除煤员員图圖身耐甲将將冰此园園脱脫难難军軍元比再教案观觀库庫喷噴状狀养養乳植门門十认認只隻损損易指被施第"
    "固球次脂西干乾幹净淨塑孔铝鋁余餘边邊推铁鐵升昇常粤粵湾灣核芯排驱驅德垃圾骨腐血陶染修切意存耗它箱响響美套酵花"
    "遥遙河散见見最列或双雙把限消界杆瓦薄步铜銅拉火战戰烟煙跨印轻輕瓷两兩完磁冲衝缩縮悬懸巡包权權半粒氢氫各警换換"
    "醇杂雜封又少支客商队隊险險己障铸鑄雷远遠影群羣磨锻鍛爆炼煉乙老很寿壽烧燒领領径徑快毒殖克摩肥受觉覺渗滲云雲浆"
    "漿失盘盤马馬尘塵泵仿阻训訓索异異秆稈负負格四价價硫更矿礦际際织織给給诊診助书書非走弃棄吸值害澳秸丙硬月任渣氨"
    "循绝絕便尔爾香投儿兒舶操辆輛透社缆纜红紅擦旋塔灌张張蚀蝕习習冶神话話却卻参參康许許北记記世策隔壤纯純什岛島持"
    "谷穀皮菜确確佛终終码碼几幾搅攪刀疫且振氮木培拌虫蟲义義缺墙牆告韭炸树樹名团團该該翼女续續噪浓濃焦何故叶葉良桩"
    "樁添丝絲必济濟候至五脉脈熔较較伤傷蛋象烷介审審嵌补補音连連盟孪孿送望卡黄黃湿溼濕免纸紙英击擊裂氟浸钻鑽溯盐鹽"
    "壁延卫衛衞飞飛星针針锅鍋洞做漏麦麥虚虛住让讓勘约約积積急宽寬覆炭银銀校编編序缓緩尺桥橋尼零臭突征徵堆停荷"
)
_PUNCTUATION = "，。、；：（）“”‘’《》？！—…·％【】～"
_SYMBOLS = "℃°±×÷≥≤≈→μΩφΦαβγδλσθ㎡㎜㎝㎏²³½®™①②③④⑤⑥⑦⑧⑨⑩ⅠⅡⅢⅣ○●■◆★※√∞∑「」『』〈〉　￥＋－＝／＜＞．・"
_LATIN = "àâäáãåæçèéêëìíîïñòóôöøùúûüÀÂÄÁÃÅÆÇÈÉÊËÍÎÏÑÓÔÖØÙÚÜßœŒ°±µ²³×÷·½¼£€§®©™–—‘’“”…•«»¿¡ºª\xa0"


def decode(data: bytes, *, place: str) -> tuple[str, str]:
    """Decode a complete text whose encoding is unknown.

    Args:
        data: The bytes of a file or of standard input.
        place: What to call them in an error, for example the file's name.

    Returns:
        The text without its byte order mark, and the name of the codec; ``("", "utf-8")`` for no bytes.

    Raises:
        EncodingError: The bytes are not text, or their encoding cannot be determined.
    """
    name = detect(data, place=place)
    return data.decode(name), name


def decode_labelled(data: bytes, label: str, *, place: str) -> str:
    """Decode a text that names its own encoding, as mails and web pages do, often wrongly.

    Valid UTF-8 is read as UTF-8, whatever the label. Otherwise the label of an Asian encoding is trusted if the bytes
    fit it, and the widest codec of its kind is used. Otherwise the bytes decide, as in ``decode``.

    Raises:
        EncodingError: As for ``decode``.
    """
    codec = _WIDEST_CODECS.get(label.strip().casefold().replace("_", "-"), "")
    text = _decoded(data, codec, complete=True) if codec else None
    escapes = codec in ("hz", "iso2022_jp", "iso2022_kr", "utf-7")
    if text is not None and (escapes or _decoded(data, "utf-8", complete=True) is None) and not _is_binary(text):
        return text
    return decode(data, place=place)[0]


def detect(data: bytes, *, place: str, is_start: bool = False) -> str:
    """Detect the encoding of ``data``: a Python codec that decodes it and drops its byte order mark.

    Args:
        data: The bytes of a text, or of its beginning.
        place: What to call them in an error.
        is_start: Whether more follows. If so, the last character may be incomplete, and a few bad bytes are tolerated
            (two per hundred characters beyond ASCII), as they cost only the rows they are in.

    Raises:
        EncodingError: As for ``decode``.
    """
    complete = not is_start
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            raise EncodingError(
                Fault(place, make_message("this is {kind}, not a text", kind=as_message(kind)), _SAVE_AS_TEXT)
            )
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _verified_codec(data, name, place=place, is_start=is_start)
    if b"\x00" in data:
        return _utf16_without_mark(data, place=place, complete=complete)
    text = _decoded(data, "utf-8", complete=complete)
    if text is None:
        return _legacy_codec(data, place=place, is_start=is_start)
    if not text.isascii() and max(text) <= "\u07ff" and _is_gb18030_by_look(data, text, complete=complete):
        return "gb18030"
    return _verified_codec(data, "utf-8", place=place, is_start=is_start)


def _verified_codec(data: bytes, name: str, *, place: str, is_start: bool) -> str:
    text = _decoded(data, name, complete=not is_start)
    if text is None and is_start:
        text = _decoded(data, name, complete=False, errors="replace")
    if text is None:
        raise EncodingError(
            Fault(
                place,
                make_message("starts as {encoding} but contains bytes that are invalid in it", encoding=name),
                _REMEDY,
            )
        )
    if _is_binary(text):
        raise EncodingError(Fault(place, "this is a binary file, not a text", _SAVE_AS_TEXT))
    return name


def _decoded(data: bytes, name: str, *, complete: bool, errors: str = "strict") -> str | None:
    try:
        return codecs.getincrementaldecoder(name)(errors).decode(data, complete)
    except UnicodeDecodeError:
        return None


def _is_binary(text: str) -> bool:
    n_control = len(_CONTROL.findall(text))
    return "\x00" in text or n_control > _MAX_CONTROL_SHARE * len(text)


def _utf16_without_mark(data: bytes, *, place: str, complete: bool) -> str:
    """The byte order of UTF-16 without a mark, which its zero bytes betray: half of each line end, digit and letter."""
    for name in ("utf-16-le", "utf-16-be"):
        text = _decoded(data, name, complete=complete)
        if text is not None and not _is_binary(text) and _mean_surprise(text) <= _MAX_SURPRISE:
            return name
    raise EncodingError(Fault(place, "this is a binary file (it has zero bytes), not a text", _SAVE_AS_TEXT))


def _is_gb18030_by_look(data: bytes, text: str, *, complete: bool) -> bool:
    """Whether bytes that are valid UTF-8 are more likely GB18030.

    Two-byte characters up to U+07FF are valid in both: 漏水 in GB18030 is also a copyright sign and an odd apostrophe.
    """
    chinese = _decoded(data, "gb18030", complete=complete)
    if chinese is None or _mean_surprise(chinese) > _MAX_SURPRISE:
        return False
    return _surprise(text, latin=True, runs=False) - _surprise(chinese) >= _MIN_MARGIN


def _legacy_codec(data: bytes, *, place: str, is_start: bool) -> str:
    readings: list[tuple[float, str, str]] = []
    for name in _LEGACY_CODECS:
        text = _decoded(data, name, complete=not is_start)
        if text is not None and not _is_binary(text) and text not in (known for _, _, known in readings):
            readings.append((_surprise(text, latin=name == "cp1252"), name, text))
    readings.sort(key=lambda reading: reading[0])  # stable: ties stand in the order of _LEGACY
    if readings:
        best, name, text = readings[0]
        rivals = [surprise for surprise, rival, _ in readings[1:] if {name, rival} != {"big5hkscs", "cp950"}]
        is_clear = not rivals or rivals[0] - best >= _MIN_MARGIN
        if is_clear and _mean_surprise(text, latin=name == "cp1252") <= _MAX_SURPRISE:
            return name
    if is_start and (codec := _codec_despite_bad_bytes(data)):
        return codec
    position = _first_bad_byte(data)
    finding = make_message(
        "its encoding cannot be told: byte 0x{byte:02x} at position {position} is not UTF-8, and the text makes no "
        "clear sense as GB18030, Big5 or Windows-1252",
        byte=data[position],
        position=position,
    )
    raise EncodingError(Fault(place, finding, _REMEDY))


def _codec_despite_bad_bytes(data: bytes) -> str | None:
    """The encoding of a long text that has a few bad bytes, or ``None``."""
    for name in ("utf-8", "gb18030", "big5hkscs"):
        text = _decoded(data, name, complete=False, errors="replace") or ""
        n_bad = text.count("\ufffd")
        n_foreign = sum(char > "\x7f" for char in text)
        if n_bad <= _MAX_BAD_SHARE * n_foreign and _mean_surprise(text.replace("\ufffd", "")) <= _MAX_SURPRISE:
            return name
    return None


def _first_bad_byte(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _surprise(text: str, *, latin: bool = False, runs: bool = True) -> float:
    cost = _latin_surprise if latin else _char_surprise
    surprise = sum(cost(char) * count for char, count in sorted(Counter(text).items()))
    # Accented letters stand alone between plain ones, while the bytes of Chinese come in runs.
    if latin and runs:
        surprise += sum(5.0 * (len(run) - 1) for run in _LATIN_RUN.findall(text))
    return surprise


def _mean_surprise(text: str, *, latin: bool = False) -> float:
    """Mean surprise of the characters beyond ASCII; 0 when there is none."""
    foreign = "".join(char if char > "\x7f" else " " for char in text)
    n_foreign = len(foreign) - foreign.count(" ")
    if not n_foreign:
        return 0.0
    return (_surprise(foreign, latin=latin) - foreign.count(" ") * _char_surprise(" ")) / n_foreign


@lru_cache(maxsize=1)
def _common_surprises() -> dict[str, float]:
    # By Zipf's law the probability falls with the rank: 5.0 for the commonest character, 8.6 for the last in the list.
    surprises = {char: 5.0 + log((rank + 30) / 30) for rank, char in enumerate(_COMMON)}
    surprises.update(dict.fromkeys(_SYMBOLS, 8.0))
    surprises.update(dict.fromkeys(_PUNCTUATION, 4.5))
    return surprises


@lru_cache(maxsize=65536)
def _char_surprise(char: str) -> float:
    if char <= "\x7f":
        return _ascii_surprise(char)
    known = _common_surprises().get(char)
    if known is not None:
        return known
    if "\u4e00" <= char <= "\u9fff":
        return 11.0 if _is_everyday(char) else 16.0
    if "\uff01" <= char <= "\uff5e" or "\u0370" <= char <= "\u03ff":
        return 8.0
    return 20.0 if unicodedata.category(char) in ("Cn", "Co", "Cs", "Cc") else 12.0


def _is_everyday(char: str) -> bool:
    """Whether this character is on the first level of GB2312 or Big5: the few thousand of everyday writing."""
    gb2312 = char.encode("gb2312", "ignore")
    big5 = char.encode("big5", "ignore")
    return b"\xb0\xa1" <= gb2312 <= b"\xd7\xf9" or b"\xa4\x40" <= big5 <= b"\xc6\x7e"


def _latin_surprise(char: str) -> float:
    if char <= "\x7f":
        return _ascii_surprise(char)
    if char in _LATIN:
        return 6.5
    return 8.0 if "\u0391" <= char <= "\u03c9" or "\u0410" <= char <= "\u044f" else 12.0


def _ascii_surprise(char: str) -> float:
    if char.isalnum():
        return 4.0
    return 3.0 if char in " \n\r\t,.;:-()/\"'" else 5.0
