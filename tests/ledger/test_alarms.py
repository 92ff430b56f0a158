"""A limit is reached: its webhook is told, once a period, signed, whatever breaks."""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Ledger, Postgres, migrated, until, wire
from conftest import command as run
from webhook import Webhook

from cellcost.errors import ConfigError
from cellcost_ledger.alarms.job import LEASE_SECONDS, AlarmJob, next_try
from cellcost_ledger.alarms.sending import Outcome, check_webhook
from cellcost_ledger.book.alarms import Alarm, Fired, add_alarm, remove_alarm
from cellcost_ledger.book.database import Database
from cellcost_ledger.book.keys import create_key
from cellcost_ledger.book.schema import job_lease
from cellcost_ledger.ingest import ingest
from cellcost_ledger.wire import decode_batch, encode

HOUR_US = 3_600_000_000
START = 443_000 * HOUR_US
SECRET = "a secret of the test"


@dataclass
class Bench:
    """A book, one clock, and as many jobs on them as a test wants."""

    book: Database
    now_us: int = START + 60_000_000
    seq: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.key, _ = create_key(self.book, team="search", teams=["*"], now_us=1)
        self.holder = self.job().holder

    def job(self) -> AlarmJob:
        return AlarmJob(
            self.book,
            count=lambda state: self.counts.update([state]),
            now_us=lambda: self.now_us,
        )

    def spend(self, nusd: int | None, *, time_us: int | None = None) -> None:
        self.seq += 1
        cost = {"reason": "no price"} if nusd is None else {"cost_nusd": str(nusd)}
        line = {"line_no": 1, "meter": "input", "quantity": 100, **cost}
        event = wire(self.seq, time_us=time_us or self.now_us, lines=[line])
        body = {"installation": "inst", "events": [event]}
        reply = ingest(
            self.book, decode_batch(encode(body)), self.key, now_us=self.now_us
        )
        assert [result.status for result in reply.results] == ["stored"]

    def tick(self) -> None:
        async def once() -> None:
            job = self.job()
            # One server, again and again.
            job.holder = self.holder
            await job.tick()
            await job.settled()
            await job.stop()

        asyncio.run(once())

    def alarm(self, webhook: Webhook, **changes: Any) -> Alarm:
        given: dict[str, Any] = {
            "tenant": "default",
            "team": None,
            "function": None,
            "model": None,
            "per": "hour",
            "limit_nusd": 50_000_000_000,
            "limit_tokens": None,
            "webhook": webhook.url,
            "secret": SECRET,
            "created_us": START,
        }
        found = Alarm(**{**given, **changes})
        add_alarm(self.book, found)
        return found


@pytest.fixture
def bench(book: Database) -> Bench:
    return Bench(book)


def test_a_limit_tells_once_a_period_and_again_in_the_next(
    bench: Bench, webhook: Webhook
) -> None:
    alarm = bench.alarm(webhook, team="search")
    bench.alarm(webhook, team="ads")
    bench.spend(49_999_999_999)
    bench.tick()
    assert webhook.told == []
    bench.spend(1)
    bench.tick()
    bench.spend(10_000_000_000)
    bench.tick()
    # A correction that lowers the sum changes nothing that was told.
    bench.spend(-30_000_000_000)
    bench.tick()
    (told,) = webhook.told
    assert told.is_signed(SECRET)
    assert not told.is_signed("another")
    assert told.headers["cellcost-delivery"] == f"{alarm.alarm_id}-{START // 10**6}"
    message = told.json()
    assert (message["sum_nusd"], message["limit_nusd"]) == ("50000000000",) * 2
    assert (message["team"], message["tokens"], message["test"]) == (
        "search",
        200,
        False,
    )
    assert "team search: $50.00, 200 tokens in the hour" in message["text"]
    bench.now_us += HOUR_US
    bench.spend(50_000_000_000)
    bench.tick()
    again = webhook.told[1].json()
    assert (len(webhook.told), again["period"]) == (2, message["period_end"])
    assert bench.counts == {"fired": 2, "sent": 2}


def test_what_comes_late_for_the_hour_before_tells_but_not_of_before_the_alarm(
    bench: Bench, webhook: Webhook
) -> None:
    bench.alarm(webhook)
    bench.spend(60_000_000_000, time_us=START - 1)
    bench.tick()
    assert webhook.told == []
    late = bench.now_us
    bench.now_us += HOUR_US
    bench.spend(60_000_000_000, time_us=late)
    bench.tick()
    assert len(webhook.told) == 1


def test_what_is_unknown_is_told_beside_the_sum_and_is_not_zero(
    bench: Bench, webhook: Webhook
) -> None:
    bench.alarm(webhook, limit_nusd=None, limit_tokens=100, per="day")
    bench.spend(None)
    bench.tick()
    first = webhook.told[0].json()
    assert (first["sum_nusd"], first["n_unpriced"]) == (None, 1)
    assert "100 tokens, cost unknown, 1 line unpriced" in first["text"]
    bench.alarm(webhook, limit_nusd=1)
    bench.spend(51_200_000_000)
    bench.tick()
    assert "at least $51.20, 1 line unpriced" in webhook.told[1].json()["text"]


def test_a_webhook_that_is_down_is_told_when_it_is_up_with_the_same_id(
    bench: Bench, webhook: Webhook
) -> None:
    webhook.answers = [(503, {}), (429, {"Retry-After": "120"})]
    bench.alarm(webhook)
    bench.spend(60_000_000_000)
    bench.tick()
    bench.now_us += 6_000_000
    bench.tick()
    bench.now_us += 119_000_000
    bench.tick()
    assert len(webhook.told) == 2
    bench.now_us += 1_000_000
    bench.tick()
    assert len(webhook.told) == 3
    assert len({told.headers["cellcost-delivery"] for told in webhook.told}) == 1
    assert bench.counts == {"fired": 1, "sent": 1}


def test_a_redirect_is_not_followed_and_not_tried_again(
    bench: Bench, webhook: Webhook
) -> None:
    with Webhook() as elsewhere:
        webhook.answers = [(307, {"Location": elsewhere.url})]
        bench.alarm(webhook)
        bench.spend(60_000_000_000)
        bench.tick()
        bench.now_us += 600_000_000
        bench.tick()
        assert (len(webhook.told), elsewhere.told) == (1, [])
    assert bench.counts == {"fired": 1, "failed": 1}


def test_a_removed_alarm_sends_nothing_more(bench: Bench, webhook: Webhook) -> None:
    webhook.answers = [(500, {})]
    alarm = bench.alarm(webhook)
    bench.spend(60_000_000_000)
    bench.tick()
    assert remove_alarm(bench.book, alarm.alarm_id)
    assert not remove_alarm(bench.book, alarm.alarm_id)
    bench.now_us += 600_000_000
    bench.tick()
    assert len(webhook.told) == 1


def test_of_two_servers_one_looks_and_the_other_follows_it_when_it_is_dead(
    bench: Bench, webhook: Webhook
) -> None:
    bench.alarm(webhook)
    bench.spend(60_000_000_000)

    async def two() -> None:
        dead, other = bench.job(), bench.job()
        assert (await dead.tick(), await other.tick()) == (True, False)
        await dead.settled()
        bench.now_us += LEASE_SECONDS * 1_000_000
        assert (await other.tick(), await dead.tick()) == (True, False)
        await other.stop()
        assert await dead.tick()
        await dead.stop()

    asyncio.run(two())
    assert len(webhook.told) == 1


def test_tries_wait_longer_and_longer_and_end_after_an_hour() -> None:
    fired = Fired(
        alarm_id="a",
        period_us=0,
        sum_nusd=1,
        tokens=1,
        n_unpriced=0,
        fired_us=0,
        next_try_us=0,
    )
    down = Outcome(arrived=False, again=True)
    assert next_try(fired, down, now_us=0, jitter=1) == 5_000_000
    assert next_try(fired, down, now_us=0, jitter=0) == 2_500_000
    assert next_try(fired, down, now_us=HOUR_US, jitter=0) is None
    asked = Outcome(arrived=False, again=True, after_seconds=3601)
    assert next_try(fired, asked, now_us=0, jitter=0) is None
    assert next_try(fired, Outcome(arrived=True), now_us=0, jitter=0) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x",
        "ftp://hooks.example.com/x",
        "https://",
        "https://ada:secret@hooks.example.com/x",
        "https://hooks.example.com:port/x",
        "https://hooks.example.com/a b",
        "hooks.example.com",
    ],
)
def test_a_webhook_that_is_not_private_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        check_webhook(url)


def test_an_operator_adds_tests_lists_and_removes_an_alarm(
    tmp_path: Path, webhook: Webhook
) -> None:
    add = ["alarm", "add", "--team", "search", "--per", "day", "--usd", "50"]
    refused = run(tmp_path, *add, "--webhook", "http://hooks.example.com/")
    assert (refused.returncode, "https://" in refused.stderr) == (1, True)
    done = run(tmp_path, *add, "--webhook", webhook.url)
    assert done.returncode == 0, done.stderr
    said, secret = done.stdout.splitlines()
    (listed,) = json.loads(run(tmp_path, "alarm", "list", "--json").stdout)
    assert said == f"alarm {listed['alarm']}: team search, $50.00 per day"
    shown = run(tmp_path, "alarm", "list").stdout
    for text in (json.dumps(listed), shown):
        assert secret not in text
        assert "hidden-path" not in text
    sent = run(tmp_path, "alarm", "test", listed["alarm"])
    assert (sent.returncode, sent.stdout) == (0, "127.0.0.1 took it\n")
    (told,) = webhook.told
    assert told.is_signed(secret)
    assert told.json()["test"]
    assert told.json()["text"].startswith("TEST, nothing happened")
    gone = run(tmp_path, "alarm", "remove", listed["alarm"])
    assert gone.stdout == f"removed {listed['alarm']}\n"
    assert run(tmp_path, "alarm", "list", "--json").stdout == "[]\n"
    assert run(tmp_path, "alarm", "test", listed["alarm"]).returncode == 1


def test_two_servers_tell_once_and_one_killed_is_followed_within_a_minute(
    postgres: Postgres, tmp_path: Path, webhook: Webhook
) -> None:
    url = migrated(postgres)
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    for limit in ("0.00005", "0.0001"):
        add = ["alarm", "add", "--per", "day", "--usd", limit, "--database", url]
        add += ["--webhook", webhook.url, "--secret-file", str(secret)]
        assert run(tmp_path, *add).returncode == 0
    one, two = Ledger(url, tmp_path), Ledger(url, tmp_path)
    one.start()
    two.start()
    assert one.client().statuses([wire(1), wire(2)]) == ["stored"] * 2
    until(lambda: webhook.told)
    one.kill()
    # As when its time has passed.
    book = one.book()
    book.write(lambda c: c.execute(sa.update(job_lease).values(until_us=0)))
    book.close()
    assert two.client().statuses([wire(3)]) == ["stored"]
    until(lambda: len(webhook.told) > 1)
    assert two.client().get("/readyz").status_code == 200
    assert "cellcost_ledger_alarms_total" in two.client().get("/metrics").text
    assert two.stop() == 0
    one.stop()
    ids = [told.headers["cellcost-delivery"] for told in webhook.told]
    assert len(ids) == len(set(ids)) == 2
    assert all(told.is_signed(SECRET) for told in webhook.told)
    for hidden in ("hidden-path", SECRET):
        assert hidden not in one.log()
