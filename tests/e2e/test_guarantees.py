"""What the conversation promises: each update once, each chat in order, nothing lost, nobody written to who left."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from bot.settings import Settings
from bot.standin import Blocked, Reset, RetryAfter, ServerError, StandIn
from knowledge.catalogue import Catalogue
from knowledge.finder.finder import Finder
from tests.e2e.running import Running, free_port, replies, reply, running, said, until

SECRET = "s3cret-X"  # noqa: S105 — of this test


def codes(catalogue: Catalogue, count: int) -> list[str]:
    """Codes of services whose cards are one page."""
    return [service.code for service in catalogue.services if service.workflow is None][:count]


def code_of(callbacks: list[str]) -> str:
    """The service whose card bears these buttons."""
    (code,) = {data.split(":")[1] for data in callbacks if data.startswith("cnew:")}
    return code


@pytest.mark.usefixtures("quiet")
async def test_a_redelivered_update_does_nothing(api: StandIn, service: Running) -> None:
    person = api.user(7)
    update = await person.send("/start women-01")
    await reply(person)
    press = await person.press_data(person.messages[-1], "s:women-02")
    await reply(person)
    for number in (update, press, update):
        api.redeliver(number)
    assert "راهنما" in (await said(person, "/help")).text
    assert len(api.calls_of("sendMessage")) == 3
    assert service.rows("SELECT count(*) FROM outbox") == [(3,)]
    assert service.rows("SELECT count(*) FROM updates") == [(3,)]
    api.assert_clean()


@pytest.mark.usefixtures("service", "quiet")
async def test_each_chat_is_answered_in_order(api: StandIn, catalogue: Catalogue) -> None:
    people = [api.user(number) for number in range(1, 9)]
    wanted = codes(catalogue, 10)
    for code in wanted:
        for person in people:
            await person.deep_link(code)
    for person in people:
        assert [code_of(shown.callbacks) for shown in await replies(person, len(wanted))] == wanted
    api.assert_clean()


@pytest.mark.usefixtures("quiet")
async def test_who_blocked_us_is_recorded_and_left_alone(api: StandIn, service: Running, catalogue: Catalogue) -> None:
    person, other = api.user(7), api.user(8)
    await said(person, "/help")
    api.fail("sendMessage", Blocked(), times=9, chat_id=7)
    for code in codes(catalogue, 3):
        await person.deep_link(code)
    await until(lambda: service.rows("SELECT count(*) FROM outbox WHERE state = 'dropped'") == [(3,)])
    assert set(service.rows("SELECT reason FROM outbox WHERE state = 'dropped'")) == {("blocked",)}
    refused = [call for call in api.calls_of("sendMessage") if call.outcome == "failed"]
    await said(other, "/help")
    assert refused == [call for call in api.calls_of("sendMessage") if call.outcome == "failed"]
    assert 1 <= len(refused) <= 3
    assert service.rows("SELECT person FROM people WHERE blocked_at IS NOT NULL") == [("7",)]
    api.assert_clean()


@pytest.mark.usefixtures("quiet")
async def test_blocking_and_coming_back_is_noted(api: StandIn, service: Running) -> None:
    person = api.user(7)
    await said(person, "/help")
    person.block()
    await until(lambda: service.rows("SELECT person FROM people WHERE blocked_at IS NOT NULL") == [("7",)])
    person.unblock()
    await said(person, "/help")
    assert service.rows("SELECT count(*) FROM people WHERE blocked_at IS NOT NULL") == [(0,)]
    api.assert_clean()


@pytest.mark.usefixtures("service", "quiet")
async def test_too_many_requests_is_obeyed(api: StandIn) -> None:
    person, other = api.user(7), api.user(8)
    await said(person, "/help")
    api.fail("sendMessage", RetryAfter(1), chat_id=7)
    await person.send("/about")
    await until(lambda: any(call.outcome == "failed" for call in api.calls))
    await other.send("/help")
    await reply(person)
    await reply(other)
    calls = api.calls_of("sendMessage")
    failed = next(place for place, call in enumerate(calls) if call.outcome == "failed")
    # The whole channel rests: it is the bot, not the chat, that was too fast.
    assert all(call.at - calls[failed].at >= 1.0 for call in calls[failed + 1 :])
    assert len(calls) == 4
    api.assert_clean()


@pytest.mark.usefixtures("service", "quiet")
async def test_what_was_asked_while_the_messenger_was_away_is_answered_in_order(
    api: StandIn, catalogue: Catalogue
) -> None:
    people = [api.user(number) for number in range(1, 6)]
    wanted = codes(catalogue, 6)
    for person in people:
        await person.deep_link(wanted[0])
    async with api.down():
        for code in wanted[1:4]:
            for person in people:
                await person.deep_link(code)
        await asyncio.sleep(0.3)
    for code in wanted[4:]:
        for person in people:
            await person.deep_link(code)
    for person in people:
        assert [code_of(shown.callbacks) for shown in await replies(person, len(wanted))] == wanted
    api.assert_clean()


@pytest.mark.usefixtures("service", "quiet")
@pytest.mark.parametrize("failure", [ServerError(), Reset()])
async def test_a_reply_that_could_not_be_sent_is_sent_later(
    api: StandIn, catalogue: Catalogue, failure: ServerError | Reset
) -> None:
    person = api.user(7)
    wanted = codes(catalogue, 3)
    await said(person, "/help")
    api.fail("sendMessage", failure)
    for code in wanted:
        await person.deep_link(code)
    assert [code_of(shown.callbacks) for shown in await replies(person, 3)] == wanted
    api.assert_clean()


@pytest.mark.usefixtures("quiet")
async def test_what_was_unsent_at_the_end_is_sent_at_the_next_start(
    api: StandIn, finder: Finder, tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.service.DRAIN_SECONDS", 0.2)
    person = api.user(7)
    wanted = codes(catalogue, 3)
    async with running(api, finder, tmp_path) as service:
        await said(person, "/help")
        api.fail("sendMessage", RetryAfter(3600))
        for code in wanted:
            await person.deep_link(code)
        await until(lambda: service.rows("SELECT count(*) FROM updates") == [(4,)])
        await service.end()
        assert service.rows("SELECT count(*) FROM outbox WHERE state = 'waiting'") == [(3,)]
    api.updates.polled.clear()
    async with running(api, finder, tmp_path) as service:
        assert [code_of(one.callbacks) for one in await replies(person, 3)] == wanted
        await until(lambda: service.rows("SELECT DISTINCT state FROM outbox") == [("sent",)])
    api.assert_clean()


@pytest.mark.usefixtures("quiet")
async def test_who_went_and_came_back_during_an_outage_is_answered(api: StandIn, service: Running) -> None:
    person = api.user(7)
    await said(person, "/help")
    async with api.down():
        person.block()
        person.unblock()
        await person.send("/about")
    assert "درباره" in (await reply(person)).text
    assert service.rows("SELECT count(*) FROM people WHERE blocked_at IS NOT NULL") == [(0,)]
    assert service.rows("SELECT count(*) FROM outbox WHERE state = 'dropped'") == [(0,)]
    api.assert_clean()


@pytest.mark.usefixtures("quiet")
async def test_webhook(api: StandIn, finder: Finder, tmp_path: Path) -> None:
    person = api.user(7)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    hook: dict[str, object] = {"web_port": port, "webhook_url": address, "webhook_secret": SECRET}
    assert Settings.model_fields.keys() >= hook.keys()
    async with running(api, finder, tmp_path, **hook) as service:
        assert "راهنما" in (await said(person, "/help")).text
        update = await person.send("/start women-01")
        assert code_of((await reply(person)).callbacks) == "women-01"
        api.redeliver(update)
        before = service.rows("SELECT count(*) FROM updates")
        forged = {**api.updates.log[update], "update_id": 999_999}
        async with httpx.AsyncClient(trust_env=False) as web:
            for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}):
                answer = await web.post(f"{address}/webhook/telegram", content=json.dumps(forged), headers=headers)
                assert answer.status_code == 403
            assert (await web.get(f"{address}/")).status_code == 200
        assert "درباره" in (await said(person, "/about")).text
        assert service.rows("SELECT count(*) FROM updates") == [(before[0][0] + 1,)]
        assert len(api.calls_of("sendMessage")) == 3
        assert not api.calls_of("getUpdates")
        assert api.updates.webhook is not None
        assert not api.updates.webhook.undelivered
    api.assert_clean()


@pytest.mark.usefixtures("quiet")
async def test_webhook_of_bale(bale: StandIn, finder: Finder, tmp_path: Path) -> None:
    person = bale.user(7)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    async with running(bale, finder, tmp_path, web_port=port, webhook_url=address, webhook_secret=SECRET) as service:
        assert "راهنما" in (await said(person, "/help")).text
        async with httpx.AsyncClient(trust_env=False) as web:
            answer = await web.post(f"{address}/webhook/bale/wrong", content="{}")
        assert answer.status_code == 404
        assert service.rows("SELECT count(*) FROM updates") == [(1,)]
    bale.assert_clean()
