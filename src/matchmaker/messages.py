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
    # cli/match, cli/explain
    "not used: {labels}": "未采用：{labels}",
    "{n} problems": "共 {n} 个需求",
    "holds {n} problems": "内含 {n} 个需求",
    "no such problem: {name}": "没有这个需求：{name}",
    "choose one with --problem: {known}": "请用 --problem 选定一个：{known}",
    # intake/documents
    "holds {n} problems: {names}": "内含 {n} 个需求：{names}",
    "this needs one problem; choose one of them": "此处只能处理一个需求，请选定其一",
    "a {suffix} file holds many problems, this needs one": "{suffix} 文件含有多个需求，此处只能处理一个",
    "use: matchmaker batch {name}": "请使用：matchmaker batch {name}",
    "{suffix} files cannot be read": "无法读取 {suffix} 文件",
    "save it as text (.txt), or paste the text: matchmaker match -": (
        "请另存为纯文本（.txt），或粘贴文字：matchmaker match -"
    ),
    "larger than {size}": "超过 {size}",
    "a problem is a few pages of text; cut it down": "需求一般只有几页文字，请删减",
    "its ending is {suffix}, but it is not such a file; read as what it is": (
        "扩展名为 {suffix}，但内容并非此类文件，已按实际内容读取"
    ),
    # intake/drafts
    "{place}, problem {number}": "{place}，第 {number} 个需求",
    "text before the first problem belongs to none: '{text}'": "第一个需求之前的文字不属于任何需求：“{text}”",
    "no problem is described in it": "文件中没有写明任何需求",
    "give at least a title or a description": "请至少填写需求名称或需求描述",
    # intake/mail, intake/webpage
    "more parts than any mail has": "邮件的组成部分多得不正常",
    "paste its text instead": "请改为粘贴其文字",
    "more tags than any page has": "网页的标签多得不正常",
    # intake/office
    "an old Word or WPS file (.doc, .wps), which cannot be read": "这是旧版 Word 或 WPS 文件（.doc、.wps），无法读取",
    "an old Excel file (.xls), which cannot be read": "这是旧版 Excel 文件（.xls），无法读取",
    "an old PowerPoint file (.ppt), which cannot be read": "这是旧版 PowerPoint 文件（.ppt），无法读取",
    "an old office file (.doc, .wps, .msg or the like), which cannot be read": (
        "这是旧版办公文件（.doc、.wps、.msg 等），无法读取"
    ),
    "a rich text file (.rtf), which cannot be read": "这是 RTF 文件，无法读取",
    "a picture, which holds no text": "这是图片，其中没有文字",
    "a packed archive, not a document": "这是压缩包，不是文档",
    "a workbook holds many problems, this needs a document": "表格含有多个需求，此处需要的是文档",
    "a binary workbook (.xlsb), which cannot be read": "这是二进制工作簿（.xlsb），无法读取",
    "a presentation, which cannot be read": "这是演示文稿，无法读取",
    "an OFD file, which cannot be read": "这是 OFD 文件，无法读取",
    "open it in Word or WPS and save it as .docx": "请用 Word 或 WPS 打开后另存为 .docx",
    "save it as .xlsx and use: matchmaker batch": "请另存为 .xlsx，再使用：matchmaker batch",
    "put the problem into a text or a .docx file": "请把需求写成文本或 .docx 文件",
    "unpack it and name one file in it": "请先解压，再指定其中一个文件",
    "use: matchmaker batch": "请使用：matchmaker batch",
    "open it in its reader and save it as PDF or .docx": "请用阅读器打开后另存为 PDF 或 .docx",
    "recognise its text first (OCR, in WPS or Acrobat), or paste the text: matchmaker match -": (
        "请先用 WPS 或 Acrobat 识别文字（OCR），或粘贴文字：matchmaker match -"
    ),
    "its link to another file is not followed ({kind}: {target})": "其中指向其他文件的链接不予打开（{kind}：{target}）",
    "more than {n:,} characters of text": "文字超过 {n:,} 字",
    "a part in an unknown encoding was not read ({kind})": "有一部分因编码不明未读取（{kind}）",
    "an attached form was read; the text of the mail is not part of the problem": (
        "已读取附件中的需求表，邮件正文未计入需求"
    ),
    "{place}, attachment {name}": "{place}，附件 {name}",
    "not a kind of file that is read from a mail": "邮件附件中的此类文件不予读取",
    "the attachment {name} was not read": "附件 {name} 未读取",
    "{finding}; {remedy}": "{finding}；{remedy}",
    # intake/pdf
    "only the first {n} of {n_pages:,} pages were read": "共 {n_pages:,} 页，只读取了前 {n} 页",
    "pages that are pictures without text: {numbers}": "以下各页是没有文字的图片：{numbers}",
    "damaged, or it takes more memory or time to read than any document": (
        "文件已损坏，或读取所需的内存、时间远超正常文档"
    ),
    "save it as .docx, or paste the text: matchmaker match -": "请另存为 .docx，或粘贴文字：matchmaker match -",
    "its fonts do not say which characters they show": "其字体未注明所显示的文字，无法识别",
    "a scanned file: its pages are pictures without text": "这是扫描件：各页是图片，没有文字",
    "it holds no text": "其中没有文字",
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
    "nested too deeply to be an office file": "嵌套层数过多，不像办公文件",
    "if you trust it, open it in Word or WPS and save it anew": "若来源可信，请用 Word 或 WPS 打开后另存",
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
