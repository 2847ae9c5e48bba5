"""``matchmaker doctor``: what a bug report needs, without a word of anybody's problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import typer

from matchmaker.cli import options
from matchmaker.cli.boundary import MISSING_HERE
from matchmaker.cli.ledger import LedgerOption

if TYPE_CHECKING:
    from matchmaker.domain import Language
    from matchmaker.runs.support import Examination, Origin

_SHORT_SUM: Final = 16
CHINESE_WORDS: Final[Mapping[str, str]] = {
    # parts
    "program": "程序",
    "system": "系统",
    "locale": "语言与编码",
    "dependencies": "依赖的软件包",
    "extras": "可选功能",
    "data": "数据文件",
    "cache": "缓存",
    "ledger": "台账",
    "fingerprints": "指纹",
    "sample": "示例匹配",
    "errors": "错误",
    "notes": "提示",
    # what is known of them
    "installed_as": "安装方式",
    "virtual_environment": "虚拟环境",
    "platform": "平台",
    "processors": "处理器",
    "memory_mb": "内存（MB）",
    "preferred_encoding": "默认编码",
    "file_names": "文件名编码",
    "utf8_mode": "UTF-8 模式",
    "stdin": "标准输入",
    "stdout": "标准输出",
    "stderr": "标准错误",
    "encoding": "编码",
    "terminal": "终端",
    "terminal_size": "终端大小",
    "bytes": "字节",
    "state": "状态",
    "place": "位置",
    "entries": "条目",
    "mode": "权限",
    "own": "属当前用户",
    "named_by": "由何处指定",
    "engine": "数据库",
    "version": "版本",
    "revision": "修订号",
    "cases": "案例",
    "cases_deleted": "已删除的案例",
    "referrals": "转介",
    "referrals_open": "进行中的转介",
    "judgements": "评判",
    "problems": "需求",
    "settings_words": "参数（words）",
    "settings_e5": "参数（e5）",
    "settings_auto": "参数（auto）",
    "institutes": "机构资料",
    "encoder": "编码器",
    "words": "词",
    "dimensions": "维",
    "first": "首选",
    "score": "评分",
    # what they may be
    "wheel": "安装包",
    "source": "源代码",
    "as_shipped": "与发布时一致",
    "changed": "与发布时不一致",
    "missing": "缺失",
    "unreadable": "无法读取",
    "not_there": "尚未建立",
    "used": "使用中",
    "not_used": "未使用",
    "flag": "命令行选项",
    "environment": "环境变量",
    "default": "默认",
    "none": "无",
    "older": "旧版本",
    "ok": "正常",
    "broken": "无法使用",
    "all_is_well": "一切正常",
}
"""The Chinese of the names in the JSON; their English is the name without underscores. Other names stay as they are."""


def doctor(
    ctx: typer.Context,
    ledger: LedgerOption = None,
    format: options.FormatOption = None,
    lang: options.LanguageOption = None,
) -> None:
    """Say what a bug report needs: versions, data files, cache, ledger, locale; no problem's text, no user's name.

    Exit code 4 when something that is needed is missing or broken on this machine.

    Example: matchmaker doctor
    """
    from matchmaker.runs.support import examine

    if format not in (None, options.FormatName.table, options.FormatName.json):
        raise typer.BadParameter("the findings are printed as table or json")
    language = options.message_language(lang)
    found = examine(ledger, _origin(ctx))
    if format is options.FormatName.json:
        from matchmaker.cli.ledger import put_json

        put_json({**found.facts, "errors": _told(found, "errors", language), "notes": _told(found, "notes", language)})
    else:
        for line in _lines(found, language):
            typer.echo(line)
    if found.errors:
        raise typer.Exit(MISSING_HERE)


def _origin(ctx: typer.Context) -> Origin:
    source = ctx.get_parameter_source("ledger")
    name = source.name if source is not None else ""
    return "flag" if name == "COMMANDLINE" else "environment" if name == "ENVIRONMENT" else "default"


def _told(found: Examination, kind: str, language: Language) -> list[str]:
    return [fault.in_language(language) for fault in getattr(found, kind)]


def _lines(found: Examination, language: Language) -> Iterator[str]:
    """The findings as text that stays readable in a mail: a line each, parts apart."""
    for part, facts in found.facts.items():
        yield _word(part, language)
        yield from (f"  {_labelled(key, value, language)}" for key, value in facts.items())
    for kind in ("errors", "notes"):
        if told := _told(found, kind, language):
            yield _word(kind, language)
            yield from (f"  {line}" for line in told)
    if not found.errors:
        yield _word("all_is_well", language)


def _labelled(key: str, value: object, language: Language) -> str:
    return f"{_word(key, language)}{'：' if language == 'zh' else ': '}{_shown(key, value, language)}"


def _shown(key: str, value: object, language: Language) -> str:
    if isinstance(value, Mapping):
        return ("；" if language == "zh" else "; ").join(_labelled(*pair, language) for pair in value.items())
    if value is None:
        return "–"
    if isinstance(value, bool):
        return {"zh": ("否", "是"), "en": ("no", "yes")}[language][value]
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)[:_SHORT_SUM] if key == "sha256" else _word(str(value), language)


def _word(name: str, language: Language) -> str:
    if name not in CHINESE_WORDS:
        return name
    return CHINESE_WORDS[name] if language == "zh" else name.replace("_", " ")
