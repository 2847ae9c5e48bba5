"""Cases from tables and documents: the columns of a problem, and those that only a case has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from matchmaker.domain import Case, Outcome, Problem, Registry, check
from matchmaker.errors import Fault, LedgerError, ProfileError
from matchmaker.files import as_written
from matchmaker.institutes import find_institute
from matchmaker.intake import ProblemTable, Rejected, read_problems
from matchmaker.intake.fields import build_problem, named_values
from matchmaker.intake.headings import columns_of
from matchmaker.intake.syntax import read_json, read_yaml
from matchmaker.intake.tables import Met
from matchmaker.intake.values import Given, Style, ValueReader, id_from, shown
from matchmaker.messages import said
from matchmaker.office.encodings import decode
from matchmaker.office.reading import open_bytes

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
"""Fields that only a case has, and what their columns may be called."""
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
_AMOUNT_AT_ALL: Final = re.compile(r"\d")
_TEXTS: Final = ("id", "title", "description", "enterprise", "industry", "region", "tried")
_LISTS: Final = ("targets", "conditions", "cooperation", "keywords", "exclude")
_MAX_BYTES: Final = 10_000_000

Resolve: TypeAlias = Callable[[str], str]
"""From an institute's name as written to its id; raises ProfileError when nobody is called so."""


@dataclass(frozen=True, slots=True)
class ReadCase:
    """A case and the row it was read from."""

    case: Case
    met: Met


def resolver(registry: Registry, *, strict: bool = True) -> Resolve:
    """Finds institutes by id, name or alias; unless ``strict``, an unknown name is taken as it is."""
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
    """The cases of a table, in its order; a row that is none is ``Rejected``.

    Attributes:
        table: The table beneath: its columns, headings and warnings.
        warnings: What had to be left out of a case, met by the latest iteration, beside those of the table.
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
        """Look at the start of the file; see ``intake.read_problems``.

        Raises:
            TableError: The file is no table of problems.
            LedgerError: No column names the institutes.
        """
        self.table: ProblemTable = read_problems(
            path, columns=columns, encoding=encoding, sheets=sheets, more=CASE_FIELDS
        )
        self.warnings: list[Fault] = []
        self._resolve = resolve
        if "institutes" not in self.table.columns:
            finding = "no column says which institute it was"
            raise LedgerError(Fault(str(path), finding, "name one with --column institutes=HEADING"))

    def __iter__(self) -> Iterator[ReadCase | Rejected]:
        """The rows in the order of the file."""
        self.warnings = []
        for row in self.table:
            if isinstance(row, Rejected):
                yield row
                continue
            met = self.table.met
            reader = ValueReader(met.place, "cell")
            case = _case(row, met.values, reader, self._resolve, own_id="id" in met.values)
            self.warnings += reader.warnings
            if case is None:
                yield Rejected(met.line, met.cells, tuple(reader.faults))
            else:
                yield ReadCase(_bare(case) if self.table.kind != "lines" else case, met)


def case_from_values(problem: Problem, given: Mapping[str, Given], resolve: Resolve, *, place: str) -> Case:
    """A case made of a problem and the fields of its own, such as those of options.

    Raises:
        LedgerError: Something is wrong with them; all faults at once.
    """
    reader = ValueReader(place, "yaml")
    case = _case(problem, given, reader, resolve, own_id=True)
    if case is None:
        raise LedgerError(reader.faults)
    return case


def load_case(path: Path, given: Mapping[str, Given], resolve: Resolve) -> Case:
    """Read one case from a YAML or JSON file that holds the fields of a problem and those of a case.

    Args:
        path: The file.
        given: Fields of a case that stand over those of the file.
        resolve: Finds institutes.

    Raises:
        ProblemError: The file cannot be read.
        LedgerError: Fields are wrong; all faults at once.
    """
    place = str(path)
    with open_bytes(path, LedgerError) as file:  # type: ignore[arg-type]
        data = file.read(_MAX_BYTES + 1)  # one more than allowed shows that there is more
    if len(data) > _MAX_BYTES:
        finding = said("larger than {size}", size="10 MB")
        raise LedgerError(Fault(place, finding, "a case is a few pages of text; cut it down"))
    text, _ = decode(data, place=place)
    style: Style = "json" if path.suffix.lower() == ".json" else "yaml"
    found = read_json(text, place=place) if style == "json" else read_yaml(text, place=place)
    if not isinstance(found, Mapping):
        finding = said("expected the fields of a case, found {found}", found=shown(found))
        raise LedgerError(Fault(place, finding, "write for example: title, description, institutes, outcome, year"))
    columns, _ = columns_of([str(key) for key in found if isinstance(key, str)], {}, CASE_FIELDS)
    own = {
        field: Given(column.heading, found[column.heading], column.factor)
        for field, column in columns.items()
        if field in CASE_FIELDS
    }
    rest = {key: value for key, value in found.items() if key not in {given_.name for given_ in own.values()}}
    values, faults = named_values(rest, place=place)
    built = build_problem(values, place=place, default_id=id_from(path), style=style)
    reader = ValueReader(place, style)
    case = _case(built.problem, {**own, **given}, reader, resolve, own_id=True) if built.problem else None
    faults += [*built.faults, *reader.faults]
    if case is None or faults:
        raise LedgerError(faults)
    return case


def _case(
    problem: Problem, values: Mapping[str, Given], reader: ValueReader, resolve: Resolve, *, own_id: bool
) -> Case | None:
    """The case, or ``None`` when the reader has gathered faults."""
    benefit, note = _benefit_and_note(values, reader)
    read = {
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
    case = check(Case, read, place=reader.place)
    if isinstance(case, Case):
        return case
    reader.faults.extend(case)
    return None


def _institutes(given: Given | None, reader: ValueReader, resolve: Resolve) -> tuple[str, ...]:
    if given is not None and isinstance(given.value, str) and reader.style != "cell":
        given = Given(given.name, [given.value], given.factor)  # one institute needs no list
    names = reader.texts(given, commas=True) if given is not None else ()
    if given is None or not names:
        finding = "names no institute"
        reader.faults.append(Fault(reader.place, finding, "name it by id, name or alias"))
    found = []
    for name in names:
        try:
            found.append(resolve(name))
        except ProfileError as error:
            at = reader.at(given) if given else reader.place
            reader.faults += [Fault(at, fault.finding, fault.remedy) for fault in error.faults]
    return tuple(dict.fromkeys(found))


def _outcome(given: Given | None, reader: ValueReader) -> Outcome:
    text = reader.text(given) if given is not None else None
    if given is None or text is None:
        return "solved"
    outcome = _OUTCOMES.get(unicodedata.normalize("NFKC", text).casefold())
    if outcome is None:
        finding = said("no such outcome: {found}", found=shown(text))
        reader.faults.append(
            Fault(reader.at(given), finding, "write solved, partly or failed (已解决、部分解决、未解决)")
        )
        return "failed"
    return outcome


def _year(given: Given | None, reader: ValueReader) -> int | None:
    text = reader.text(given) if given is not None else None
    if given is None or text is None:
        return None
    match = _YEAR.fullmatch(unicodedata.normalize("NFKC", text))
    if match is None:
        finding = said("expected a year, found {found}", found=shown(text))
        fault = Fault(reader.at(given), finding, "write it as 2026")
        (reader.warnings if reader.style == "cell" else reader.faults).append(fault)
        return None
    return int(match[1])


def _benefit_and_note(values: Mapping[str, Given], reader: ValueReader) -> tuple[float | None, str | None]:
    """The amount and the words; under a heading such as 成效 some write one, some the other."""
    note = reader.text(values["note"]) if "note" in values else None
    given = values.get("benefit_cny")
    if given is None:
        return None, note
    text = given.value if isinstance(given.value, str) else ""
    trial = ValueReader(reader.place, reader.style)
    amount = trial.yuan(given)
    if trial.warnings and note is None and not _AMOUNT_AT_ALL.match(text.strip()):  # of a cell, not of a file
        return None, reader.text(given)
    reader.warnings += trial.warnings
    reader.faults += trial.faults
    return amount, note


def _bare(case: Case) -> Case:
    """The case without the apostrophes that keep a spreadsheet from taking a text of a cell for a formula."""
    changed: dict[str, object] = {name: _without_mark(getattr(case.problem, name)) for name in _TEXTS}
    for name in _LISTS:  # written as one cell, which may have one at its start
        first, *rest = getattr(case.problem, name) or ("",)
        if as_written(first) != first:
            changed[name] = (as_written(first), *rest)
    own = {name: _without_mark(getattr(case, name)) for name in ("source", "note")}
    return case.model_copy(update={**own, "problem": case.problem.model_copy(update=changed)})


def _without_mark(text: str | None) -> str | None:
    return as_written(text) if text else text
