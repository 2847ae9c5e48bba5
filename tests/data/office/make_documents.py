"""Makes the files in documents/: ``python tests/data/office/make_documents.py``. Not run by any test.

It needs python-docx and pypdf, and on the path LibreOffice (``soffice``) and Chromium (``chromium``). The files differ
a little each time they are made (dates, ids), which is why they are kept. Everything in them is invented.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import docx
from docx.document import Document
from docx.oxml import parse_xml
from docx.shared import Mm
from docx.table import _Cell

HERE = Path(__file__).parent / "documents"
W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
)
LEAK = (
    "厂区供水主管为DN400球墨铸铁管，埋深约1.8米，夜间最小流量持续偏高，但人工听漏始终找不到漏点。"
    "希望在不停水的前提下对漏点进行在线监测和定位，并能区分车辆噪声与漏水声。"
)
DRY = "滤芯生产车间夏季相对湿度超过75%，现有转轮除湿机能耗高，产品含水率波动大，需要低能耗的深度除湿方案。"
WELD = "薄壁铝合金壳体激光焊接时气孔率高，返修率约一成，需要在线监测熔池并实时调节工艺参数。"


def form(document: Document, rows: Sequence[Sequence[str]], *, width: int = 2) -> None:
    """A table; the last cell of a shorter row covers the rest of it."""
    table = document.add_table(rows=0, cols=width, style="Table Grid")
    for row in rows:
        cells = table.add_row().cells
        for cell, text in zip(cells, row, strict=False):
            cell.text = text
        if len(row) < width:
            cells[len(row) - 1].merge(cells[width - 1])


def save(document: Document, name: str) -> None:
    """Write a document, without the parts of python-docx's template that say nothing."""
    document.core_properties.author = "matchmaker (illustrative)"
    spool = io.BytesIO()
    document.save(spool)
    needless = re.compile(r"<(?:Relationship|Override|Default)\b[^>]*(?:stylesWithEffects|thumbnail|jpeg)[^>]*/>")
    with (
        zipfile.ZipFile(spool) as source,
        zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as to,
    ):
        for part in source.namelist():
            if part not in ("word/stylesWithEffects.xml", "docProps/thumbnail.jpeg"):
                data = source.read(part)
                is_list = part.endswith((".rels", "[Content_Types].xml"))
                to.writestr(part, needless.sub("", data.decode()) if is_list else data)


def two_columns() -> None:
    document = docx.Document()
    document.add_heading("企业技术需求征集表", 0)
    form(
        document,
        [
            ("需求名称", "厂区供水管网漏损在线监测与定位"),
            ("企业名称", "南沙某某水务设备有限公司"),
            ("所属行业", "市政给排水"),
            ("企业所在地", "广州市南沙区"),
            ("需求描述\n（背景、现状、要解决的问题）", LEAK),
            ("技术指标", "1. 定位误差不大于1 m\n2. 最小可测漏量0.1 L/s\n3. 电池续航不少于3年"),
            ("已尝试的方法", "人工听漏两轮；租用相关仪一次，误报多"),
            ("合作方式", "☑联合研发  □技术转让  ☑委托开发  □其他：________"),
            ("预算（万元）", "80"),
            ("期望完成时间", "2027年6月"),
            ("联系人", "张某"),
            ("联系电话", "13800000000"),
        ],
    )
    save(document, "form-two-columns.docx")


def four_columns() -> None:
    document = docx.Document()
    document.add_paragraph("附件1")
    document.add_paragraph("技术难题需求登记表")
    table = document.add_table(rows=8, cols=5, style="Table Grid")

    def put(row: int, texts: dict[int, str]) -> None:
        for column, text in texts.items():
            table.cell(row, column).text = text

    def merged(row: int, left: int, right: int, bottom: int | None = None) -> _Cell:
        cell: _Cell = table.cell(row, left).merge(table.cell(bottom or row, right))
        return cell

    merged(0, 0, 0, 2).text = "企业基本信息"
    put(0, {1: "企业名称", 2: "某某精密机械（广州）有限公司", 3: "企业性质", 4: "民营"})
    put(1, {1: "所属行业", 2: "装备制造", 3: "联系人", 4: "李某"})
    put(2, {1: "所在地区", 2: "广州黄埔", 3: "手机", 4: "13900000000"})
    merged(3, 0, 0, 6).text = "需求信息"
    put(3, {1: "难题名称"})
    merged(3, 2, 4).text = "薄壁铝合金壳体激光焊接气孔在线监测"
    put(4, {1: "难题描述"})
    merged(4, 2, 4).text = WELD
    merged(5, 1, 1, 6).text = "技术指标"
    put(5, {2: "气孔率"})
    merged(5, 3, 4).text = "≤0.5%"
    put(6, {2: "检测节拍"})
    merged(6, 3, 4).text = "不超过2 s"
    put(7, {0: "合作方式"})
    merged(7, 1, 2).text = "□技术转让 √联合攻关"
    put(7, {3: "投入预算", 4: "50万元"})
    save(document, "form-merged-cells.docx")


def several_forms() -> None:
    document = docx.Document()
    for number, (title, text) in enumerate(
        (("供水管网漏损定位", LEAK), ("滤芯车间深度除湿", DRY), ("激光焊接气孔监测", WELD)), 1
    ):
        document.add_paragraph(f"表{number}")
        form(
            document,
            [
                ("企业名称", f"某某第{number}分公司"),
                ("技术需求名称", title),
                ("需求内容", text),
                ("联系方式", "020-80000000"),
            ],
        )
        document.add_paragraph("")
    save(document, "several-forms.docx")


def list_of_needs() -> None:
    document = docx.Document()
    document.add_heading("园区企业技术需求汇总表", 1)
    form(
        document,
        [
            ("序号", "企业名称", "技术需求名称", "需求描述", "联系人"),
            ("1", "某某水务", "供水管网漏损定位", LEAK, "张某"),
            ("2", "某某滤材", "滤芯车间深度除湿", DRY, "王某"),
            ("3", "某某机械", "激光焊接气孔监测", WELD, "李某"),
        ],
        width=5,
    )
    save(document, "list-of-needs.docx")


def sections() -> None:
    document = docx.Document()
    document.add_heading("滤芯车间深度除湿技术需求", 0)
    for title, text in (
        ("一、企业简介", "某某滤材有限公司主要生产空气过滤材料，年产滤芯三百万支。"),
        ("二、技术需求", DRY),
        ("三、技术指标", "露点温度低于-20℃；单位除湿能耗下降30%"),
        ("四、合作方式", "联合研发"),
        ("五、联系方式", "王先生 020-80000000"),
    ):
        document.add_paragraph(title, style="Heading 1")
        document.add_paragraph(text)
    save(document, "sections-one-problem.docx")


def numbered() -> None:
    document = docx.Document()
    document.add_paragraph("各位老师：以下是我司近期的技术需求，请帮忙推荐合适的研究院。")
    for title, text in (
        ("需求一：供水管网漏损定位", LEAK),
        ("需求二：滤芯车间深度除湿", DRY),
        ("需求三：激光焊接气孔监测", WELD),
    ):
        document.add_paragraph(title)
        document.add_paragraph(text)
    save(document, "numbered-needs.docx")


def automatic_numbers() -> None:
    """The numbers 需求一、 and 需求二、 exist only as properties of a list."""
    document = docx.Document()
    numbering = document.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {W} w:abstractNumId="90"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
            '<w:numFmt w:val="chineseCounting"/><w:lvlText w:val="需求%1："/></w:lvl></w:abstractNum>'
        ),
    )
    numbering.append(parse_xml(f'<w:num {W} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    document.add_heading("某某集团技术需求", 0)
    for title, text in (("供水管网漏损定位", LEAK), ("滤芯车间深度除湿", DRY)):
        paragraph = document.add_paragraph(title)
        paragraph._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {W}><w:ilvl w:val="0"/><w:numId w:val="90"/></w:numPr>')
        )
        document.add_paragraph(text)
    save(document, "automatic-numbers.docx")


def boxes_and_changes() -> None:
    """A text box written twice, for new and old programs; tracked changes; hidden text; a content control."""
    document = docx.Document()
    document.add_heading("激光焊接气孔在线监测", 0)
    box = f"<w:txbxContent><w:p><w:r><w:t>{WELD}</w:t></w:r></w:p></w:txbxContent>"
    body = document.element.body
    body.insert(
        1,
        parse_xml(
            f"<w:p {W}><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:inline><a:graphic>"
            f"<a:graphicData uri='x'><wps:wsp><wps:txbx>{box}</wps:txbx></wps:wsp></a:graphicData></a:graphic>"
            f"</wp:inline></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape>"
            "</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        ),
    )
    body.insert(
        2,
        parse_xml(
            f"<w:p {W}><w:r><w:t>焊缝长度</w:t></w:r><w:del w:id='1' w:author='a'><w:r>"
            "<w:delText>约200毫米</w:delText></w:r></w:del><w:ins w:id='2' w:author='a'><w:r>"
            "<w:t>不超过350毫米</w:t></w:r></w:ins>"
            "<w:r><w:rPr><w:vanish/></w:rPr><w:t>（内部：报价勿外传）</w:t></w:r></w:p>"
        ),
    )
    body.insert(
        3,
        parse_xml(
            f"<w:sdt {W}><w:sdtContent><w:p><w:r><w:t>节拍要求每件不超过2秒。</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        ),
    )
    document.sections[0].header.paragraphs[0].text = "内部资料"
    document.sections[0].footer.paragraphs[0].text = "第1页"
    save(document, "text-box-and-changes.docx")


def tick_boxes() -> None:
    """The three ways in which Word keeps a ticked box."""
    document = docx.Document()
    form(document, [("需求名称", "滤芯车间深度除湿"), ("需求描述", DRY), ("合作方式", ""), ("行业领域", "")])
    table = document.tables[0]
    table.cell(2, 1).paragraphs[0]._p.append(
        parse_xml(
            f"<w:sdt {W}><w:sdtPr><w14:checkbox><w14:checked w14:val='1'/></w14:checkbox></w:sdtPr>"
            "<w:sdtContent><w:r><w:t>☒</w:t></w:r></w:sdtContent></w:sdt>"
        )
    )
    table.cell(2, 1).paragraphs[0].add_run("委托开发 ☐ 技术转让 ")
    for char, word in (("F0FE", "联合研发"), ("F0A8", "技术入股")):
        paragraph = table.cell(2, 1).paragraphs[0]
        paragraph.add_run()._r.append(parse_xml(f"<w:sym {W} w:font='Wingdings' w:char='{char}'/>"))
        paragraph.add_run(f"{word} ")
    paragraph = table.cell(3, 1).paragraphs[0]
    for checked, word in ((0, "电子信息"), (1, "空气净化")):
        paragraph.add_run()._r.append(
            parse_xml(
                f"<w:fldChar {W} w:fldCharType='begin'><w:ffData><w:checkBox><w:default w:val='{checked}'/>"
                "</w:checkBox></w:ffData></w:fldChar>"
            )
        )
        paragraph.add_run(f"{word} ")
    save(document, "tick-boxes.docx")


def other_languages() -> None:
    document = docx.Document()
    form(
        document,
        [
            ("技術難題名稱", "老舊大廈外牆滲水檢測"),
            ("公司名稱", "香港某某工程有限公司"),
            ("難題描述", "樓齡五十年以上的大廈外牆瓷磚空鼓滲水，搭棚檢測成本高，希望以無人機紅外及超聲方法快速排查。"),
            ("技術要求", "單幢檢測不超過一天；空鼓檢出率九成以上"),
            ("聯絡人", "陳某"),
            ("電郵", "someone@example.invalid"),
        ],
    )
    save(document, "form-traditional.docx")
    document = docx.Document()
    document.add_heading("Technical Requirement Form", 0)
    form(
        document,
        [
            ("Requirement title", "Low-energy drying of filter media"),
            ("Company", "Example Filters Ltd"),
            (
                "Description",
                "Humidity in the coating hall exceeds 75 % in summer and the wheel dryers use too much energy.",
            ),
            ("Technical targets", "dew point below -20 °C\nenergy per kg of water down by 30 %"),
            ("Budget", "CNY 800,000"),
            ("Contact person", "A. Person"),
            ("E-mail", "someone@example.invalid"),
        ],
    )
    save(document, "form-english.docx")


PAGE = """<html><head><meta charset="{charset}"><title>{title}</title><style>
td {{border: 1px solid}} table
{{border-collapse: collapse; width: 100%}} h1 {{font-weight: normal}}</style><script>var hidden = "脚本";</script>
</head><body>
<nav><a href="/">首页</a> | <a href="/needs">需求大厅</a></nav>
<h1>{title}</h1>
<table><tr><td width="20%">{labels[0]}</td><td>{name}</td></tr>
<tr><td>{labels[1]}</td><td>{firm}</td></tr>
<tr><td>{labels[2]}</td><td>{text}</td></tr>
<tr><td>{labels[3]}</td><td>020-80000000</td></tr></table>
<div style="display:none">不可见的文字</div>
<footer>版权所有</footer></body></html>
"""


def pages() -> None:
    mainland = PAGE.format(
        charset="gb2312",
        title="企业技术需求登记",
        labels=("需求名称", "企业名称", "需求描述", "联系电话"),
        name="滤芯车间深度除湿",
        firm="某某滤材有限公司",
        text=DRY,
    )
    (HERE / "rich-text.rtf").write_bytes(
        b"{\\rtf1\\ansi\\ansicpg936{\\fonttbl{\\f0 SimSun;}}\\f0 \\u28431?\\u27700?\\par}"
    )
    (HERE / "page-gb2312.html").write_bytes(mainland.encode("gb18030"))
    (HERE / "page-named.doc").write_bytes(mainland.encode("gb18030"))
    taiwan = PAGE.format(
        charset="big5",
        title="技術需求",
        labels=("需求名稱", "企業名稱", "需求描述", "聯絡電話"),
        name="外牆滲水檢測",
        firm="某某工程有限公司",
        text="樓齡五十年以上的大廈外牆瓷磚空鼓滲水，希望以無人機紅外方法快速排查。",
    )
    (HERE / "page-big5.htm").write_bytes(taiwan.encode("big5", "xmlcharrefreplace"))


ENGLISH = (
    "The sensor nodes must be submersible and report leakage events over narrow-band radio; the enterprise has already "
    "evaluated two commercial correlators without success and is open to international cooperation on the algorithms."
)


def article(path: Path) -> None:
    """Three pages with a running head and page numbers."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(148), Mm(150)
    section.header.paragraphs[0].text = "某某水务 内部资料"
    footer = section.footer.paragraphs[0]
    footer.add_run("第 ")
    footer._p.append(parse_xml(f'<w:fldSimple {W} w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>'))
    footer.add_run(" 页")
    document.add_heading("供水管网漏损在线监测需求", 0)
    for text in (LEAK, LEAK, ENGLISH, LEAK, DRY, WELD, WELD):
        document.add_paragraph(text)
    document.save(str(path))


def printed() -> None:
    """PDF files by LibreOffice and by Chromium; and the same documents by LibreOffice as .odt and .doc."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        article(work / "article.docx")
        for source, kind, name in (
            (work / "article.docx", "pdf", "article.pdf"),
            ("form-merged-cells.docx", "pdf", "form-libreoffice.pdf"),
            ("several-forms.docx", "pdf", "several-forms.pdf"),
            ("form-merged-cells.docx", "odt", "form.odt"),
            ("numbered-needs.docx", "odt", "numbered-needs.odt"),
            ("form-english.docx", "doc", "old-word.doc"),
        ):
            run("soffice", "--headless", f"-env:UserInstallation=file://{work}/profile", "--convert-to", kind,
                "--outdir", folder, str(HERE / source))  # fmt: skip
            shutil.copy(work / f"{Path(source).stem}.{kind}", HERE / name)
        (work / "form.html").write_bytes((HERE / "page-gb2312.html").read_bytes())
        run("chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work}/chromium",
            f"--print-to-pdf={HERE / 'form-chromium.pdf'}", f"file://{work / 'form.html'}")  # fmt: skip


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def pdf_file(objects: Sequence[bytes]) -> bytes:
    """A PDF file of these objects, the first of which is the catalogue."""
    out, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


def stream(data: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d%b>>stream\n%b\nendstream" % (len(data), more, data)


def page(content: bytes, resources: bytes, *more: bytes) -> bytes:
    return pdf_file(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<%b>>>>" % resources,
            stream(content),
            *more,
        ]
    )


def pdf_by_hand() -> None:
    """A font that is not in the file and has no ToUnicode, as old Chinese programs write; a picture; a password."""
    lines = ("需求名称：滤芯车间深度除湿", "企业名称：某某滤材有限公司", f"需求描述：{DRY[:24]}", DRY[24:])
    shown = b" 0 -24 Td ".join(b"<%b> Tj" % line.encode("gbk").hex().encode() for line in lines)
    old = page(
        b"BT /F1 14 Tf 72 700 Td " + shown + b" ET",
        b"/Font<</F1 5 0 R>>",
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/GBK-EUC-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 7 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>",
        b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880"
        b"/Descent -120/CapHeight 880/StemV 93>>",
    )
    (HERE / "font-without-unicode.pdf").write_bytes(old)
    picture = stream(
        zlib.compress(bytes(100 * 140)),
        b"/Type/XObject/Subtype/Image/Width 100/Height 140/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode",
    )
    scanned = page(b"q 595 0 0 842 0 0 cm /X Do Q", b"/XObject<</X 5 0 R>>", picture)
    (HERE / "scanned.pdf").write_bytes(scanned)
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(old)))
    writer.encrypt("secret", algorithm="RC4-128")
    with (HERE / "password.pdf").open("wb") as file:
        writer.write(file)


def mails() -> None:
    body = f"王老师：\n\n您好！\n{LEAK}\n请帮忙看看哪家研究院合适。\n\n"
    body += "-- \n张某\n某某水务设备有限公司 总工程师\n电话：13800000000\n"
    mail = MIMEText(body, _charset="utf-8")
    mail.set_payload(body.encode("gb18030"))
    mail.replace_header("Content-Type", 'text/plain; charset="gb2312"')
    mail.replace_header("Content-Transfer-Encoding", "8bit")
    mail["From"] = "someone@example.invalid"
    mail["Subject"] = "=?gb2312?B?" + _base64("答复: 供水管网漏损监测需求".encode("gb18030")) + "?="
    (HERE / "mail-gb2312.eml").write_bytes(mail.as_bytes())

    reply = (
        "陳博士：\r\n\r\n外牆滲水的問題補充如下：樓齡五十年以上，瓷磚空鼓面積大，希望以無人機紅外方法快速排查，單幢不超過一天。\r\n\r\n"
        "-----原始郵件-----\r\n寄件者: someone@example.invalid\r\n主旨: 外牆\r\n\r\n> 請補充資料\r\n"
    )
    head = (
        b"From: someone@example.invalid\r\nSubject: =?big5?B?" + _base64("RE: 外牆滲水快速檢測".encode("big5")).encode()
    )
    head += (
        b"?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    (HERE / "mail-wrong-label.eml").write_bytes(head + reply.encode("big5"))

    message = EmailMessage()
    message["From"], message["Subject"] = "someone@example.invalid", "Fw: 技术需求表"
    message.set_content("李老师，需求表见附件，请查收。谢谢！\n")
    message.add_attachment(
        (HERE / "form-two-columns.docx").read_bytes(),
        maintype="application",
        subtype="vnd.openxmlformats-officedocument.wordprocessingml.document",
        filename="技术需求表.docx",
    )
    message.add_attachment(b"\x89PNG\r\n\x1a\n0000", maintype="image", subtype="png", filename="现场照片.png")
    (HERE / "mail-with-form.eml").write_bytes(message.as_bytes())

    both = MIMEMultipart("alternative")
    both["From"], both["Subject"] = (
        "someone@example.invalid",
        "=?utf-8?B?" + _base64("激光焊接气孔监测".encode()) + "?=",
    )
    both.attach(
        MIMEText(f"<html><body><p>您好：</p><p>{WELD}</p><ul><li>气孔率 ≤0.5%</li></ul></body></html>", "html", "utf-8")
    )
    (HERE / "mail-html-only.eml").write_bytes(both.as_bytes())


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


def texts() -> None:
    chat = f"【企业技术需求】\n需求名称：供水管网漏损定位\n企业名称：某某水务\n需求描述：{LEAK}\n最好今年内完成。\n"
    chat += "技术指标：误差1 m以内\n联系人：张某 13800000000\n"
    (HERE / "wechat-form.txt").write_text(chat, encoding="utf-8")
    needs = f"几个企业的需求，麻烦看看：\n\n需求1：供水管网漏损定位\n{LEAK}\n\n需求2：滤芯车间深度除湿\n{DRY}\n"
    (HERE / "wechat-numbered.txt").write_text(needs, encoding="gb18030")


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for make in (two_columns, four_columns, several_forms, list_of_needs, sections, numbered, automatic_numbers):
        make()
    for make in (boxes_and_changes, tick_boxes, other_languages, pages, printed, pdf_by_hand, mails, texts):
        make()


if __name__ == "__main__":
    main()
