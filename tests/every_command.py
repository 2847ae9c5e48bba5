"""Runs every command once in this folder, on texts that are secret and would steer a terminal; answers as JSON.

``python every_command.py ROOT [--no-sockets]``: what the tests run in a process of its own, where there is no network.
With ``--no-sockets`` every attempt to use one, to start a program or to unpickle anything is written down as well.
"""

from __future__ import annotations

import io
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

STEERING = "\x1b]0;x\x07\x1b[2J\x9b31m\x85\u2028\u202e\u200b"
MARK = "MARKER"
TITLE = f"供水管网漏水{MARK}{STEERING}找不到漏点"
PLAIN = f"供水管网漏水{MARK}找不到漏点"
EVIL_FILE = "evil\x1b]0;x\x07.json"
FORBIDDEN = ("socket.", "pickle.", "urllib.", "ftplib.", "http.", "smtplib.", "webbrowser.", "os.system", "ctypes.")
STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn")


def make_files() -> None:
    """Files as somebody might send them: profiles, problems, a table, settings with a wrong name, a mail, a page."""
    text = {"zh": f"供水管网漏水检测{STEERING}", "en": f"Leak detection {STEERING}"}
    capability: dict[str, object] = {
        "id": "evil-water",
        "name": text,
        "keywords": [text],
        "evidence": [{"claim": text, "year": 2024, "source": "S1"}],
    }
    source = {"title": text, "publisher": text, "date": "2024-01-01", "url": "https://example.org/"}
    institute: dict[str, object] = {
        "id": "evil",
        "name": text,
        "aliases": [f"坏{STEERING}"],
        "role": "research_institute",
        "capabilities": [capability],
    }
    put("evil.yaml", {"schema": 1, "sources": {"S1": {**source, "quality": "P"}}, "institutes": [institute]})
    problem = {"id": f"P{STEERING}", "title": TITLE, "description": TITLE, "enterprise": f"企业{MARK}{STEERING}"}
    put(EVIL_FILE, {**problem, "targets": [TITLE], "keywords": [TITLE]})
    put("wrong.json", {"title": TITLE, f"od{STEERING}d": 1, "budget_cny": f"x{STEERING}"})
    rows: list[dict[str, object]] = [{**problem, "id": f"P-{at}{STEERING}"} for at in range(300)]
    rows[1] |= {"budget_cny": f"x{STEERING}", f"odd{STEERING}": 1}
    rows[2] |= {"exclude": [f"nobody{STEERING}"]}
    Path("table.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    case = {"id": "K-1", "title": TITLE, "institute": ["evil"], "year": 2024, "note": TITLE, "source": f"s{STEERING}"}
    Path("cases.jsonl").write_text(json.dumps(case) + "\n", "utf-8")
    Path("wrong.toml").write_text('"odd\\u001b[2J" = 1\n', "utf-8")
    Path("page.html").write_text(f"<h1>{PLAIN}</h1><img src='http://127.0.0.1/x.png'><p>&#27;[2J{PLAIN}</p>", "utf-8")
    Path("mail.eml").write_text(f"Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>{PLAIN}</p>", "utf-8")


def put(name: str, data: object) -> None:
    Path(name).write_text(json.dumps(data), "utf-8")


def commands(root: Path) -> list[list[str]]:
    """A command line for every command there is, in an order in which they can follow each other."""
    evil = ["--institutes", "evil.yaml"]
    office, evaluation = root / "tests" / "data" / "office", root / "tests" / "data" / "evaluation"
    judged = ["--problems", f"{evaluation}/problems.csv", "--qrels", f"{evaluation}/qrels.txt"]
    judged += ["--institutes", f"{evaluation}/institutes.jsonl", "--quiet"]
    shipped = ["--institutes", str(root / "data" / "institutes.yaml")]
    documents = ("article.pdf", "form-english.docx", "form.odt", "page-gb2312.html", "mail-with-form.eml")
    tables = ("plain.xlsx", "plain.ods", "plain.xls", "utf16be.csv")
    return [
        ["--version"],
        *([*command, "--institutes", "evil.yaml"] for command in _matching()),
        *(["match", str(office / "documents" / name), *shipped] for name in documents),
        *(["batch", str(office / "tables" / name), *shipped, "-o", f"{name}.csv"] for name in tables),
        ["institutes", "list", *evil],
        ["institutes", "show", "evil", *evil],
        ["institutes", "show", f"x{STEERING}", *evil],
        ["institutes", "validate", *evil],
        ["institutes", "search", f"漏水{STEERING}", *evil],
        ["alliance", *shipped],
        ["evaluate", *judged, "--errors", "3", "--errors-out", "errors.xlsx"],
        ["calibrate", *judged, "-o", "settings.toml", "--pool-groups", "2"],
        ["refer", EVIL_FILE, "evil", *evil, "--by", f"x{STEERING}", "--note", TITLE],
        ["referrals", "list"],
        ["referrals", "due"],
        ["referrals", "set", "R-1", "contacted", "--note", TITLE],
        ["referrals", "show", "R-1"],
        ["cases", "import", "cases.jsonl", *evil],
        ["cases", "add", EVIL_FILE, "--institute", "evil", *evil, "--note", TITLE, "--source", f"s{STEERING}"],
        ["cases", "list"],
        ["cases", "search", "漏水"],
        ["cases", "show", "C-1"],
        *(["cases", "export", "--format", kind] for kind in ("csv", "jsonl", "md")),
        ["cases", "export", "-o", "export.csv"],
        ["cases", "anonymise", "-o", "anonymous.csv"],
        ["match", EVIL_FILE, *evil],  # now with a case
        ["cases", "delete", "C-1"],
        ["cases", "restore", "C-1"],
        ["judge", EVIL_FILE, "--grades", "evil=3", *evil, "--judge", f"x{STEERING}"],
        *(["judge", EVIL_FILE, "--grades", "evil=2", *evil, "--judge", name] for name in "yz"),
        ["judgements", "list"],
        ["judgements", "export", "-o", "qrels.txt", "--problems", "judged.jsonl"],
        ["judgements", "agreement", "y", "z"],
        ["stats", *shipped],
        ["ledger", "check"],
        ["ledger", "info"],
        ["ledger", "backup", "backup.db"],
        ["ledger", "info", "--ledger", f"no{STEERING}.db"],
        ["doctor"],
    ]


def _matching() -> list[list[str]]:
    return [
        *(["match", EVIL_FILE, "--format", kind] for kind in ("table", "json", "jsonl", "csv", "md", "html")),
        ["match", EVIL_FILE, "-o", "match.xlsx"],
        ["match", "--text", TITLE],
        *(["match", name] for name in ("page.html", "mail.eml", "wrong.json", f"no{STEERING}.txt")),
        ["match", EVIL_FILE, "--settings", "wrong.toml"],
        *(["lint", EVIL_FILE, "--format", kind] for kind in ("table", "json", "md")),
        ["lint", "--text", TITLE],
        ["explain", EVIL_FILE, "evil"],
        ["explain", EVIL_FILE, "evil", "--format", "md"],
        ["explain", EVIL_FILE, "evil", "--format", "json"],
        ["batch", "table.jsonl", "-o", "batch.csv", "--workers", "2"],
        ["batch", "table.jsonl", "-o", "batch.xlsx", "--workers", "1"],
        ["batch", "table.jsonl", "--dry-run"],
        ["batch", "table.jsonl", "--column", f"title=od{STEERING}d"],
        ["report", EVIL_FILE, "-o", "report.html"],
        ["problems", "table.jsonl", "--for", "evil", "--top", "3"],
    ]


def run(command: list[str]) -> dict[str, Any]:
    """Exit code, stdout and stderr of a command, run as ``matchmaker`` is."""
    from matchmaker.cli import main

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    held = sys.argv, sys.stdout, sys.stderr
    sys.argv, sys.stdout, sys.stderr = ["matchmaker", *command], out, err
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    finally:
        out.flush()
        err.flush()
        sys.argv, sys.stdout, sys.stderr = held
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return {"command": command, "code": code or 0, "stdout": texts[0], "stderr": texts[1]}


def watch(seen: list[str]) -> None:
    """From now on no socket is made and nothing unpickled in this process; attempts and programs are written down."""

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event in STARTS:
            seen.append(f"{event} {args[1] if event == 'subprocess.Popen' else args}")
        elif event.startswith(FORBIDDEN) and not event.startswith("ctypes.dl"):
            seen.append(event)
            if event.startswith(("socket.", "pickle.")):
                raise PermissionError(f"{event} is forbidden here")

    sys.addaudithook(hook)


def main() -> None:
    root = Path(sys.argv[1])
    make_files()
    seen: list[str] = []
    lines = commands(root)
    if "--no-sockets" in sys.argv:
        watch(seen)
        # What worker processes answer is pickled by this program itself and read by it, so here there are none.
        lines = [["1" if before == "--workers" else word for before, word in pairwise(["", *line])] for line in lines]
    json.dump({"runs": [run(line) for line in lines], "seen": seen}, sys.stdout)


if __name__ == "__main__":
    main()
