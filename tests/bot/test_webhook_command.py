"""`khedmatyar webhook`: the one actor that sets the webhook, on stand-ins of both messengers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import SettingsError, load_settings
from bot.standin import RetryAfter, StandIn
from tests.bot.standin_thread import in_a_thread

SECRET = "a-long_secret-of-the-test-27"  # noqa: S105 — of this test
URL = "https://bot.example.ir"


@contextmanager
def configured(monkeypatch: pytest.MonkeyPatch, folder: Path, **values: str) -> Iterator[None]:
    monkeypatch.chdir(folder)
    for name, value in values.items():
        monkeypatch.setenv(f"KHEDMATYAR_{name}", value)
    yield


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[StandIn, StandIn]]:
    """Telegram and Bale, each a stand-in in a thread of its own: the command runs its own event loop."""
    with (
        in_a_thread() as telegram,
        in_a_thread("bale") as bale,
        configured(
            monkeypatch,
            tmp_path,
            TELEGRAM_TOKEN=telegram.token,
            TELEGRAM_API_URL=telegram.url,
            BALE_TOKEN=bale.token,
            BALE_API_URL=bale.url,
            WEBHOOK_URL=URL,
            WEBHOOK_SECRET=SECRET,
        ),
    ):
        yield telegram, bale


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["webhook", *arguments], catch_exceptions=False)


def refused(*arguments: str) -> str:
    with pytest.raises(SettingsError) as caught:
        run(*arguments)
    return str(caught.value)


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def hooks(*apis: StandIn) -> list[str]:
    return [call.parameters["url"] for api in apis for call in api.calls_of("setWebhook")]


def test_set_info_and_delete(both: tuple[StandIn, StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    # The stand-in posts to this machine only.
    monkeypatch.setenv("KHEDMATYAR_WEBHOOK_URL", "http://127.0.0.1:9")
    before = run("info", "--json")
    assert before.exit_code == 1
    assert [line["as_set"] for line in lines(before.stdout)] == [False, False]
    assert "khedmatyar webhook set" in run("info").stdout

    done = run("set")
    assert done.exit_code == 0, done.output
    assert hooks(*both) == ["http://127.0.0.1:9/webhook/telegram", f"http://127.0.0.1:9/webhook/bale/{SECRET}"]
    (telegram,) = both[0].calls_of("setWebhook")
    assert telegram.parameters["secret_token"] == SECRET
    assert "callback_query" in telegram.parameters["allowed_updates"]

    after = run("info", "--json")
    assert after.exit_code == 0
    assert [line["as_set"] for line in lines(after.stdout)] == [True, True]
    shown = run("info").stdout
    assert "همان است که در تنظیم‌هاست" in shown
    # Bale's address is its secret.
    assert SECRET not in done.stdout + after.stdout + shown

    monkeypatch.setenv("KHEDMATYAR_WEBHOOK_URL", "http://127.0.0.1:10")
    assert run("info").exit_code == 1

    assert run("delete").exit_code == 0
    assert [line["url"] for line in lines(run("info", "--json").stdout)] == ["", ""]
    assert all("drop_pending_updates" not in call.parameters for api in both for call in api.calls_of("deleteWebhook"))
    assert run("delete", "--drop-pending").exit_code == 0
    assert both[0].calls_of("deleteWebhook")[-1].parameters["drop_pending_updates"] is True
    for api in both:
        api.assert_clean()


@pytest.mark.usefixtures("both")
def test_an_address_without_https_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHEDMATYAR_WEBHOOK_URL", "http://bot.example.ir")
    assert "https" in refused("set")


def test_a_messenger_that_does_not_answer_is_named(both: tuple[StandIn, StandIn]) -> None:
    both[0].fail("setWebhook", RetryAfter(30))
    told = refused("set")
    assert "تلگرام" in told
    assert both[0].token not in told


def test_without_settings_it_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with configured(monkeypatch, tmp_path, TELEGRAM_TOKEN=StandIn().token):
        assert "KHEDMATYAR_WEBHOOK_URL" in refused("set")
    monkeypatch.delenv("KHEDMATYAR_TELEGRAM_TOKEN")
    assert "KHEDMATYAR_TELEGRAM_TOKEN" in refused("info")


@pytest.mark.parametrize(
    "weak", ["s3cret", "changeme-changeme", "aaaaaaaaaaaaaaaaaaaaaaaa", "a secret with blanks in it"]
)
def test_a_weak_secret_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weak: str) -> None:
    with configured(monkeypatch, tmp_path, WEBHOOK_URL=URL, WEBHOOK_SECRET=weak):
        with pytest.raises(SettingsError, match="KHEDMATYAR_WEBHOOK_SECRET") as caught:
            load_settings()
        assert weak not in str(caught.value)


def test_a_strong_secret_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with configured(monkeypatch, tmp_path, WEBHOOK_URL=URL, WEBHOOK_SECRET=SECRET):
        assert load_settings().webhook_url == URL
