"""What other programs read: JSON with names that stay."""

from __future__ import annotations

import json
from pathlib import Path

from progress import at_rate, service

from twilio_sessions.cli._facts import progress_facts, report_facts, to_json
from twilio_sessions.export import ExportReport, Failure, Skipped


def test_an_export_under_way():
    progress = at_rate(
        60, 100, partitions=3, partitions_done=1, current=[service(1, sessions=0, participants=90)]
    )
    progress.rows.update(services=2, sessions=90)
    progress.skipped.append(Skipped("interactions of KC1", "gone"))
    facts = json.loads(to_json(progress_facts(progress)))
    assert facts.pop("seconds") >= 0
    assert facts == {
        "event": "progress",
        "rows": {"services": 2, "sessions": 90},
        "total_rows": 92,
        "rows_per_second": 100,
        "requests": 0,
        "requests_per_second": 60,
        "allowed_per_second": 30,
        "throttled": 0,
        "duplicates": 0,
        "skipped": 1,
        "parts": 3,
        "parts_done": 1,
        "left": [
            {
                "product": "proxy",
                "service_sid": "KS1" + "0" * 31,
                "resource": "participants",
                "listings": 90,
            }
        ],
        "listings_left": 90,
        "eta_seconds": 3,
        "eta_is_least": True,
        "waiting_for": None,
    }


def test_a_thousand_services_are_not_listed():
    progress = at_rate(60, current=[service(number, participants=number) for number in range(1, 1000)])
    facts = progress_facts(progress)
    left = facts["left"]
    assert isinstance(left, list)
    assert [each["listings"] for each in left] == list(range(999, 979, -1))
    assert facts["listings_left"] == 499_500
    assert "\n" not in to_json(facts)


def test_an_outage_has_no_end():
    progress = at_rate(60, partitions=1, current=[service(1, participants=3)], waiting_for="HTTP 503")
    facts = progress_facts(progress)
    assert (facts["waiting_for"], facts["eta_seconds"]) == ("HTTP 503", None)


def test_a_result():
    report = ExportReport(
        Path("archive"), {"sessions": 3}, 1.23456, (Skipped("a", "b"),), (Failure("c", "d", "RQ1"),), 5, 6, 3
    )
    assert json.loads(to_json(report_facts(report, is_complete=False, resume="again"))) == {
        "event": "result",
        "complete": False,
        "out": "archive",
        "rows": {"sessions": 3},
        "total_rows": 3,
        "rows_read": 3,
        "seconds": 1.235,
        "requests": 5,
        "throttled": 6,
        "skipped": [{"what": "a", "why": "b", "is_gone": True, "request_id": None}],
        "failures": [{"what": "c", "why": "d", "request_id": "RQ1"}],
        "resume": "again",
    }
