"""Opening, migrating, checking and copying ledgers; two writers at once. Writers that are killed: ``test_kills.py``."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from ledger_writers import WRITERS, add_many, case, leak, move_all
from matchmaker.errors import InputError, LedgerError, MissingExtraError
from matchmaker.ledger import default_path, schema, store
from matchmaker.ledger.cases import add_cases, all_cases, find_case, list_cases
from matchmaker.ledger.checks import back_up, describe, find_damage
from matchmaker.ledger.judgements import add_judgement, list_judgements
from matchmaker.ledger.precedents import read_precedents, revision_of
from matchmaker.ledger.referrals import (
    Grounds,
    change_state,
    due_referrals,
    find_referral,
    list_changes,
    list_referrals,
    open_referral,
)
from matchmaker.ledger.stats import compute_stats
from matchmaker.ledger.store import Ledger, explained_errors, open_ledger

OLD = Path(__file__).parents[1] / "data" / "ledger"
NEEDS_UNIX = pytest.mark.skipif(os.name == "nt", reason="signals and modes of Unix")


def sql(target: str, *statements: str) -> None:
    """Statements that go past the ledger."""
    engine = raw_engine(target)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def raw_engine(target: str) -> Engine:
    return create_engine(target if "://" in target else f"sqlite:///{target}")


@pytest.fixture
def ledger(target: str) -> Iterator[Ledger]:
    with open_ledger(target, create=True) as opened:
        yield opened


# --- opening and migrating --------------------------------------------------------------------------------------------


def test_a_ledger_that_is_not_there_is_made_only_when_asked(target: str) -> None:
    with pytest.raises(LedgerError, match="no ledger there yet; create one with: matchmaker cases import FILE"):
        open_ledger(target)
    open_ledger(target, create=True).close()
    with open_ledger(target) as opened:
        assert opened.version() == schema.LATEST
        assert find_damage(opened) == []


def test_every_ledger_has_a_uuid_of_its_own(tmp_path: Path) -> None:
    uuids = set()
    for name in ("a.db", "b.db"):
        with open_ledger(tmp_path / name, create=True) as opened:
            uuids.add(opened.identity()[0])
    assert len(uuids) == 2


@NEEDS_UNIX
def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "ledger.db"
    with open_ledger(path, create=True) as opened:
        add_cases(opened, [case()], by="a")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) == {"ledger.db", "ledger.db-wal", "ledger.db-shm"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_default_is_in_the_users_folder_for_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path().name == "ledger.db"
    assert default_path().parent.name == "matchmaker"
    if sys.platform == "linux":
        assert default_path() == tmp_path / "matchmaker" / "ledger.db"


def test_a_file_is_in_write_ahead_mode_and_durable(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "l.db", create=True) as opened, opened.raw_file() as raw:
        pragmas = {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
        assert pragmas == {"journal_mode": "wal", "synchronous": 2}
        assert raw.execute("PRAGMA foreign_keys").fetchone() == (1,)


def script(version: int) -> list[str]:
    lines = (OLD / f"v{version}.sql").read_text("utf-8").splitlines()
    return [line.removesuffix(";").replace(":", r"\:") for line in lines if not line.startswith("--")]


@pytest.mark.parametrize("version", range(1, schema.LATEST))
def test_an_old_ledger_is_brought_up_to_date_with_all_it_holds(target: str, version: int) -> None:
    sql(target, *script(version))
    with open_ledger(target) as opened:
        assert opened.version() == schema.LATEST
        assert opened.identity()[:2] == (f"{version:032x}", 2 * version)
        kept = all_cases(opened)
        assert [one.case.id for one in kept] == ["C-1", "C-2"]
        assert kept[0].case.problem.title == "供水管网漏损"
        assert kept[0].case.institutes == ("alpha", "beta")
        assert kept[0].case.referral == (None if version == 1 else "R-1")
        assert kept[1].deleted is not None
        assert find_damage(opened) == []
        assert [kind for kind, _, _ in add_cases(opened, [kept[0].case.model_copy(update={"id": ""})], by="b")] == [
            "there"
        ]
        if version >= 2:
            assert [one.state for one in list_referrals(opened)] == ["solved", "declined"]
            assert len(list_changes(opened, find_referral(opened, "R-1"))) == 5
        open_referral(opened, leak(), "alpha", by="a")
        add_judgement(opened, leak(), "alpha", 3, judge="a")
        assert find_damage(opened) == []


def test_every_version_before_this_has_a_ledger_to_test_with() -> None:
    assert sorted(path.name for path in OLD.iterdir()) == [f"v{version}.sql" for version in range(1, schema.LATEST)]


def test_the_steps_lead_to_the_tables_that_the_code_knows(target: str) -> None:
    open_ledger(target, create=True).close()
    engine = raw_engine(target)
    found = inspect(engine)
    assert set(found.get_table_names()) == set(schema.metadata.tables)
    for name, table in schema.metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        primary = set(found.get_pk_constraint(name)["constrained_columns"])
        expected = {column.name: bool(column.nullable) for column in table.columns}
        assert {key: value for key, value in columns.items() if key not in primary} == {
            key: value for key, value in expected.items() if key not in primary
        }
        assert primary == {column.name for column in table.primary_key}
    engine.dispose()


def test_a_step_that_fails_leaves_the_ledger_as_it_was(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sql(target, *script(1))
    broken = (*schema.MIGRATIONS[1], "CREATE TABLE problems (digest TEXT)")
    monkeypatch.setattr(schema, "MIGRATIONS", (schema.MIGRATIONS[0], broken, schema.MIGRATIONS[2]))
    with pytest.raises(Exception, match=r"(?i)already exists|ledger"):
        open_ledger(target)
    monkeypatch.undo()
    engine = raw_engine(target)
    assert "referrals" not in inspect(engine).get_table_names()
    engine.dispose()
    with open_ledger(target) as opened:
        assert find_damage(opened) == []


def test_a_newer_ledger_is_refused_and_left_alone(target: str) -> None:
    open_ledger(target, create=True).close()
    newer = schema.LATEST + 1
    sql(target, f"UPDATE schema_version SET version = {newer} WHERE version = {schema.LATEST}")  # noqa: S608 - both are ours
    expected = f"is a ledger of version {newer}; this matchmaker knows {schema.LATEST}; install a newer matchmaker"
    for create in (False, True):
        with pytest.raises(LedgerError, match=expected):
            open_ledger(target, create=create)


def test_another_database_is_refused_and_left_alone(target: str) -> None:
    sql(target, "CREATE TABLE accounts (id INTEGER)")
    for create in (False, True):
        with pytest.raises(LedgerError, match="is a database but not a ledger; give --ledger another name"):
            open_ledger(target, create=create)
    engine = raw_engine(target)
    assert inspect(engine).get_table_names() == ["accounts"]
    engine.dispose()


def test_many_who_open_a_new_ledger_at_once_make_one(target: str) -> None:
    found: list[str] = []
    together = threading.Barrier(6)

    def begin() -> None:
        together.wait()
        with open_ledger(target, create=True) as opened:
            found.append(opened.identity()[0])

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_a_new_ledger_waits_for_another_that_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two make it at once, SQLite refuses the second one without waiting."""
    path = tmp_path / "l.db"
    path.touch(0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with monkeypatch.context() as patched:
            patched.setattr(store, "BUSY_SECONDS", 0)
            assert "another program is writing to it" in told(lambda: open_ledger(path, create=True))
        monkeypatch.setattr("time.sleep", lambda _: other.rollback())
        with open_ledger(path, create=True) as opened:
            assert opened.identity()[0]


# --- what can go wrong ------------------------------------------------------------------------------------------------


def told(act: Callable[[], object]) -> str:
    with pytest.raises(LedgerError) as error:
        act()
    return str(error.value)


def test_a_folder_a_text_and_a_torn_file_are_no_ledgers(tmp_path: Path) -> None:
    assert "this is a folder, not a file; name a file in it" in told(lambda: open_ledger(tmp_path, create=True))
    path = tmp_path / "notes.txt"
    path.write_text("Not a database. " * 100)
    assert "is not a ledger, or is damaged at its start" in told(lambda: open_ledger(path, create=True))
    assert path.read_text().startswith("Not a database.")
    empty = tmp_path / "empty.db"
    empty.touch()
    assert "no ledger there yet" in told(lambda: open_ledger(empty))


def test_a_damaged_file_is_told_by_opening_or_by_check(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with open_ledger(path, create=True) as opened:
        add_cases(opened, [case(n) for n in range(300)], by="a")
    data = bytearray(path.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 512] = b"\xff" * 512
    path.write_bytes(data)

    def use() -> None:
        with open_ledger(path) as opened:
            raise LedgerError(find_damage(opened))

    assert "damaged" in told(use)


@NEEDS_UNIX
def test_a_pipe_is_no_ledger(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert revision_of(pipe) is None  # and does not wait for it
    assert "this is a pipe or a device, not a ledger; name a file" in told(lambda: open_ledger(pipe))


@NEEDS_UNIX
def test_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = told(lambda: open_ledger(tmp_path / "file" / "l.db", create=True))
    assert "cannot be made (" in message
    assert "choose another place with --ledger" in message


def test_a_ledger_that_another_program_holds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.1)
    path = tmp_path / "l.db"
    open_ledger(path, create=True).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with open_ledger(path) as opened:
        assert list_cases(opened) == []
        assert "another program is writing to it; try again when it has ended" in told(
            lambda: add_cases(opened, [case()], by="a")
        )
        other.close()
        assert add_cases(opened, [case()], by="a")[0].kind == "added"


def test_a_full_disk_and_a_protected_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    open_ledger(path, create=True).close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA max_page_count = 1")
        with (
            pytest.raises(LedgerError, match="the disk is full; nothing was written; free some space"),
            explained_errors("l"),
        ):
            raw.execute("CREATE TABLE t AS SELECT hex(zeroblob(1000000))")
    raw.close()
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(LedgerError, match="may not be written; allow writing to the file"), explained_errors("l"):
        reader.execute("DELETE FROM meta")
    reader.close()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everything")
def test_a_ledger_in_a_protected_folder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "l.db"
    open_ledger(path, create=True).close()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        message = told(lambda: open_ledger(path))
        assert "cannot be opened" in message or "may not be written" in message
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize(
    ("address", "finding"),
    [
        (
            "mysql://me:secret@here/db",
            "no such kind of ledger; give a file, or postgresql+psycopg://USER@HOST/DATABASE",
        ),
        ("postgresql://me:secret@127.0.0.1:1/db", "the server cannot be reached; check the address and that it runs"),
        ("postgresql+psycopg://me:secret@127.0.0.1:port/db", "not an address of a database"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(address: str, finding: str) -> None:
    message = told(lambda: open_ledger(address, create=True))
    assert finding in message
    assert "secret" not in message


def test_what_a_server_refuses_is_told(postgresql: str) -> None:
    missing = postgresql.replace("/postgres?", "/nothere?")
    assert "the server has no such database; make it with: createdb" in told(lambda: open_ledger(missing))
    stranger = postgresql.replace("tester@", "stranger:secret@")
    message = told(lambda: open_ledger(stranger))
    assert "the server refuses this user or password" in message
    assert "secret" not in message


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'matchmaker-techtransfer\[postgresql\]'"):
        open_ledger("postgresql://me@127.0.0.1:1/db")


def test_a_protected_server_is_told(empty_postgresql: str) -> None:
    open_ledger(empty_postgresql, create=True).close()
    protected = f"{empty_postgresql}&options=-c%20default_transaction_read_only%3Don"
    with open_ledger(protected) as opened:
        assert list_cases(opened) == []
        assert "may not be written" in told(lambda: add_cases(opened, [case()], by="a"))


# --- check, backup, info ----------------------------------------------------------------------------------------------


def damaged(ledger: Ledger) -> list[str]:
    return [
        str(fault).removeprefix(f"{ledger.place}: ").removesuffix("; restore a backup") for fault in find_damage(ledger)
    ]


def filled(ledger: Ledger) -> None:
    add_cases(ledger, [case(1), case(2)], by="a")
    referral = open_referral(ledger, leak(), "alpha", by="a")
    for state in ("contacted", "visited", "signed", "solved"):
        referral = change_state(ledger, referral, state, by="a")
    add_judgement(ledger, leak(), "alpha", 3, judge="a")


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("DELETE FROM case_institutes WHERE case_seq = 2", "case C-2 has no institute"),
        ("UPDATE referrals SET state = 'signed'", "the history of R-1 does not match its state"),
        ("DELETE FROM referral_changes WHERE version = 2", "the history of R-1 does not match its state"),
        ("UPDATE referral_changes SET from_state = 'proposed' WHERE version = 4", "the history of R-1 does not match"),
        ("UPDATE cases SET referral = NULL", "R-1 is solved without a case, or has one without being solved"),
        ('UPDATE problems SET data = \'{"title"\\: "other"}\'', "does not match its digest"),
        ("UPDATE problems SET data = '{'", "does not match its digest"),
        ("DELETE FROM schema_version WHERE version = 2", "has the version history 1, 3"),
    ],
)
def test_what_does_not_fit_together_is_found(ledger: Ledger, target: str, statement: str, finding: str) -> None:
    filled(ledger)
    assert damaged(ledger) == []
    sql(target, statement)
    assert any(finding in text for text in damaged(ledger)), damaged(ledger)


def ledger_with(tmp_path: Path, *statements: str) -> Path:
    """A ledger in a file with three cases and three referrals, and what was then done to it."""
    path = tmp_path / "l.db"
    with open_ledger(path, create=True) as opened:
        filled(opened)
        declined = open_referral(opened, leak(9), "beta", by="a", grounds=Grounds("beta-1", 0.5, "fair", "s", "p"))
        change_state(opened, declined, "declined", by="a", reason="price")
        open_referral(opened, leak(10), "alpha", by="a")
    with sqlite3.connect(path, isolation_level=None) as raw:
        for statement in statements:
            raw.execute(statement)
    raw.close()
    return path


READERS: dict[str, Callable[[Ledger], object]] = {
    "cases": list_cases,
    "precedents": read_precedents,
    "referrals": list_referrals,
    "due": lambda opened: due_referrals(opened, 0),
    "history": lambda opened: list_changes(opened, find_referral(opened, "R-2")),
    "judgements": list_judgements,
    "stats": compute_stats,
    "info": describe,
    "add": lambda opened: add_cases(opened, [case(8)], by="a"),
    "refer": lambda opened: open_referral(opened, leak(8), "alpha", by="a"),
    "judge": lambda opened: add_judgement(opened, leak(), "alpha", 3, judge="a"),
}


@pytest.mark.parametrize(
    ("statement", "finding", "readers"),
    [
        ("UPDATE problems SET data = '{}'", "problem ", "cases precedents referrals due history judgements stats"),
        ("UPDATE problems SET data = X'00ff'", "problem ", "cases precedents referrals due judgements stats"),
        ("UPDATE cases SET year = 'abc' WHERE seq = 2", "is damaged in row C-2 of cases", "cases precedents stats"),
        ("UPDATE cases SET year = 99999 WHERE seq = 2", "is damaged in row C-2 of cases", "cases precedents stats"),
        ("UPDATE cases SET benefit_cny = 9e999 WHERE seq = 1", "is damaged in row C-1 of cases", "cases stats"),
        ("UPDATE cases SET benefit_cny = 'much' WHERE seq = 1", "is damaged in row C-1 of cases", "cases stats"),
        ("UPDATE cases SET created_at = 'then' WHERE seq = 1", "is damaged in row C-1 of cases", "cases stats"),
        ("UPDATE cases SET seq = 9223372036854775807 WHERE seq = 3", "is damaged in row 92233720", "add"),
        ("DELETE FROM case_institutes WHERE case_seq = 2", "case C-2 has no institute", "cases precedents stats"),
        (
            "UPDATE referrals SET changed_at = 'yesterday' WHERE seq = 2",
            "is damaged in row R-2 of referrals",
            "precedents referrals stats",
        ),
        (
            "UPDATE referrals SET changed_at = '0000-00-00T00:00:00Z' WHERE seq = 2",
            "is damaged in row R-2 of referrals",
            "precedents referrals",
        ),
        ("UPDATE referrals SET changed_at = 'x' WHERE seq = 3", "is damaged in row R-3 of referrals", "due referrals"),
        ("UPDATE referrals SET reason = 'zzz' WHERE seq = 2", "is damaged in row R-2 of referrals", "referrals stats"),
        ("UPDATE referrals SET score = 'x' WHERE seq = 2", "is damaged in row R-2 of referrals", "referrals history"),
        ("UPDATE referrals SET level = 'zzz' WHERE seq = 2", "is damaged in row R-2 of referrals", "referrals history"),
        ("UPDATE referrals SET version = 'x' WHERE seq = 2", "is damaged in row R-2 of referrals", "referrals history"),
        ("UPDATE referrals SET seq = 9223372036854775807 WHERE seq = 2", "is damaged in row ", "refer referrals"),
        ("UPDATE referral_changes SET state = 'x' WHERE version = 1", ", 1 of referral_changes", "history stats"),
        (
            "UPDATE referral_changes SET at = 'x' WHERE referral_seq = 2",
            "row 2, 1 of referral_changes",
            "history stats",
        ),
        ("DELETE FROM referral_changes", "the history of R-", "history stats"),
        ("UPDATE judgements SET at = X'ff'", "is damaged in row 1 of judgements", "judgements"),
        ("UPDATE judgements SET judge = X'ff'", "is damaged in row 1 of judgements", "judgements"),
        ("DELETE FROM meta", "table meta has 0 rows instead of one", "info add refer judge"),
        ("UPDATE meta SET uuid = X'ff'", "is damaged in row 1 of meta", "info"),
    ],
)
def test_what_no_ledger_writes_is_told_by_whoever_reads_it_and_found(
    tmp_path: Path, statement: str, finding: str, readers: str
) -> None:
    path = ledger_with(tmp_path, "PRAGMA foreign_keys = OFF", statement)
    for reader in readers.split():
        with open_ledger(path) as opened:
            message = told(lambda reader=reader, opened=opened: READERS[reader](opened))  # type: ignore[misc]
        assert message.startswith(f"{path}: ")
        assert finding in message
        assert message.endswith("; restore a backup")
    with open_ledger(path) as opened:
        faults = [str(fault) for fault in find_damage(opened)]
    assert any(finding in fault or "refers to nothing" in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("statements", "finding"),
    [
        (["DELETE FROM schema_version"], "is damaged: its version cannot be told; restore a backup"),
        (
            [
                "DROP TABLE schema_version",
                "CREATE TABLE schema_version (version TEXT)",
                "INSERT INTO schema_version VALUES ('abc')",
            ],
            "is damaged: its version cannot be told; restore a backup",
        ),
        (["DROP TABLE cases"], "is damaged: it has no table 'cases'; restore a backup"),
        (["DROP TABLE referral_changes"], "is damaged: it has no table 'referral_changes'; restore a backup"),
        (
            [
                "ALTER TABLE cases RENAME TO others",
                "CREATE VIEW cases AS SELECT a.* FROM others a,"
                " (WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r)",
            ],
            "is damaged: it has no table 'cases'; restore a backup",
        ),
        (
            ["ALTER TABLE meta RENAME TO others", "CREATE VIEW meta AS SELECT * FROM others"],
            "is a database but not a ledger",
        ),
        (["DELETE FROM schema_version WHERE version > 1"], "is damaged; restore a backup, made by:"),
    ],
)
def test_tables_that_are_missing_are_told_when_it_is_opened(
    tmp_path: Path, statements: list[str], finding: str
) -> None:
    path = ledger_with(tmp_path, "PRAGMA foreign_keys = OFF", *statements)
    assert finding in told(lambda: open_ledger(path))
    if "'cases'" in finding:
        assert revision_of(path) is None  # what was remembered of it must not hide that


def test_a_database_of_views_alone_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    sql(str(path), "CREATE VIEW cases AS SELECT 1")
    assert "is a database but not a ledger" in told(lambda: open_ledger(path, create=True))


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("ALTER TABLE cases RENAME COLUMN note TO notes", "is damaged; restore a backup"),
        ("UPDATE cases SET note = CAST(X'ff' AS TEXT)", "is damaged; restore a backup"),
        ("CREATE TRIGGER t BEFORE INSERT ON cases BEGIN SELECT raise(ABORT, 'no'); END", "has a trigger that forbids"),
    ],
)
def test_what_the_database_itself_meets_is_told(tmp_path: Path, statement: str, finding: str) -> None:
    def use() -> None:
        with open_ledger(path) as opened:
            list_cases(opened)
            add_cases(opened, [case(8)], by="a")

    path = ledger_with(tmp_path, statement)
    assert finding in told(use)


def test_a_reference_to_nothing_is_found(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with open_ledger(path, create=True) as opened:
        filled(opened)
        sql(str(path), "DELETE FROM problems WHERE title LIKE '% 2'")
        assert [line.partition(" refers")[0] for line in damaged(opened)] == ["row 2 of cases"]


def test_a_ledger_is_described(ledger: Ledger) -> None:
    filled(ledger)
    found = describe(ledger)
    counts = {key: found[key] for key in ("cases", "cases_deleted", "referrals", "referrals_open", "judgements")}
    assert counts == {"cases": 3, "cases_deleted": 0, "referrals": 1, "referrals_open": 0, "judgements": 1}
    assert found["version"] == schema.LATEST
    assert found["engine"] == ("SQLite" if ledger.path else "PostgreSQL")


def test_a_backup_is_a_ledger_in_one_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("an earlier one")
    with open_ledger(tmp_path / "l.db", create=True) as opened:
        filled(opened)
        back_up(opened, copy)
        add_cases(opened, [case(9)], by="a")
        assert {file.name for file in tmp_path.iterdir()} == {"l.db", "l.db-wal", "l.db-shm", "copy.db"}
        expected = opened.identity()[0]
    with open_ledger(copy) as again:
        assert again.identity()[0] == expected
        assert len(list_cases(again)) == 3
        assert find_damage(again) == []
    if os.name != "nt":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_backup_made_while_others_write_is_whole(tmp_path: Path) -> None:
    path, begun, stop = tmp_path / "l.db", threading.Event(), threading.Event()
    open_ledger(path, create=True).close()

    def write() -> None:
        with open_ledger(path) as opened:
            number = 0
            while not stop.is_set():
                add_cases(opened, [case(number + n) for n in range(20)], by="a")
                number += 20
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(120)
        for number in range(5):
            with open_ledger(path) as opened:
                back_up(opened, tmp_path / f"copy{number}.db")
            with open_ledger(tmp_path / f"copy{number}.db") as copy:
                assert find_damage(copy) == []
                n_cases = len(list_cases(copy))
                assert n_cases >= 20
                assert n_cases % 20 == 0
    finally:
        stop.set()
        writer.join()


def test_a_backup_never_goes_over_a_ledger_in_use(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "l.db", create=True) as opened, open_ledger(tmp_path / "m.db", create=True) as other:
        add_cases(other, [case()], by="a")
        with pytest.raises(InputError, match="is the ledger itself; give the copy another name"):
            back_up(opened, tmp_path / "l.db")
        with pytest.raises(InputError, match="is in use as a ledger"):
            back_up(opened, tmp_path / "m.db")
        with pytest.raises(InputError, match="cannot be written"):
            back_up(opened, tmp_path / "nowhere" / "copy.db")
        assert {file.name for file in tmp_path.iterdir() if file.name.startswith(".")} == set()


@NEEDS_UNIX
def test_a_backup_goes_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link, real = tmp_path / "link.db", tmp_path / "disk" / "real.db"
    link.symlink_to(real)
    with open_ledger(tmp_path / "l.db", create=True) as opened:
        filled(opened)
        for _ in range(2):  # first to nothing, then over the copy
            back_up(opened, link)
            assert link.is_symlink()
            assert {file.name for file in real.parent.iterdir()} == {"real.db"}
        with open_ledger(link) as copy:
            assert len(list_cases(copy)) == 3
            with pytest.raises(InputError, match="is in use as a ledger"):
                back_up(opened, link)


@NEEDS_UNIX
def test_a_backup_into_a_pipe_goes_through_it(tmp_path: Path) -> None:
    pipe, copy = tmp_path / "pipe", tmp_path / "copy.db"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: copy.write_bytes(pipe.read_bytes()), daemon=True)
    reader.start()
    with open_ledger(tmp_path / "l.db", create=True) as opened:
        filled(opened)
        back_up(opened, pipe)
    reader.join(timeout=60)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    with open_ledger(copy) as again:
        assert len(list_cases(again)) == 3


@NEEDS_UNIX
def test_a_backup_never_replaces_a_device(tmp_path: Path) -> None:
    null = tmp_path / "null"
    try:
        os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        null.write_bytes(b"x")
    except PermissionError:
        pytest.skip("only root can make a device, where the system lets it be used")
    with open_ledger(tmp_path / "l.db", create=True) as opened:
        back_up(opened, null)
    assert stat.S_ISCHR(null.lstat().st_mode)
    assert {file.name for file in tmp_path.iterdir() if file.name.startswith(".")} == set()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everything")
def test_a_backup_leaves_a_protected_copy_alone(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("an earlier one")
    copy.chmod(0o400)
    with (
        open_ledger(tmp_path / "l.db", create=True) as opened,
        pytest.raises(InputError, match="permission denied"),
    ):
        back_up(opened, copy)
    assert copy.read_text() == "an earlier one"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("x" * 300, "choose a shorter name"), ("x" * 253, "choose a shorter name"), (".", "give the name of a file")],
)
def test_a_place_that_takes_no_backup_is_told(tmp_path: Path, name: str, remedy: str) -> None:
    with open_ledger(tmp_path / "l.db", create=True) as opened, pytest.raises(InputError, match=remedy):
        back_up(opened, tmp_path / name)


def test_a_backup_never_goes_over_a_part_of_the_ledger(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "l.db", create=True) as opened:
        filled(opened)
        for end in ("-wal", "-shm"):
            with pytest.raises(InputError, match="is part of the ledger; give the copy another name"):
                back_up(opened, tmp_path / f"l.db{end}")
        assert find_damage(opened) == []


def test_a_ledger_on_a_server_is_backed_up_there(empty_postgresql: str) -> None:
    refused = pytest.raises(LedgerError, match="ask for it by PostgreSQL's own tool: pg_dump")
    with open_ledger(empty_postgresql, create=True) as opened, refused:
        back_up(opened, Path("copy.db"))


# --- several at once (killed ones: test_kills.py) --------------------------------------------------------------------


def test_two_processes_that_write_at_once_lose_nothing(target: str) -> None:
    open_ledger(target, create=True).close()
    writers = [WRITERS.Process(target=add_many, args=(target, name, 25)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    with open_ledger(target) as opened:
        kept = list_cases(opened)
        assert len(kept) == 75
        assert len({one.case.id for one in kept}) == 75
        assert [one.seq for one in kept] == list(range(1, 76))
        assert {one.case.institutes for one in kept} == {("alpha", "beta"), ("one",), ("two",)}
        assert find_damage(opened) == []


def test_of_two_processes_that_change_a_referral_one_wins(target: str) -> None:
    n = 30
    with open_ledger(target, create=True) as opened:
        for number in range(n):
            open_referral(opened, leak(number), "alpha", by="a")
    start, results = WRITERS.Barrier(2), WRITERS.Queue()
    writers = [WRITERS.Process(target=move_all, args=(target, name, start, results)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    won = dict(results.get(timeout=60) for _ in writers)
    for writer in writers:
        writer.join()
    assert sorted(won["one"] + won["two"]) == sorted(f"R-{number + 1}" for number in range(n))
    with open_ledger(target) as opened:
        for name, ids in won.items():
            for id_ in ids:
                steps = list_changes(opened, find_referral(opened, id_))
                assert [(step.state, step.stamp.by) for step in steps] == [("proposed", "a"), ("contacted", name)]
        assert find_damage(opened) == []


# --- cost -------------------------------------------------------------------------------------------------------------


def test_matching_does_not_load_the_database() -> None:
    program = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from matchmaker.cli import app\n"
        "result = CliRunner().invoke(app, ['match', '--text', '供水管网漏水'])\n"
        "assert result.exit_code == 0, result.output\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'sqlalchemy', 'psycopg'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_ten_thousand_cases_are_added_in_a_few_seconds(tmp_path: Path) -> None:
    many = [case(number) for number in range(10_000)]
    before = time.process_time()
    with open_ledger(tmp_path / "l.db", create=True) as opened:
        add_cases(opened, many, by="a")
        assert find_case(opened, "C-10000").case.problem == leak(9_999)
    assert time.process_time() - before < 8
