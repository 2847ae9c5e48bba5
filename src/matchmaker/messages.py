"""What matchmaker tells a person, in English and in Chinese.

A message is written in English where it arises. ``CHINESE`` holds the Chinese of each, and ``tests/test_messages.py``
sees to it that none is missing. Nothing here knows which language is wanted: that is decided where it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

CHINESE: Final[Mapping[str, str]] = {
    # errors, boundary
    " (did you mean '{word}'?)": "（是否应为“{word}”？）",
    # intake/packed
    "its part {name} is too large": "文件内的部分 {name} 过大",
    "the file is damaged or incomplete": "文件已损坏或不完整",
    "the file holds macros, which are not accepted": "文件含有宏，不予接收",
    "the file pulls in a part from another machine ({kind}: {target})": (
        "文件会从其他计算机调入内容（{kind}：{target}）"
    ),
    "the file is protected by a password": "文件设有密码",
    "unpacked it would be far larger than any office file": "解压后的大小远超正常的办公文件",
    "its parts have names that no office program gives": "文件内部的命名不是办公软件所为",
    "it holds XML with a document type or in an odd encoding, which no office program writes": (
        "文件内的 XML 带有文档类型声明或使用了异常编码，办公软件不会这样写"
    ),
    "do not open it unless you know who made it; paste its text instead": (
        "若不清楚文件来源，请勿打开；可改为粘贴其文字"
    ),
    "ask for the file again, or open it in Word or WPS and save it anew": "请对方重新发送，或用 Word、WPS 打开后另存",
    "open it with its password and save it without one": "请用密码打开后，另存为不带密码的文件",
    "open it with macros switched off and save it as .docx or .xlsx without macros": (
        "请在禁用宏的状态下打开，另存为不含宏的 .docx 或 .xlsx"
    ),
    "if you trust it, open it in Word or WPS and save it anew": "若来源可信，请用 Word 或 WPS 打开后另存",
    # intake/sheets, intake/sheetscan, intake/oldsheets, intake/sources, intake/kinds, intake/parquet
    "{place}, sheet '{sheet}'": "{place}，工作表“{sheet}”",
    "{place}, sheet '{sheet}', row {row}": "{place}，工作表“{sheet}”，第 {row} 行",
    "the headings are in row {row}; rows above them passed over: {n}": "表头在第 {row} 行，其上 {n} 行已跳过",
    "hidden rows are read too: {n}": "隐藏的行也一并读取，共 {n} 行",
    "hidden columns are read too: {n}": "隐藏的列也一并读取，共 {n} 列",
    "hidden, and passed over": "已隐藏，未读取",
    "to read it: --sheet {n}": "如需读取：--sheet {n}",
    "passed over: no column is understood as title or description": "已跳过：没有认出需求名称或需求描述所在的列",
    "passed over: only one of its headings is understood": "已跳过：只认出一列表头",
    "errors and formulas without a result are read as blank: {n} ({cells})": (
        "错误值和没有结果的公式按空白读取，共 {n} 个（{cells}）"
    ),
    "correct them in Excel or WPS if they matter": "如有影响，请在 Excel 或 WPS 中改正",
    "a remark or a sum below the table, no problem": "这是表后的备注或合计，不是需求",
    "if it is one, fill a second column": "如果确是需求，请再填写一列",
    "no sheet '{name}'{hint}": "没有工作表“{name}”{hint}",
    "the sheets are: {names}": "工作表有：{names}",
    "it has no sheets": "这个文件没有工作表",
    "leave --sheet out": "请去掉 --sheet",
    "nothing in its sheets": "各工作表都没有内容",
    "sheet '{sheet}' reaches to row {row}, column {column}, more than {n:,} cells": (
        "工作表“{sheet}”延伸到第 {row} 行、第 {column} 列，超过 {n:,} 个单元格"
    ),
    "sheet '{sheet}' has too many merged cells, errors or percentages": (
        "工作表“{sheet}”中的合并单元格、错误值或百分数过多"
    ),
    "more than {n:,} cells in its sheets": "各工作表合计超过 {n:,} 个单元格",
    "more than {n:,} blanks in a row of its text": "文字中连续空格超过 {n:,} 个",
    "delete the rows and columns beyond the table, or save the sheet as CSV UTF-8": (
        "请删去表格以外的行和列，或将工作表另存为 CSV UTF-8"
    ),
    "open it in Excel or WPS and save it anew": "请用 Excel 或 WPS 打开后另存",
    "open it in Excel or WPS and save it as .xlsx": "请用 Excel 或 WPS 打开后另存为 .xlsx",
    "it holds XML with a document type": "文件内的 XML 带有文档类型声明",
    "a workbook larger than 100 MB": "工作簿超过 100 MB",
    "save its sheets as CSV UTF-8, which is read row by row": "请将各工作表另存为 CSV UTF-8，它可以逐行读取",
    "a binary workbook (.xlsb), which is not read here": "这是二进制工作簿（.xlsb），暂不支持",
    "a packed file that is no workbook": "这是压缩文件，不是工作簿",
    "unpack it, or save the table as .xlsx or CSV UTF-8": "请先解压，或将表格另存为 .xlsx 或 CSV UTF-8",
    "an old office file that is no workbook": "这是旧版办公文件，但不是工作簿",
    "a web page under the name of a table": "这其实是网页，只是用了表格的扩展名",
    "an Excel workbook in XML of 2003, which is not read here": "这是 2003 版 XML 格式的 Excel 工作簿，暂不支持",
    "its first line has more than {n:,} characters": "第一行超过 {n:,} 个字符",
    "a line of more than {n:,} characters; nothing after it is read": "这一行超过 {n:,} 个字符，其后内容不再读取",
    "this is a text with delimiters (CSV), and is read as one": "这其实是带分隔符的文本（CSV），按此读取",
    "this is an Excel workbook (.xlsx), and is read as one": "这其实是 Excel 工作簿（.xlsx），按此读取",
    "this is an OpenDocument spreadsheet (.ods), and is read as one": "这其实是 OpenDocument 表格（.ods），按此读取",
    "this is an old Excel workbook (.xls), and is read as one": "这其实是旧版 Excel 工作簿（.xls），按此读取",
    "this is a Parquet file, and is read as one": "这其实是 Parquet 文件，按此读取",
    "reading Parquet needs pyarrow": "读取 Parquet 需要 pyarrow",
    "pip install 'matchmaker[parquet]', or save the table as CSV UTF-8": (
        "请运行 pip install 'matchmaker[parquet]'，或将表格另存为 CSV UTF-8"
    ),
    "ask for the file again, or for CSV UTF-8": "请对方重新发送，或改发 CSV UTF-8",
    "{n:,} MB in one group of its rows": "一个行组就有 {n:,} MB",
    "write it with smaller row groups, or as CSV UTF-8": "请用较小的行组写出，或另存为 CSV UTF-8",
    # cli/batch
    "not used: {headings}": "未使用的列：{headings}",
    "note: {fault}": "提示：{fault}",
    "note: rows that repeat the headings passed over: {n:,}": "提示：已跳过重复的表头 {n:,} 行",
    "{place}: {encoding}; {columns}": "{place}：{encoding}；{columns}",
}
"""English message, with its ``{fields}``, to Chinese. Messages without fields are looked up as they stand."""


class Message(str):
    """An English text that remembers what it was made of, so that it can be said in Chinese as well.

    Attributes:
        template: The English text with ``{fields}``, as ``str.format`` takes it.
        values: What stands in the fields; a message among them is said in the same language.
    """

    template: str
    values: dict[str, Any]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with its parts: faults come back from worker processes."""
        return _restored, (self.template, self.values)


def said(template: str, /, **values: object) -> Message:
    """The English message ``template`` with its fields filled in by ``str.format``."""
    message = Message(template.format(**values))
    message.template, message.values = template, dict(values)
    return message


def _restored(template: str, values: dict[str, Any]) -> Message:
    return said(template, **values)


def in_language(text: str, language: Literal["zh", "en"]) -> str:
    """``text`` in this language; a text that is no message of ours, or has no Chinese, stays as it is."""
    if language == "en":
        return str(text)
    if not isinstance(text, Message):
        return CHINESE.get(text, text)
    chinese = CHINESE.get(text.template)
    if chinese is None:
        return str(text)
    values = {
        name: in_language(value, language) if isinstance(value, str) else value for name, value in text.values.items()
    }
    return chinese.format(**values)
