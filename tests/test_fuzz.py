"""The short form of fuzzing: the faulty files and a few thousand mutations, always the same ones.

What the long form (``make fuzz``) finds becomes a file in ``tests/data/faulty`` with what must come out of it:
``test_documents.py`` and ``test_tables.py`` hold it to that.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

import pytest

from fuzz_targets import FAULTY, OFFICE, TARGETS, Packed, mutated
from matchmaker.domain import Problem
from matchmaker.errors import MatchmakerError, ProblemError
from matchmaker.intake.documents import load_problems, problems_from_bytes
from matchmaker.intake.tables import read_problems
from matchmaker.office.mail import read_mail

pytestmark = pytest.mark.fuzz
N_SHORT = 1_000  # mutations of each target, but of slow ones fewer; by number, so that they are the same everywhere
N_OF_SLOW = {"docx": 40, "docx numbering": 70, "match": 100}
N_OF_SLOW |= dict.fromkeys(("xlsx", "pdf", "ods", "xlsx styles", "csv", "odt", "mail", "csv bytes"), 400)
SECONDS_OF_LONG = 10.0
HANG = 20.0  # seconds of the processor; the long form takes 2 for too many, on a machine with nothing else to do


def run_mutations(name: str, *, seed: str, most: float = math.inf, seconds: float = math.inf) -> int:
    """The seeds and mutations of them, so many, or for so many seconds of the processor; how many there were."""
    target = TARGETS[name]
    random = Random(seed)  # noqa: S311 - a test
    seeds = target.contents()
    end = time.process_time() + seconds
    for one in seeds:
        target.run(one[: 16 * target.largest])
    for nth in count():
        if nth >= most or time.process_time() > end:
            return nth + len(seeds)
        data = mutated(seeds, target.words, random, target.largest)
        started = time.process_time()
        try:
            target.run(data)
        except Exception:
            print(f"seed {seed!r}, mutation {nth}: {data!r}")  # noqa: T201 - pytest shows it with the failure
            raise
        assert time.process_time() - started < HANG, (seed, nth)
    raise AssertionError("it counts without end")


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_our_own_errors_comes_out(name: str) -> None:
    most = N_OF_SLOW.get(name, N_SHORT)
    assert run_mutations(name, seed=name, most=most) > most


@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_our_own_errors_comes_out_for_longer(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    record_property("inputs", run_mutations(name, seed=f"{name} long", seconds=SECONDS_OF_LONG))


@pytest.mark.parametrize("path", sorted(FAULTY.iterdir()), ids=lambda path: str(path.name))
def test_a_faulty_file_is_refused_or_read_by_every_reader(path: Path) -> None:
    """As a document and as a table, whatever it was made for."""
    for read in (load_problems, lambda given: list(read_problems(given))):
        try:
            read(path)
        except MatchmakerError as error:
            faults = [fault.finding for fault in error.faults]
        else:
            faults = []
        assert all(faults)


def test_a_mail_with_a_charset_that_is_none_is_read() -> None:
    """Found by fuzzing: Python's ``get_payload`` raises ValueError on the null character."""
    data = (FAULTY / "problem_null_in_charset.eml").read_bytes()
    assert b"charset=a\x00b" in data
    mail = read_mail(data.replace(b"\xff\xfe\xfd\x00\x81", "管网漏损检测".encode()), place="x")
    assert mail.text == "管网漏损检测"


def test_an_attachment_whose_name_has_a_charset_that_is_none_is_read() -> None:
    """Found by fuzzing: Python's ``get_filename`` raises ValueError on the null character."""
    path = FAULTY / "mail_null_in_charset_of_name.eml"
    (attachment,) = read_mail(path.read_bytes(), place="x").attachments
    assert attachment.name == "需求.txt"
    (problem,) = load_problems(path).problems
    assert "如何检测供水管网的漏损" in problem.text


TWICE = "filename*0=a; filename*=utf-8''b"  # sorting such parts raises TypeError within Python
LONG = f"filename*{'9' * 5_000}=a"  # more digits than ``int`` takes: ValueError


@pytest.mark.parametrize("parameter", [TWICE, LONG, TWICE.replace("file", ""), TWICE.replace("filename", "charset")])
@pytest.mark.parametrize("header", ["Content-Disposition: attachment", "Content-Type: text/plain"])
def test_headers_at_which_python_fails_cost_a_mail_nothing_but_what_they_say(header: str, parameter: str) -> None:
    sound = "Content-Type: text/plain; charset=utf-8\n\n如何检测供水管网的漏损？\n"
    data = (
        f"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n{sound}--a\n{header}; {parameter}\n\nx\n--a--\n"
    )
    mail = read_mail(data.encode(), place="x")
    assert mail.text.startswith("如何检测供水管网的漏损？")
    assert len(mail.attachments) == ("attachment" in header)


def test_a_mail_whose_parts_cannot_be_told_is_refused() -> None:
    data = b"Content-Type: multipart/mixed; boundary*0=a; boundary*=b\n\n--a\n\nx\n--a--\n"
    with pytest.raises(ProblemError, match="headers of this mail are damaged"):
        read_mail(data, place="x")


def test_a_level_of_a_list_that_is_no_number_is_the_first() -> None:
    """Found by fuzzing: ``int`` raises ValueError on it."""
    packed = Packed(OFFICE / "documents" / "automatic-numbers.docx", "word/numbering.xml")
    assert packed.seed().count(b'<w:lvl w:ilvl="0"')
    odd = packed.around(packed.seed().replace(b'<w:lvl w:ilvl="0"', b'<w:lvl w:ilvl="%0"'))
    sound = packed.around(packed.seed())
    assert (
        problems_from_bytes(odd, place="x", default_id="x").problems
        == problems_from_bytes(sound, place="x", default_id="x").problems
    )


def test_a_target_fails_when_its_reader_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(data: bytes, *, place: str) -> object:
        raise KeyError(data, place)

    monkeypatch.setattr("fuzz_targets.read_mail", fails)
    with pytest.raises(KeyError):
        TARGETS["mail"].run(b"Subject: x\r\n\r\nx")


def test_the_long_form_has_ten_million_inputs() -> None:
    assert sum(target.inputs for target in TARGETS.values()) == 10_000


def test_seeds_of_tables_hold_problems() -> None:
    """A seed that its reader refuses leads nowhere."""
    for name in ("plain.xlsx", "plain.ods", "plain.xls", "rows.parquet", "portal.jsonl"):
        rows = list(read_problems(FAULTY.parent / "office" / "tables" / name))
        assert any(isinstance(row, Problem) for row in rows)
