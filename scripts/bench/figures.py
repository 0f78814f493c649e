"""The table: what was measured, beside what is demanded (design: Speed), and whether it is reached."""

# ruff: noqa: E501 (a row of the table to a line)
from __future__ import annotations

from typing import Any

GROWTH = 1.3  # p50 at the largest size over p50 at the smallest
WORKER_MB = 120
SWEEP_RATE, OUTBOX_RATE = 7_700, 300
NOTHING_SQL, NOTHING_MS = 5, 5.0
SIGN_IN_SQL = 8
PUBLISH_MS, PUBLISH_S = 300, 1.0


def table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['command']} · {result['when']} · {result['machine']} · load {result['load_before'][0]:.1f} → {result['load_after'][0]:.1f}"
    ]
    sizes = result["sizes"]
    smallest = next(iter(sizes.values()))
    for found in sizes.values():
        lines += [
            "",
            f"### {found['tickets']:,} tickets (load {found['load'][0]:.1f})",
            "",
            *_requests(found, smallest),
            "",
            *_inside(found),
        ]
    return "\n".join(lines)


def _requests(found: dict[str, Any], smallest: dict[str, Any]) -> list[str]:
    lines = [
        "| operation | req/s | p50 ms | p95 ms | floor req/s | of the floor | SQL | growth | goal | |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|---|",
    ]
    for name, one in found["operations"].items():
        sql, goal = found["statements"].get(name, 0), one["goal"]
        share = one["rate"] / one["floor_rate"] if one["floor_rate"] else 0.0
        before = smallest["operations"][name]["p50"]
        growth = one["p50"] / before if before and found is not smallest else None
        misses = _misses(goal, share, sql, one["p95"], growth)
        wanted = [f"≥ {goal['share']:g} of the floor"] if goal["share"] else []
        wanted += [f"SQL ≤ {goal['sql']}"] if goal["sql"] else []
        wanted += [f"p95 ≤ {goal['p95']:g}"] if goal["p95"] else []
        lines.append(
            f"| {name} | {one['rate']:.0f} | {one['p50']:.1f} | {one['p95']:.1f} | {one['floor_rate']:.0f} | {share:.2f} | {sql} "
            f"| {f'{growth:.2f}' if growth else '–'} | {', '.join(wanted) or '–'} | {_verdict(misses)} |"
        )
    lines.append(f"| sign-in | | | | | | {found['statements']['sign-in']} | | SQL ≤ {SIGN_IN_SQL} | {_verdict(['SQL'] if found['statements']['sign-in'] > SIGN_IN_SQL else [])} |")  # fmt: skip
    return lines


def _misses(goal: dict[str, Any], share: float, sql: int, p95: float, growth: float | None) -> list[str]:
    checks = {
        "share": goal["share"] and share < goal["share"],
        "SQL": goal["sql"] and sql > goal["sql"],
        "p95": goal["p95"] and p95 > goal["p95"],
        "growth": growth and growth > GROWTH,
    }
    return [name for name, missed in checks.items() if missed]


def _verdict(misses: list[str]) -> str:
    return f"missed: {', '.join(misses)}" if misses else "reached"


def _inside(found: dict[str, Any]) -> list[str]:
    sweep, outbox = found["sweep"], found["outbox"]
    quiet = [name for name, missed in {"SQL": sweep["nothing_sql"] > NOTHING_SQL, "ms": sweep["nothing_ms"] > NOTHING_MS}.items() if missed]  # fmt: skip
    publish = found["publish"]
    rows = [
        (f"sweep of {sweep['handled']:,} due", f"{sweep['rate']:,.0f}/s", f"{sweep['floor_rate']:,.0f}/s", f"≥ {SWEEP_RATE:,}/s", ["rate"] if sweep["rate"] < SWEEP_RATE else []),
        ("sweep with nothing due", f"{sweep['nothing_sql']} SQL, {sweep['nothing_ms']:.1f} ms of SQL", "", f"≤ {NOTHING_SQL} SQL, {NOTHING_MS:g} ms", quiet),
        ("outbox, one worker", f"{outbox['rate']:.0f} mails/s", f"{outbox['floor_rate']:.0f}/s", f"≥ {OUTBOX_RATE}/s", ["rate"] if outbox["rate"] < OUTBOX_RATE else []),
        (f"publication to {publish['recipients']:,}: the request", f"{publish['request_ms']:.0f} ms, {publish['request_sql']} SQL", "", f"≤ {PUBLISH_MS} ms", ["ms"] if publish["request_ms"] > PUBLISH_MS else []),
        ("the same: receipts, alerts, outbox", f"{publish['job_s']:.2f} s, {publish['job_sql']} SQL", f"{publish['floor_s']:.2f} s", f"≤ {PUBLISH_S:g} s", ["s"] if publish["job_s"] > PUBLISH_S else []),
        ("sweep of notices with nothing due", f"{publish['nothing_sql']} SQL", "", f"≤ {NOTHING_SQL} SQL", ["SQL"] if publish["nothing_sql"] > NOTHING_SQL else []),
        ("memory of a web worker afterwards", f"{found['worker_mb']:.0f} MB", "", f"≤ {WORKER_MB} MB", ["memory"] if found["worker_mb"] > WORKER_MB else []),
        ("memory of the sweeping process", f"{sweep['memory_mb']:.0f} MB", "", "–", []),
    ]  # fmt: skip
    lines = ["| in process | measured | floor | goal | |", "|---|--:|--:|---|---|"]
    return lines + [
        f"| {name} | {is_} | {floor} | {goal} | {_verdict(misses)} |" for name, is_, floor, goal, misses in rows
    ]
