"""Every recipient once, whatever the messenger answers; pauses, hours, replicas, edits and recalls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, text

from bot.broadcast import Meter, Tempo
from bot.delivery import Blocked, Later, Refused, Uncertain, Unreachable
from records import ledger
from records.announcement_values import Audience, StaleError
from records.announcements import Announcements
from records.database import Database
from records.sole import KEEPALIVE
from records.subscriptions import Subscriptions
from records.tables import outbox
from tests.bot.broadcast.studio import NIGHT, NOON, Clock, FakeCarrier, Studio

SLOW = Tempo(idle=120, progress=600)
"""For waits of hours: the clock jumps from look to look."""


async def test_everybody_gets_it_once(studio: Studio) -> None:
    await studio.subscribe(range(120))
    await studio.subscribe(range(500, 520), channel="bale")
    number = await studio.announce()
    telegram, bale = FakeCarrier(studio.clock), FakeCarrier(studio.clock, "bale")
    async with studio.sending(telegram, bale):
        done = await studio.until_state(number, "done")
    assert sorted(telegram.chats(), key=int) == [str(n) for n in range(120)]
    assert sorted(bale.chats(), key=int) == [str(n) for n in range(500, 520)]
    tally = await studio.tally(number)
    assert (tally.sent, tally.left) == (140, 0)
    assert done.started_at is not None
    assert done.finished_at is not None


async def test_only_who_wants_it(studio: Studio) -> None:
    await studio.subscribe([1])
    await studio.subscribe([2], wants="none")
    await studio.subscribe([3, 4], wants="some")
    async with studio.database.transaction() as records:
        of = Subscriptions(records.connection)
        for person, bureaus, urgent, county in (
            ("3", ("urban",), False, "alborz"),
            ("4", ("crisis",), True, "avaj"),
        ):
            known = await of.of("telegram", person)
            changed = known.__class__("some", bureaus, urgent, known.quiet, county, asked=True)
            await of.put("telegram", person, changed, NOON)
    reached = {}
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier):
        for name, kind, audience in (
            ("all", "normal", Audience()),
            ("all urgent", "urgent", Audience()),
            ("urban", "normal", Audience("bureaus", ("urban", "human"))),
            ("crisis", "normal", Audience("bureaus", ("crisis",))),
            ("crisis urgent", "urgent", Audience("bureaus", ("crisis",))),
            ("alborz", "normal", Audience("county", county="alborz")),
        ):
            carrier.sent.clear()
            number = await studio.announce(name, kind=kind, audience=audience)  # type: ignore[arg-type] # a literal
            await studio.until_state(number, "done")
            reached[name] = sorted(carrier.chats())
    assert reached == {
        "all": ["1", "3"],
        "all urgent": ["1", "3", "4"],
        "urban": ["1", "3"],
        "crisis": ["1"],
        "crisis urgent": ["1", "4"],
        "alborz": ["3"],
    }


async def test_the_ledger_is_written_in_batches_that_can_break_off_anywhere(studio: Studio) -> None:
    await studio.subscribe(range(95))
    number = await studio.announce(plan=False)
    steps = 0
    while True:
        async with studio.database.transaction() as records:
            done = await records.connection.run(ledger.plan, number, 10)
        steps += 1
        # A transaction that is rolled back leaves the place where it was.
        with pytest.raises(ZeroDivisionError):
            await _broken_off(studio, number)
        tally = await studio.tally(number)
        assert tally.total == min(95, steps * 10)
        if done:
            break
    assert steps == 10
    assert len(await studio.states(number)) == 95


async def _broken_off(studio: Studio, number: int) -> None:
    async with studio.database.transaction() as records:
        await records.connection.run(ledger.plan, number, 10)
        raise ZeroDivisionError


async def test_a_claim_reads_the_index_of_what_waits_alone(studio: Studio) -> None:
    """Else it would read through all that was sent: a million rows a message."""
    await studio.subscribe(range(300))
    number = await studio.announce()

    def plan(connection: Connection) -> str:
        if connection.dialect.name == "postgresql":
            ledger.hold_seat(connection, "me")
        compiled = ledger.next_rows(number, "telegram", 2208, 1e10, 1).compile(
            connection, compile_kwargs={"literal_binds": True}
        )
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        return "\n".join(str(row) for row in connection.execute(text(f"{explain} {compiled}")))

    async with studio.database.transaction() as records:
        await records.connection.run(ledger.take_seat, "me", 1.0)
        assert "ix_announcement_ledger_open" in await records.connection.run(plan)


async def test_blocked_is_written_down_and_never_written_to_again(studio: Studio) -> None:
    await studio.subscribe(range(10))
    carrier = FakeCarrier(studio.clock)
    carrier.outcomes["3"].append(Blocked())
    async with studio.sending(carrier):
        first = await studio.announce("یک")
        await studio.until_state(first, "done")
        second = await studio.announce("دو")
        await studio.until_state(second, "done")
    assert (await studio.tally(first)).blocked == 1
    assert (await studio.tally(second)).total == 9
    assert [one.text for one in carrier.tried if one.chat == "3"] == ["یک"]


async def test_who_blocks_us_after_the_approval_is_not_tried(studio: Studio) -> None:
    await studio.subscribe(range(3))
    number = await studio.announce()
    async with studio.database.transaction() as records:
        await records.connection.execute(text("UPDATE people SET blocked_at = 1 WHERE person = '1'"))
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier):
        await studio.until_state(number, "done")
    assert await studio.states(number) == {"0": "sent", "1": "blocked", "2": "sent"}
    assert sorted(carrier.chats()) == ["0", "2"]


async def test_who_stops_or_is_forgotten_after_the_approval_gets_nothing(studio: Studio) -> None:
    await studio.subscribe(range(4))
    number = await studio.announce()
    async with studio.database.transaction() as records:
        await Subscriptions(records.connection).stop("telegram", "1", NOON)
        await records.forget("telegram", "2", "2")
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier):
        await studio.until_state(number, "done")
    assert sorted(carrier.chats()) == ["0", "3"]
    states = await studio.states(number)
    assert sorted(states.values()) == ["sent", "sent", "withdrawn", "withdrawn"]
    assert "2" not in states
    await studio.tally(number)


async def test_retry_after_is_obeyed_to_the_second_while_the_other_messenger_goes_on(studio: Studio) -> None:
    await studio.subscribe(range(30))
    await studio.subscribe(range(30), channel="bale")
    number = await studio.announce()
    telegram, bale = FakeCarrier(studio.clock), FakeCarrier(studio.clock, "bale")
    told: list[float] = []

    def note(chat: str) -> None:
        if telegram.outcomes[chat] and not told:
            told.append(studio.clock())

    telegram.before = note
    for chat in map(str, range(30)):
        telegram.outcomes[chat].append(Later(17.0)) if chat == "7" else None
    async with studio.sending(telegram, bale, tempo=Tempo(at_once=1)):
        await studio.until_state(number, "done")
    after = [one.at for one in telegram.tried if one.at > told[0]]
    assert min(after) >= told[0] + 17.0
    assert len(telegram.chats()) == len(set(telegram.chats())) == 30
    assert len(bale.chats()) == 30
    assert (await studio.tally(number)).sent == 60


async def test_no_answer_in_time_is_unknown_and_not_repeated(studio: Studio) -> None:
    await studio.subscribe(range(6))
    number = await studio.announce()
    carrier = FakeCarrier(studio.clock)
    carrier.outcomes["2"].append(Uncertain())
    async with studio.sending(carrier):
        await studio.until_state(number, "done")
    assert (await studio.states(number))["2"] == "unknown"
    assert [one.chat for one in carrier.tried].count("2") == 1


async def test_faults_are_tried_again_and_a_hopeless_one_does_not_hold_up_the_others(studio: Studio) -> None:
    await studio.subscribe(range(40))
    number = await studio.announce()
    carrier = FakeCarrier(studio.clock)
    carrier.always["5"] = Unreachable()
    for chat in ("8", "9", "20"):
        carrier.outcomes[chat].extend([Unreachable(), Unreachable()])
    async with studio.sending(carrier):
        await studio.until_state(number, "done")
    tally = await studio.tally(number)
    assert (tally.sent, tally.failed) == (39, 1)
    assert (await studio.states(number))["5"] == "failed"
    assert len(set(carrier.chats())) == len(carrier.chats()) == 39


async def test_an_outage_fails_nobody(studio: Studio) -> None:
    await studio.subscribe(range(12))
    number = await studio.announce()
    carrier = FakeCarrier(studio.clock)
    carrier.always = {str(chat): Unreachable() for chat in range(12)}
    began = studio.clock()
    async with studio.sending(carrier, tempo=SLOW):
        await studio.until(lambda: studio.clock() > began + 3 * 3600)
        carrier.always.clear()
        await studio.until_state(number, "done")
    assert (await studio.tally(number)).sent == 12
    hourly = len([one for one in carrier.tried if one.at < began + 3600])
    assert hourly < 60


async def test_what_the_messenger_refuses_is_failed_and_many_in_a_row_hold_the_announcement(studio: Studio) -> None:
    await studio.subscribe(range(60))
    number = await studio.announce()
    carrier = FakeCarrier(studio.clock)
    carrier.always = {str(chat): Refused("can't parse") for chat in range(60)}
    async with studio.sending(carrier, tempo=Tempo(refusals=5, at_once=1)):
        paused = await studio.until_state(number, "paused")
        assert paused.reason
        carrier.always.clear()
        await studio.move(number, "running")
        await studio.until_state(number, "done")
    tally = await studio.tally(number)
    assert tally.failed <= 6
    assert tally.sent == 60 - tally.failed


async def test_a_fault_of_our_own_is_unknown_not_repeated(studio: Studio) -> None:
    await studio.subscribe(range(3))
    number = await studio.announce()
    carrier = FakeCarrier(studio.clock)
    carrier.outcomes["1"].append(KeyError("message_id"))
    async with studio.sending(carrier):
        await studio.until_state(number, "done")
    assert (await studio.states(number))["1"] == "unknown"


async def test_pause_resume_stop(studio: Studio) -> None:
    await studio.subscribe(range(50))
    number = await studio.announce()
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier, tempo=Tempo(at_once=1)):
        await studio.until(lambda: len(carrier.sent) >= 10)
        await studio.move(number, "paused")
        # One may have been claimed before the pause was committed.
        stood = len(carrier.sent) + 1
        reached = studio.clock() + 60
        await studio.until(lambda: studio.clock() > reached)
        assert len(carrier.sent) <= stood
        await studio.move(number, "running")
        await studio.until(lambda: len(carrier.sent) >= 25)
        await studio.move(number, "stopped")
        stood = len(carrier.sent) + 1
        reached = studio.clock() + 60
        await studio.until(lambda: studio.clock() > reached)
    assert len(carrier.sent) <= stood
    tally = await studio.tally(number)
    assert tally.sent == len(carrier.sent)
    assert tally.left == 50 - tally.sent
    with pytest.raises(StaleError):
        await studio.move(number, "running")


async def test_at_night_only_the_urgent_and_those_who_want_it(studio: Studio) -> None:
    studio.clock.now = NIGHT.timestamp()
    await studio.subscribe([1, 2])
    await studio.subscribe([3], quiet=0)
    carrier = FakeCarrier(studio.clock)
    normal = await studio.announce("عادی")
    urgent = await studio.announce("فوری", kind="urgent")
    async with studio.sending(carrier, tempo=SLOW):
        await studio.until_state(urgent, "done")
        await studio.until_state(normal, "done")
    assert {one.chat for one in carrier.sent if one.text == "فوری"} == {"1", "2", "3"}
    at = {one.chat: datetime.fromtimestamp(one.at, UTC) for one in carrier.sent if one.text == "عادی"}
    eight = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
    assert at["3"] < eight
    assert at["1"] >= eight
    assert at["2"] >= eight


async def test_quiet_hours_chosen_after_the_approval_count(studio: Studio) -> None:
    studio.clock.now = NIGHT.timestamp()
    await studio.subscribe([1, 2], quiet=0)
    number = await studio.announce()
    async with studio.database.transaction() as records:
        await records.connection.execute(text("UPDATE subscribers SET quiet = 2208 WHERE person = '1'"))
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier, tempo=SLOW):
        await studio.until_state(number, "done")
    at = {one.chat: one.at for one in carrier.sent}
    assert at["1"] >= datetime(2026, 11, 23, 4, 30, tzinfo=UTC).timestamp()
    assert at["2"] < at["1"]


async def test_a_scheduled_one_waits_for_its_hour(studio: Studio) -> None:
    await studio.subscribe(range(5))
    due = NOON + timedelta(hours=2)
    number = await studio.announce(due_at=due)
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier, tempo=SLOW):
        await studio.until_state(number, "done")
    assert len(carrier.sent) == 5
    assert min(one.at for one in carrier.sent) >= due.timestamp()


async def test_the_urgent_goes_first(studio: Studio) -> None:
    await studio.subscribe(range(40))
    normal = await studio.announce("عادی")
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier, tempo=Tempo(at_once=1)):
        await studio.until(lambda: len(carrier.sent) >= 5)
        urgent = await studio.announce("فوری", kind="urgent")
        await studio.until_state(urgent, "done")
        await studio.until_state(normal, "done")
    texts = [one.text for one in carrier.sent]
    last_urgent = len(texts) - texts[::-1].index("فوری")
    assert texts[:last_urgent].count("عادی") < 40
    assert texts.count("عادی") == texts.count("فوری") == 40


async def test_never_above_the_rate_nor_two_a_second_to_one_chat(studio: Studio) -> None:
    await studio.subscribe(range(40))
    numbers = [await studio.announce(text) for text in ("یک", "دو")]
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier):
        for number in numbers:
            await studio.until_state(number, "done")
    times = sorted(one.at for one in carrier.tried)
    assert len(times) == 80
    for place, at in enumerate(times):
        assert sum(at <= other < at + 1.0 for other in times[place:]) <= 30
    for chat in map(str, range(40)):
        first, second = sorted(one.at for one in carrier.tried if one.chat == chat)
        assert second - first >= 1.0


def test_live_answers_take_from_the_rate_and_never_stop_it() -> None:
    clock = Clock()
    meter = Meter(25, 1.0, clock)
    for _ in range(5):
        meter.live(("telegram", "1"))
    assert meter.wait() == pytest.approx(5 / 25)
    for _ in range(1000):
        meter.live(("telegram", "1"))
    assert meter.wait() == pytest.approx(1.0)
    clock.now += 1.0
    assert meter.wait() == 0
    assert meter.chat_wait(("telegram", "1")) == 0
    meter.written(("telegram", "1"))
    assert meter.chat_wait(("telegram", "1")) == 1.0
    meter.pause("bale", 9)
    assert (meter.opens_in("bale"), meter.opens_in("telegram")) == (9, 0)


def test_a_pause_is_not_made_up_for_by_a_burst() -> None:
    clock = Clock()
    meter = Meter(25, 1.0, clock)
    meter.take()
    clock.now += 60
    assert meter.wait() == 0
    meter.take()
    assert meter.wait() == pytest.approx(1 / 25)
    meter.take(weight=5)
    assert meter.wait() == pytest.approx(6 / 25)


async def test_of_two_replicas_one_sends_and_the_other_takes_over(studio: Studio) -> None:
    if studio.database.lone:
        pytest.skip("SQLite has one process")
    await studio.subscribe(range(80))
    number = await studio.announce()
    other = Database(studio.database._url)
    one, two = FakeCarrier(studio.clock), FakeCarrier(studio.clock)
    try:
        async with studio.sending(one) as first:
            await studio.until(lambda: len(one.sent) >= 5)
            async with Studio(other, studio.clock).sending(two) as second:
                await studio.until(lambda: len(one.sent) >= 30)
                assert first.seated
                assert not second.seated
                assert two.tried == []
                await first.stop()
                await studio.until_state(number, "done")
    finally:
        await other.close()
    assert sorted([*one.chats(), *two.chats()], key=int) == [str(chat) for chat in range(80)]
    assert (await studio.tally(number)).sent == 80


def test_a_dead_sender_is_followed_within_30_seconds() -> None:
    """A dead process frees the lock at once, a dead machine when the server's keepalive has given it up."""
    idle, interval, count = (int(statement.rpartition("=")[2]) for statement in KEEPALIVE[:3])
    assert idle + interval * count + Tempo().takeover <= 30


async def test_who_lost_the_seat_begins_nothing_more(studio: Studio) -> None:
    await studio.subscribe(range(60))
    number = await studio.announce()
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier, tempo=Tempo(at_once=1, takeover=1e9)) as broadcaster:
        await studio.until(lambda: len(carrier.sent) >= 5)
        async with studio.database.transaction() as records:
            await records.connection.run(ledger.take_seat, "another", studio.clock())
        await studio.until(lambda: not broadcaster.seated)
        stood = len(carrier.tried)
        reached = studio.clock() + 60
        await studio.until(lambda: studio.clock() > reached or not broadcaster.seated)
        assert len(carrier.tried) == stood
    # What was in flight when the seat changed hands was put right by the one who knew.
    tally = await studio.tally(number)
    assert tally.sent == len(carrier.sent)
    assert tally.unknown == 0


async def test_what_was_in_flight_when_the_sender_died_is_unknown(studio: Studio) -> None:
    await studio.subscribe(range(10))
    number = await studio.announce()
    async with studio.database.transaction() as records:
        await records.connection.run(ledger.take_seat, "dead", studio.clock())
        claims = await records.connection.run(ledger.claim, "dead", studio.clock(), 12, ["telegram"], 1)
    (lost,) = claims.rows
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier):
        await studio.until_state(number, "done")
    assert lost.person not in carrier.chats()
    assert (await studio.states(number))[lost.person] == "unknown"
    assert (await studio.tally(number)).sent == 9


async def test_the_unknown_are_written_to_again_when_the_desk_wants_it(studio: Studio) -> None:
    await studio.subscribe(range(6))
    number = await studio.announce()
    carrier = FakeCarrier(studio.clock)
    carrier.outcomes["2"].append(Uncertain("no answer"))
    carrier.always["3"] = Uncertain("no answer")
    async with studio.sending(carrier):
        done = await studio.until_state(number, "done")
        assert (await studio.tally(number)).unknown == 2
        async with studio.database.transaction() as records:
            await Announcements(records.connection).again(done)
            assert await records.connection.run(ledger.again, number) == 2
        await studio.until_state(number, "done")
        tally = await studio.tally(number)
    assert sorted(carrier.chats()) == ["0", "1", "2", "4", "5"]
    assert (tally.sent, tally.unknown, tally.left) == (5, 1, 0)
    async with studio.database.transaction() as records:
        store = Announcements(records.connection)
        await store.again(done)
        with pytest.raises(StaleError):
            await store.again(done)


async def test_who_subscribes_before_its_hour_gets_it_and_who_leaves_does_not(studio: Studio) -> None:
    """Approved now for the afternoon; meanwhile one comes, one goes, and one comes back. Those who come after the
    start do not get it."""
    await studio.subscribe(range(100, 160), quiet=0)
    due = datetime.fromtimestamp(studio.clock.now, UTC) + timedelta(hours=4)
    number = await studio.announce(due_at=due)
    await studio.subscribe([1, 999], quiet=0)
    await studio.subscribe([7], channel="bale", quiet=0)
    await studio.subscribe([8], wants="none")
    async with studio.database.transaction() as records:
        of = Subscriptions(records.connection)
        for person in ("100", "101"):
            await of.stop("telegram", person, NOON)
        known = await of.of("telegram", "101")
        await of.put("telegram", "101", replace(known, wants="all"), NOON)
    telegram, bale = FakeCarrier(studio.clock), FakeCarrier(studio.clock, "bale")
    later: list[str] = []
    telegram.before = later.append
    async with studio.sending(telegram, bale, tempo=replace(SLOW, plan=7)):
        await studio.until(lambda: len(later) >= 3)
        await studio.subscribe([2], quiet=0)
        await studio.until_state(number, "done")
    wanted = {"1", "999", *map(str, range(101, 160))}
    assert sorted(telegram.chats()) == sorted(wanted | ({"2"} & {*telegram.chats()}))
    assert bale.chats() == ["7"]
    assert min(one.at for one in telegram.sent) >= due.timestamp()
    tally = await studio.tally(number)
    assert (tally.withdrawn, tally.left) == (1, 0)
    assert tally.total == tally.sent + 1


async def test_what_other_replicas_answer_is_taken_out_of_the_pace(studio: Studio) -> None:
    """Ten answers a second in the outbox, none of which leaves here."""
    began = studio.clock.now
    answer = {"channel": "telegram", "chat": "7", "place": 0, "part": "{}", "state": "sent", "attempts": 1}
    answers = [{**answer, "not_before": 0.0, "created_at": began + number / 10} for number in range(6000)]
    async with studio.database.transaction() as records:
        await records.connection.run(lambda connection: connection.execute(insert(outbox), answers))
    meter = Meter(25, 1.0, studio.clock)
    async with studio.sending(FakeCarrier(studio.clock), meter=meter):
        await studio.until(lambda: meter.pace < 25)
        assert 13 <= meter.pace <= 17


def test_announcements_go_on_at_one_a_second_however_much_is_answered_elsewhere() -> None:
    clock = Clock()
    meter = Meter(25, 1.0, clock)
    for answered, left in ((0.0, 25.0), (15.0, 10.0), (24.5, 1.0), (80.0, 1.0)):
        meter.elsewhere(answered)
        assert meter.pace == pytest.approx(left)
    meter.take()
    assert meter.wait() == pytest.approx(1.0)


async def test_one_that_goes_at_once_is_not_gone_through_again(studio: Studio) -> None:
    await studio.subscribe(range(10, 30), quiet=0)
    number = await studio.announce()
    await studio.subscribe([1], quiet=0)
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier):
        await studio.until_state(number, "done")
    assert "1" not in carrier.chats()


async def test_what_went_out_is_edited_and_what_waits_says_the_new(studio: Studio) -> None:
    await studio.subscribe(range(30))
    number = await studio.announce("غلط")
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier, tempo=Tempo(at_once=1)):
        await studio.until(lambda: len(carrier.sent) >= 10)
        async with studio.database.transaction() as records:
            store = Announcements(records.connection)
            found = await store.get(number)
            assert found is not None
            proposed = await store.propose(found, found.body.__class__("درست"), found.author)
            await store.edit(proposed)
        await studio.until_state(number, "done")
    wrong = {one.chat for one in carrier.sent if one.text == "غلط"}
    right = {one.chat for one in carrier.sent if one.text == "درست"}
    assert len(wrong) + len(right) == 30
    assert wrong <= set(carrier.amended)
    assert set(carrier.amended.values()) == {"درست"}
    assert (await studio.tally(number)).amended == len(carrier.amended)


async def test_a_recall_takes_back_what_went_out_and_sends_no_more(studio: Studio) -> None:
    await studio.subscribe(range(40))
    number = await studio.announce()
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier, tempo=Tempo(at_once=1)):
        await studio.until(lambda: len(carrier.sent) >= 10)
        async with studio.database.transaction() as records:
            store = Announcements(records.connection)
            found = await store.get(number)
            assert found is not None
            await store.recall(found, NOON)
        await studio.until_state(number, "recalled")
    assert sorted(carrier.recalled) == sorted(carrier.chats())
    assert len(carrier.sent) < 40


async def test_the_progress_is_shown_in_one_message_edited_at_a_bounded_rate(studio: Studio) -> None:
    await studio.subscribe(range(400))
    number = await studio.announce()
    async with studio.database.transaction() as records:
        await Announcements(records.connection).watch(number, "telegram", "900", "55")
    carrier = FakeCarrier(studio.clock)
    async with studio.sending(carrier):
        await studio.until_state(number, "done")
        async with studio.database.reading() as records:
            rows = await records.connection.execute(
                text("SELECT part, target_message, created_at FROM outbox ORDER BY id")
            )
            watching = await records.connection.execute(text("SELECT * FROM announcement_watchers"))
    assert {row.target_message for row in rows} == {"55"}
    # The first edit waits in the outbox: nobody delivers here, so no second one is piled upon it.
    assert len(rows) == 1
    assert len(watching) == 1


async def test_without_anybody_it_is_done_at_once(studio: Studio) -> None:
    number = await studio.announce()
    async with studio.sending(FakeCarrier(studio.clock)):
        await studio.until_state(number, "done")
    assert (await studio.tally(number)).total == 0
