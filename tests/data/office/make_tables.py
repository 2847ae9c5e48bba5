"""Makes the files of ``tables/``; run by hand with ``python tests/data/office/make_tables.py``, not by the tests.

Needs openpyxl, pyarrow and LibreOffice (``soffice``). All contents are invented.
"""

from __future__ import annotations

import csv
import io
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.worksheet.worksheet import Worksheet
from pyarrow import parquet

FOLDER = Path(__file__).parent / "tables"
HEADINGS = ("需求编号", "需求名称", "需求描述", "企业名称", "预算（万元）", "截止日期")
LEAK = ("X-01", "供水管网漏损检测", "道路下的铸铁管找不到漏点", "示例水务公司", 50, date(2026, 12, 31))
WELD = ("X-02", "铝合金薄板焊接变形", "2 mm 薄板焊后翘曲", "示例车厢厂", 12.5, date(2027, 3, 1))
COAT = ("X-03", "陶瓷釉面针孔", "烧成后针孔多，合格率只有八成", "示例卫浴厂", 0.8, date(2026, 9, 15))


def sheet(*rows: Sequence[object], name: str = "需求") -> tuple[Workbook, Worksheet]:
    book = Workbook()
    active = book.active
    assert isinstance(active, Worksheet)
    active.title = name
    for row in rows:
        active.append(list(row))
    return book, active


def plain() -> None:
    book, _ = sheet(HEADINGS, LEAK, WELD, COAT)
    book.save(FOLDER / "plain.xlsx")


def title_rows() -> None:
    book, page = sheet(
        ("2026年度企业技术需求征集表（示例）",),
        ("填报单位：示例协会", None, None, "填表日期：2026-05-01"),
        (),
        HEADINGS,
        LEAK,
        WELD,
        ("合计", None, None, None, 62.5),
        ("备注：本表内容均为虚构",),
    )
    page.merge_cells("A1:F1")
    page.merge_cells("A2:C2")
    page.merge_cells("A8:F8")
    book.save(FOLDER / "title_rows.xlsx")


def merged_headings() -> None:
    book, page = sheet(
        ("企业技术需求汇总表", *(None,) * 6),
        ("序号", "企业信息", None, None, "需求信息", None, None),
        (None, "企业名称", "联系人", "所在地", "需求名称", "需求描述", "拟投入（万元）"),
        (1, "示例水务公司", "甲", "南沙", "供水管网漏损检测", "找不到漏点", 50),
        (2, "示例卫浴厂", "乙", "番禺", "陶瓷釉面针孔", "针孔多", 0.8),
    )
    for merged in ("A1:G1", "A2:A3", "B2:D2", "E2:G2"):
        page.merge_cells(merged)
    book.save(FOLDER / "merged_headings.xlsx")


def merged_cells() -> None:
    book, page = sheet(
        ("企业名称", "需求名称", "需求描述"),
        ("示例车厢厂", "铝合金薄板焊接变形", "焊后翘曲"),
        (None, "涂装颗粒", "面漆里有灰尘"),
        (None, "车厢异响", "颠簸路面有异响"),
        ("示例水务公司", "供水管网漏损检测", "找不到漏点"),
        (None, None, None),
    )
    page.merge_cells("A2:A4")
    page.merge_cells("A5:A6")
    book.save(FOLDER / "merged_cells.xlsx")
    convert("merged_cells.xlsx", "ods")


def two_sheets() -> None:
    book, _ = sheet(HEADINGS[:4], LEAK[:4], WELD[:4], name="南沙")
    second = book.create_sheet("番禺")
    for row in (("难题名称", "难题描述", "所属行业"), ("陶瓷釉面针孔", "针孔多", "建材"), ("", "", "纺织")):
        second.append(row)
    notes = book.create_sheet("填表说明")
    for note in (("项目", "说明"), ("需求名称", "不超过 30 字"), ("需求描述", "写清现状和目标")):
        notes.append(note)
    words = book.create_sheet("字典")
    words.append(["需求名称", "需求描述", "选项"])
    words.append(["示例", "示例", "是"])
    words.sheet_state = "hidden"
    book.save(FOLDER / "two_sheets.xlsx")


def dates() -> None:
    book, page = sheet(
        ("编号", "需求名称", "截止日期", "技术指标", "自有能力"),
        (20260101, "日期单元格", date(2026, 3, 31), 0.95, True),
        ("007", "带时间的日期", datetime.fromisoformat("2026-04-01T09:30"), 0.125, False),
        (3.5, "自定义格式的序列值", 46203, 1e-6, None),
        ("", "写成文字的日期", "2026年6月", 123456789012, None),
    )
    page["D2"].number_format = "0%"
    page["D3"].number_format = "0.0%"
    page["C4"].number_format = 'yyyy"年"m"月"d"日"'
    book.save(FOLDER / "dates.xlsx")


def errors() -> None:
    book, page = sheet(
        ("需求名称", "需求描述", "预算（万元）"),
        ("供水管网漏损检测", "#N/A", "=20+5"),
        ("铝合金薄板焊接变形", '=A2&"、"&A3', "=1/0"),
    )
    page["B2"].value = "#N/A"
    page["B2"].data_type = "e"
    book.save(FOLDER / "formulas_without_results.xlsx")
    convert("formulas_without_results.xlsx", "xlsx:Calc MS Excel 2007 XML", "formulas_with_results.xlsx")
    convert("formulas_without_results.xlsx", "xls", "formulas_with_results.xls")


def hidden() -> None:
    book, page = sheet(HEADINGS[:4], LEAK[:4], WELD[:4], COAT[:4])
    page.row_dimensions[3].hidden = True
    page.column_dimensions["D"].hidden = True
    book.save(FOLDER / "hidden_rows.xlsx")
    convert("hidden_rows.xlsx", "ods")
    convert("hidden_rows.xlsx", "xls")
    (FOLDER / "hidden_rows.xls").rename(FOLDER / "wps.et")


def rich_text() -> None:
    book, page = sheet(("需求名称", "需求描述", "技术指标", "备注"))
    page["A2"] = CellRichText("供水管网", TextBlock(InlineFont(b=True), "漏损"), "检测")
    page["B2"] = "第一行\n第二行"
    page["C2"] = "漏损率≤8%\n定位误差≤0.5 m"
    page["D2"] = "—"
    book.save(FOLDER / "rich_text.xlsx")
    convert("rich_text.xlsx", "xlsx:Calc MS Excel 2007 XML", "rich_text_libreoffice.xlsx")


def duplicate_ids() -> None:
    book, _ = sheet(("编号", "需求名称"), ("A", "漏水"), ("A", "焊接"), (None, "切割"), ("A", "涂装"))
    book.save(FOLDER / "duplicate_ids.xlsx")


def traditional() -> None:
    book, _ = sheet(
        ("編號", "技術需求名稱", "需求描述", "公司名稱", "預算（萬元）"),
        ("H-1", "舊樓水管滲漏", "搵唔到漏點", "示例物業公司", 30),
        name="技術需求",
    )
    book.save(FOLDER / "traditional.xlsx")


def repeated_headings() -> None:
    book, _ = sheet(HEADINGS[:3], LEAK[:3], HEADINGS[:3], WELD[:3])
    book.save(FOLDER / "repeated_headings.xlsx")


def links() -> None:
    book, page = sheet(HEADINGS[:4], LEAK[:4])
    page["D2"].hyperlink = "https://example.org/"
    book.save(FOLDER / "links.xlsx")


def macros() -> None:
    book, _ = sheet(HEADINGS[:4], LEAK[:4])
    path = FOLDER / "macros.xlsm"
    book.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"no macro, only the name of one")


def by_hand() -> None:
    """As some programs write: elements with a prefix, cells without a reference, texts in line."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    rows = "".join(
        "<x:row>" + "".join(f'<x:c t="inlineStr"><x:is><x:t>{text}</x:t></x:is></x:c>' for text in row) + "</x:row>"
        for row in (("需求名称", "需求描述"), ("供水管网漏损检测", "找不到漏点"))
    )
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{content}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{content}.worksheet+xml"/></Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<x:workbook xmlns:x="{main}" xmlns:r="{office}"><x:sheets><x:sheet name="Sheet1" sheetId="1" r:id="r1"/>'
            "</x:sheets></x:workbook>"
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" '
            'Target="/xl/worksheets/sheet1.xml"/></Relationships>'
        ),
        "xl/worksheets/sheet1.xml": (f'<x:worksheet xmlns:x="{main}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'),
    }
    with zipfile.ZipFile(FOLDER / "prefixed.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')


def texts() -> None:
    write("gb18030_sep.csv", "gb18030", ";", [HEADINGS, LEAK, WELD], before="sep=;\r\n")
    title = [("2026年企业技术难题汇总", "", ""), ("序号", "技术难题", "需求单位"), ("1", "漏水", "示例水务公司")]
    write("gb18030_title.csv", "gb18030", ",", [*title, ("2", "焊接", "示例车厢厂"), ("合计", "2项", "")])
    write("unicode_text.txt", "utf-16", "\t", [HEADINGS, LEAK, WELD])
    write("utf16be.csv", "utf-16-be", "\t", [HEADINGS, LEAK], before="\ufeff")
    hong_kong = [
        ("需求編號", "需求名稱", "需求描述"),
        ("H-1", "舊樓水管滲漏", "漏點難找，想請專家"),
        ("H-2", "冷氣滴水", ""),
    ]
    write("big5.csv", "big5hkscs", ",", hong_kong)
    quoted = [("题目", "描述"), ('5"管接头漏水', '第一行\n第二行，有"引号"'), ("焊接", "一，二,三")]
    write("utf8_bom_newlines.csv", "utf-8-sig", ",", quoted)
    write(
        "semicolons.csv",
        "cp1252",
        ";",
        [("Title", "Description", "Company"), ("Pump noise", "±2 dB at 50 °C", "Müller")],
    )
    write("tabs.tsv", "utf-8", "\t", [HEADINGS, COAT])
    write("csv_named.xlsx", "gb18030", ",", [HEADINGS, LEAK])
    lines = (
        '{"需求名称": "供水管网漏损检测", "预算（万元）": 50}\n\n{"title": "weld", "keywords": ["焊接", "变形"]}\n[1]\n'
    )
    (FOLDER / "portal.jsonl").write_text(lines, encoding="utf-8")
    page = (
        "<html><head><meta charset='gbk'></head><table><tr><td>需求名称</td></tr><tr><td>漏水</td></tr></table></html>"
    )
    (FOLDER / "web_page_named.xls").write_bytes(page.encode("gbk"))
    xml = (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
    )
    (FOLDER / "xml_2003.xls").write_text(xml, encoding="utf-8")


def write(name: str, encoding: str, delimiter: str, rows: Sequence[Sequence[object]], before: str = "") -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    (FOLDER / name).write_bytes((before + text.getvalue()).encode(encoding))


def columns() -> None:
    table = pa.table(
        {
            "需求编号": ["P-1", "P-2"],
            "需求名称": ["供水管网漏损检测", None],
            "关键词": [["漏水", "管网"], []],
            "预算（元）": [500000.0, None],
            "截止日期": [date(2026, 12, 31), None],
            "备注": ["不读", "不读"],
        }
    )
    parquet.write_table(table, FOLDER / "rows.parquet")


def convert(name: str, target: str, to: str = "") -> None:
    """Have LibreOffice save a file in another format."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["soffice", "--headless", "--convert-to", target, "--outdir", folder, str(FOLDER / name)]
        subprocess.run(command, check=True, capture_output=True)
        ending = target.partition(":")[0]
        made = Path(folder, name).with_suffix(f".{ending}")
        (FOLDER / (to or made.name)).write_bytes(made.read_bytes())


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for make in (plain, title_rows, merged_headings, merged_cells, two_sheets, dates, errors, hidden, rich_text):
        make()
    for make in (duplicate_ids, traditional, repeated_headings, links, macros, by_hand, texts, columns):
        make()
    convert("plain.xlsx", "ods")
    convert("plain.xlsx", "xls")
    (FOLDER / "xlsx_named.csv").write_bytes((FOLDER / "plain.xlsx").read_bytes())


if __name__ == "__main__":
    main()
