"""Cases read from tables and documents, which have the fields of a problem and those of a case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from matchmaker.csvcells import unescape_formulas
from matchmaker.domain import Case, Outcome, Problem, Registry
from matchmaker.errors import Fault, LedgerError, ProfileError
from matchmaker.institutes import find_institute
from matchmaker.intake import ProblemTable, RejectedRow, read_problems
from matchmaker.intake.fields import build_problem, named_values
from matchmaker.intake.headings import columns_of
from matchmaker.intake.syntax import read_json, read_yaml
from matchmaker.intake.tables import RawRow
from matchmaker.intake.values import NamedValue, ValueReader, ValueStyle, id_from_path, quoted_value
from matchmaker.messages import make_message
from matchmaker.office.encodings import decode
from matchmaker.office.reading import open_bytes
from matchmaker.records import parse_record

CASE_FIELDS: Final[Mapping[str, str]] = {
    "case_id": "case_id caseid case 案例编号 案例号 案例序号",
    "institutes": (
        "institutes institute 机构 承担单位 解决机构 解决单位 研究机构 科研机构 合作机构 合作单位 合作院所 院所 "
        "对接院所 对接机构 承接单位 承接机构 服务机构 服务单位 技术提供方 供方单位 供方 solver solved_by provider "
        "research_institute research_institutes"
    ),
    "capability": "capability 能力 能力编号 技术能力 所用能力",
    "outcome": "outcome 结果 解决情况 解决结果 解决状态 完成情况 是否解决 对接结果 项目结果 result status",
    "year": "year 年份 年度 解决年份 完成年份 签约年份 完成年度 解决年度 解决时间 签约时间 合作年份 合作时间",
    "benefit_cny": (
        "benefit_cny benefit benefits 成效 效益 经济效益 经济社会效益 效益金额 产生效益 产生经济效益 实现效益 "
        "新增效益 新增产值 成效金额 economic_benefit value_created"
    ),
    "source": "source 来源 出处 数据来源 信息来源 资料来源 案例来源 来源链接 url link reference",
    "note": "note 备注 说明备注 成果 实施效果 应用效果 成果说明 成效说明 成效描述 notes remark remarks",
    "referral": "referral 推荐编号",
}
"""Fields that only a case has, and the possible headings of their columns."""
_OUTCOMES: Final[Mapping[str, Outcome]] = {
    **dict.fromkeys(
        (
            "solved",
            "yes",
            "done",
            "success",
            "successful",
            "已解决",
            "解决",
            "完全解决",
            "成功",
            "已完成",
            "完成",
            "是",
        ),
        "solved",
    ),
    **dict.fromkeys(("partly", "partial", "partially solved", "部分解决", "部分", "部分完成", "基本解决"), "partly"),
    **dict.fromkeys(
        ("failed", "no", "unsolved", "not solved", "未解决", "没有解决", "失败", "未完成", "终止", "否"), "failed"
    ),
}
_YEAR: Final = re.compile(r"((?:19|20)\d{2})(?:\D.*)?", re.DOTALL)
_STARTS_WITH_DIGIT: Final = re.compile(r"\d")
_TEXTS: Final = ("id", "title", "description", "enterprise", "industry", "region", "tried")
_LISTS: Final = ("targets", "conditions", "cooperation", "keywords", "exclude")
_MAX_BYTES: Final = 10_000_000

Resolve: TypeAlias = Callable[[str], str]
"""Maps the name of an institute as written to its id; raises ``ProfileError`` if there is none."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case and the row it was read from."""

    case: Case
    source: RawRow


def resolver(registry: Registry, *, strict: bool = True) -> Resolve:
    """A function that finds institutes by id, name or alias; unless ``strict``, an unknown name stays as it is."""
    known: dict[str, str] = {}

    def resolve(name: str) -> str:
        if name not in known:
            try:
                known[name] = find_institute(registry, name).id
            except ProfileError:
                if strict:
                    raise
                known[name] = name.strip()
        return known[name]

    return resolve


class CaseTable:
    """The cases of a table, in its order; a row that is not a case is ``RejectedRow``.

    Attributes:
        table: The underlying table, with its columns, headings and warnings.
        warnings: What the latest iteration had to leave out of cases, in addition to the warnings of the table.
    """

    def __init__(
        self,
        path: Path,
        resolve: Resolve,
        *,
        columns: Mapping[str, str] | None = None,
        encoding: str | None = None,
        sheets: Sequence[str] = (),
    ) -> None:
        """Read the start of the file; see ``intake.read_problems``.

        Raises:
            TableError: The file is not a table of problems.
            LedgerError: No column names the institutes.
        """
        self.table: ProblemTable = read_problems(
            path, columns=columns, encoding=encoding, sheets=sheets, more=CASE_FIELDS
        )
        self.warnings: list[Fault] = []
        self._resolve = resolve
        if "institutes" not in self.table.columns:
            finding = "no column names the institutes"
            raise LedgerError(Fault(str(path), finding, "name one with --column institutes=HEADING"))

    def __iter__(self) -> Iterator[CaseRow | RejectedRow]:
        """The rows in the order of the file."""
        self.warnings = []
        for row in self.table:
            if isinstance(row, RejectedRow):
                yield row
                continue
            source = self.table.last_row
            reader = ValueReader(source.place, "cell")
            case = _case(row, source.values, reader, self._resolve, own_id="id" in source.values)
            self.warnings += reader.warnings
            if case is None:
                yield RejectedRow(source.line, source.cells, tuple(reader.faults))
            else:
                yield CaseRow(_without_apostrophes(case) if self.table.kind != "lines" else case, source)


def case_from_values(problem: Problem, values: Mapping[str, NamedValue], resolve: Resolve, *, place: str) -> Case:
    """A case made from a problem and the values of its own fields, such as those of options.

    Raises:
        LedgerError: Values are wrong; all faults at once.
    """
    reader = ValueReader(place, "yaml")
    case = _case(problem, values, reader, resolve, own_id=True)
    if case is None:
        raise LedgerError(reader.faults)
    return case


def load_case(path: Path, overrides: Mapping[str, NamedValue], resolve: Resolve) -> Case:
    """Read one case from a YAML or JSON file that holds the fields of a problem and those of a case.

    Args:
        path: The file.
        overrides: Fields of a case that take precedence over those of the file.
        resolve: Finds institutes.

    Raises:
        ProblemError: The file cannot be read.
        LedgerError: Fields are wrong; all faults at once.
    """
    place = str(path)
    with open_bytes(path, LedgerError) as file:  # type: ignore[arg-type]
        data = file.read(_MAX_BYTES + 1)  # one byte more shows that the file is too large
    if len(data) > _MAX_BYTES:
        finding = make_message("larger than {size}", size="10 MB")
        raise LedgerError(Fault(place, finding, "a case is a few pages of text; cut it down"))
    text, _ = decode(data, place=place)
    style: ValueStyle = "json" if path.suffix.lower() == ".json" else "yaml"
    data_of_file = read_json(text, place=place) if style == "json" else read_yaml(text, place=place)
    if not isinstance(data_of_file, Mapping):
        finding = make_message("expected the fields of a case, found {found}", found=quoted_value(data_of_file))
        raise LedgerError(Fault(place, finding, "write for example: title, description, institutes, outcome, year"))
    columns, _ = columns_of([str(key) for key in data_of_file if isinstance(key, str)], {}, CASE_FIELDS)
    case_values = {
        field: NamedValue(column.heading, data_of_file[column.heading], column.factor)
        for field, column in columns.items()
        if field in CASE_FIELDS
    }
    rest = {
        key: value for key, value in data_of_file.items() if key not in {value.name for value in case_values.values()}
    }
    values, faults = named_values(rest, place=place)
    result = build_problem(values, place=place, default_id=id_from_path(path), style=style)
    reader = ValueReader(place, style)
    case = _case(result.problem, {**case_values, **overrides}, reader, resolve, own_id=True) if result.problem else None
    faults += [*result.faults, *reader.faults]
    if case is None or faults:
        raise LedgerError(faults)
    return case


def _case(
    problem: Problem, values: Mapping[str, NamedValue], reader: ValueReader, resolve: Resolve, *, own_id: bool
) -> Case | None:
    """The case, or ``None`` if the reader has collected faults."""
    benefit, note = _benefit_and_note(values, reader)
    fields = {
        "id": (reader.text(values["case_id"]) if "case_id" in values else None) or "",
        "problem": problem if own_id else problem.model_copy(update={"id": ""}),
        "institutes": _institutes(values.get("institutes"), reader, resolve),
        "capability": reader.text(values["capability"]) if "capability" in values else None,
        "outcome": _outcome(values.get("outcome"), reader),
        "year": _year(values.get("year"), reader),
        "benefit_cny": benefit,
        "source": reader.text(values["source"]) if "source" in values else None,
        "note": note,
    }
    if reader.faults:
        return None
    case = parse_record(Case, fields, place=reader.place)
    if isinstance(case, Case):
        return case
    reader.faults.extend(case)
    return None


def _institutes(named: NamedValue | None, reader: ValueReader, resolve: Resolve) -> tuple[str, ...]:
    if named is not None and isinstance(named.value, str) and reader.style != "cell":
        named = NamedValue(named.name, [named.value], named.factor)  # one institute needs no list
    names = reader.texts(named, commas=True) if named is not None else ()
    if named is None or not names:
        finding = "no institute given"
        reader.faults.append(Fault(reader.place, finding, "name it by id, name or alias"))
    ids = []
    for name in names:
        try:
            ids.append(resolve(name))
        except ProfileError as error:
            place = reader.place_of(named) if named else reader.place
            reader.faults += [Fault(place, fault.finding, fault.remedy) for fault in error.faults]
    return tuple(dict.fromkeys(ids))


def _outcome(named: NamedValue | None, reader: ValueReader) -> Outcome:
    text = reader.text(named) if named is not None else None
    if named is None or text is None:
        return "solved"
    outcome = _OUTCOMES.get(unicodedata.normalize("NFKC", text).casefold())
    if outcome is None:
        finding = make_message("unknown outcome: {found}", found=quoted_value(text))
        reader.faults.append(
            Fault(reader.place_of(named), finding, "write solved, partly or failed (已解决、部分解决、未解决)")
        )
        return "failed"
    return outcome


def _year(named: NamedValue | None, reader: ValueReader) -> int | None:
    text = reader.text(named) if named is not None else None
    if named is None or text is None:
        return None
    match = _YEAR.fullmatch(unicodedata.normalize("NFKC", text))
    if match is None:
        finding = make_message("expected a year, found {found}", found=quoted_value(text))
        fault = Fault(reader.place_of(named), finding, "write it as 2026")
        (reader.warnings if reader.style == "cell" else reader.faults).append(fault)
        return None
    return int(match[1])


def _benefit_and_note(values: Mapping[str, NamedValue], reader: ValueReader) -> tuple[float | None, str | None]:
    """The amount and the note; under a heading such as 成效, some people write one, some the other."""
    note = reader.text(values["note"]) if "note" in values else None
    named = values.get("benefit_cny")
    if named is None:
        return None, note
    text = named.value if isinstance(named.value, str) else ""
    trial_reader = ValueReader(reader.place, reader.style)
    amount = trial_reader.yuan(named)
    if (
        trial_reader.warnings and note is None and not _STARTS_WITH_DIGIT.match(text.strip())
    ):  # of a cell, not of a file
        return None, reader.text(named)
    reader.warnings += trial_reader.warnings
    reader.faults += trial_reader.faults
    return amount, note


def _without_apostrophes(case: Case) -> Case:
    """The case without the apostrophes that prevent spreadsheets from taking a text for a formula."""
    problem_values: dict[str, object] = {name: _unescaped(getattr(case.problem, name)) for name in _TEXTS}
    for name in _LISTS:  # a list is written as one cell, with an apostrophe at its start only
        first, *rest = getattr(case.problem, name) or ("",)
        if unescape_formulas(first) != first:
            problem_values[name] = (unescape_formulas(first), *rest)
    case_values = {name: _unescaped(getattr(case, name)) for name in ("source", "note")}
    return case.model_copy(update={**case_values, "problem": case.problem.model_copy(update=problem_values)})


def _unescaped(text: str | None) -> str | None:
    return unescape_formulas(text) if text else text
