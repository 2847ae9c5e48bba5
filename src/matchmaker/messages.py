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
    # ledger/cases
    "no case has the id '{id}'": "没有编号为“{id}”的案例",
    "see: matchmaker cases list": "请查看：matchmaker cases list",
    "case {id} was added again as {other}": "案例 {id} 已重新录入为 {other}",
    "delete {other} first": "请先删除 {other}",
    "case {id} is there with other values; it was left as it is": "案例 {id} 已存在但内容不同，未作改动",
    "delete that case first if this one is right": "如以本次为准，请先删除原案例",
    "case {id} says the same and was deleted": "案例 {id} 内容相同，此前已删除",
    "to have it back: matchmaker cases restore {id}": "如需恢复：matchmaker cases restore {id}",
    "the id '{id}' is another case's": "编号“{id}”已用于另一案例",
    "leave the id out, or choose another": "请留空编号，或另取一个",
    "case {id} is deleted already": "案例 {id} 已经删除",
    "case {id} is not deleted": "案例 {id} 未被删除",
    "case {n}": "第 {n} 个案例",
    # ledger/checks
    "a ledger on a server is not copied from here": "服务器上的台账不能由本程序备份",
    "ask for it by PostgreSQL's own tool: pg_dump": "请用 PostgreSQL 自带的 pg_dump 备份",
    "row {row} of {table} refers to nothing in {parent}": "表 {table} 第 {row} 行所引用的 {parent} 不存在",
    "has {n} rows of what it is, not one": "台账自身信息有 {n} 行，应为 1 行",
    "went through the versions {versions}": "经历的版本不完整：{versions}",
    "case {id} has no institute": "案例 {id} 没有机构",
    "is the ledger itself": "就是台账本身",
    "give the copy another name": "请给备份另取一个名称",
    "is in use as a ledger": "正作为台账使用",
    "cannot be written ({reason})": "无法写入（{reason}）",
    "SQLite finds it damaged: {text}": "SQLite 检查发现损坏：{text}",
    "restore a backup": "请恢复备份",
    "problem {digest} does not say what was kept": "需求 {digest} 与存入时不符",
    "the history of {id} does not lead to its state": "{id} 的经过与现状不符",
    "{id} is solved without a case, or has one without being solved": "{id} 已解决却没有案例，或未解决却有案例",
    "choose another place": "请另选位置",
    "is damaged": "已损坏",
    "see: matchmaker ledger check": "请查看：matchmaker ledger check",
    # ledger/reading
    "names no institute": "没有写明机构",
    "name it by id, name or alias": "请写机构的编号、名称或别名",
    "no column says which institute it was": "没有写明机构的列",
    "name one with --column institutes=HEADING": "请用 --column institutes=列名 指定",
    "expected the fields of a case, found {found}": "应为案例的各个字段，却是 {found}",
    "write for example: title, description, institutes, outcome, year": (
        "例如写：title、description、institutes、outcome、year"
    ),
    "no such outcome: {found}": "没有这种结果：{found}",
    "write solved, partly or failed (已解决、部分解决、未解决)": "请写“已解决”“部分解决”或“未解决”",
    "expected a year, found {found}": "应为年份，却是 {found}",
    "write it as 2026": "请写成 2026 的样子",
    # ledger/referrals
    "was changed meanwhile: {by} made it {state} at {at}; nothing was written": (
        "其间已被更改：{by} 于 {at} 改为 {state}；本次未写入"
    ),
    "look at it again: matchmaker referrals show {id}": "请重新查看：matchmaker referrals show {id}",
    "is {state} and cannot become {wanted}": "现为 {state}，不能改为 {wanted}",
    "it may become: {names}": "可改为：{names}",
    "nothing follows, it is closed; refer anew if need be": "此推荐已了结，不能再改；如有需要请重新推荐",
    "declined needs a reason": "改为 declined 须注明原因",
    "the reasons are: {names}": "可选的原因：{names}",
    "only declined takes a reason": "只有 declined 可带原因",
    "put it in --note": "请写在 --note 中",
    "only solved takes a benefit, a year and a source": "只有 solved 可带效益、年份和来源",
    "is not in this ledger": "不在本台账中",
    "no referral has the id '{id}'": "没有编号为“{id}”的推荐",
    "see: matchmaker referrals list": "请查看：matchmaker referrals list",
    "{id} has referred this problem to '{to}' already": "{id} 已将此需求推荐给“{to}”",
    "see: matchmaker referrals show {id}": "请查看：matchmaker referrals show {id}",
    # ledger/schema
    "is a database, but no ledger": "是数据库，但不是台账",
    "give --ledger another name, or a database of its own": "请给 --ledger 另取名称，或单独建一个数据库",
    "is a ledger of version {found}; this matchmaker knows {known}": "台账版本为 {found}，本程序只支持到 {known}",
    "install a newer matchmaker; nothing was changed": "请升级 matchmaker；台账未作任何改动",
    # ledger/store
    "no ledger is there": "没有台账",
    "begin one with: matchmaker cases import FILE, cases add or refer": (
        "请用以下命令新建：matchmaker cases import 文件、cases add 或 refer"
    ),
    "another program is writing to it": "另一程序正在写入",
    "try again when it has ended": "请等它结束后再试",
    "may not be written": "没有写入权限",
    "allow writing to the file and its folder, or use a copy": "请开放该文件及其文件夹的写入权限，或改用副本",
    "cannot be opened": "无法打开",
    "check the path, and that its folder may be written": "请检查路径，并确认其文件夹可写",
    "the disk is full; nothing was written": "磁盘已满，未写入任何内容",
    "free some space, then try again": "请腾出空间后再试",
    "is no ledger, or is damaged at its start": "不是台账，或开头已损坏",
    "give --ledger another name, or restore a backup": "请给 --ledger 另取名称，或恢复备份",
    "restore a backup, made by: matchmaker ledger backup": "请恢复备份（由 matchmaker ledger backup 生成）",
    "the disk fails to read or write it": "磁盘读写出错",
    "check the disk, then: matchmaker ledger check": "请检查磁盘，再运行：matchmaker ledger check",
    "the server cannot be reached": "无法连接服务器",
    "check the address and that it runs": "请检查地址，并确认服务器正在运行",
    "the server refuses this user or password": "服务器拒绝该用户或密码",
    "check the address; a password may stand in ~/.pgpass": "请检查地址；密码可写在 ~/.pgpass 中",
    "the server has no such database": "服务器上没有这个数据库",
    "make it with: createdb": "请用 createdb 新建",
    "the server's disk or memory is full; nothing was written": "服务器磁盘或内存已满，未写入任何内容",
    "ask whoever runs the server": "请联系服务器管理员",
    "this user may not do that there, or it is no ledger": "该用户无此权限，或那里不是台账",
    "another program was writing to it at the same moment": "另一程序同时在写入",
    "try again": "请再试一次",
    "the server is stopping or starting": "服务器正在启动或停止",
    "try again later": "请稍后再试",
    "no such kind of ledger": "不支持这种台账",
    "give a file, or postgresql+psycopg://USER@HOST/DATABASE": "请给出文件，或 postgresql+psycopg://用户@主机/数据库",
    "not an address of a database": "不是数据库地址",
    "write postgresql+psycopg://USER@HOST/DATABASE": "请写成 postgresql+psycopg://用户@主机/数据库",
    "PostgreSQL needs psycopg": "使用 PostgreSQL 需要 psycopg",
    "pip install 'matchmaker[postgresql]'": "请运行 pip install 'matchmaker[postgresql]'",
    "this is a folder, not a file": "这是文件夹，不是文件",
    "name a file in it": "请写出其中的文件名",
    "cannot be made ({reason})": "无法新建（{reason}）",
    "choose another place with --ledger": "请用 --ledger 另选位置",
    # cli/ledger
    "this command needs a ledger": "此命令需要台账",
    "leave it out, or name a file": "请去掉此项，或写出文件",
    "{place}: nothing is damaged": "{place}：未发现损坏",
    "wrote {file}": "已写入 {file}",
    "nobody knows who is doing this": "不知道操作人是谁",
    "say it with --by NAME": "请用 --by 姓名 注明",
    # cli/cases
    "cases added: {added}; there already: {there}, with other values: {differs}, deleted before: {deleted}; "
    "rows rejected: {rejected}": (
        "新增案例 {added} 个；已有 {there} 个，内容不同 {differs} 个，此前已删除 {deleted} 个；拒收 {rejected} 行"
    ),
    "read it before you pass it on: only names that the ledger knows were replaced": (
        "对外提供前请通读：只替换了台账中登记的企业名称"
    ),
    "added case {id}": "已录入案例 {id}",
    "case {id} is there already": "案例 {id} 已存在",
    "not used: {headings}": "未采用的列：{headings}",
    "note: {fault}": "提示：{fault}",
    "warning: {fault}": "警告：{fault}",
    "deleted case {id}; to have it back: matchmaker cases restore {id}": (
        "已删除案例 {id}；如需恢复：matchmaker cases restore {id}"
    ),
    "restored case {id}": "已恢复案例 {id}",
    # cli/referrals
    "opened referral {id} to {institute}": "已建立推荐 {id}，推荐给 {institute}",
    "{id} is {state}": "{id} 现为 {state}",
    "wrote case {id}": "已写入案例 {id}",
    # cli/judgements
    "kept {n} judgements of {judge}": "已保存 {judge} 的 {n} 条评判",
    "holds no such judgement": "没有这样的评判",
    "see: matchmaker judgements list": "请查看：matchmaker judgements list",
    "name two judges": "请写明两位评判人",
    "the judges are: {names}": "评判人有：{names}",
    "'{name}' has judged nothing": "“{name}”没有评判记录",
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
