"""Settings from the environment: read, refused by name, documented, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import SettingsError, load_settings, secrets_of, variables

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine, no `.env` of the checkout."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_setting_is_documented_and_described() -> None:
    for name, purpose in variables().items():
        assert f"`{name}`" in DOCUMENTED, name
        assert len(purpose) > 20, name


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.telegram_token is None
    assert (settings.web_host, settings.web_port) == ("127.0.0.1", 8080)
    assert settings.database_url.startswith("sqlite:///data/")


def test_the_environment_and_a_file_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KHEDMATYAR_WEB_PORT=9000\nKHEDMATYAR_ADMINS=1, 2،3\n", encoding="utf-8")
    monkeypatch.setenv("KHEDMATYAR_TELEGRAM_API_URL", "http://127.0.0.1:8081/")
    settings = load_settings()
    assert settings.web_port == 9000
    assert settings.admins == ("1", "2", "3")
    assert settings.telegram_api_url == "http://127.0.0.1:8081"


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHEDMATYAR_TELEGRAM_TOKEN", "")
    assert load_settings().telegram_token is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("WEB_PORT", "many"), ("WEB_PORT", "70000"), ("WEB_PROXIES", "-1"), ("DEADLINES", "look=soon")],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"KHEDMATYAR_{name}", value)
    with pytest.raises(SettingsError, match=f"KHEDMATYAR_{name}"):
        load_settings()


def test_a_webhook_needs_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHEDMATYAR_WEBHOOK_URL", "https://bot.example")
    with pytest.raises(SettingsError, match="WEBHOOK_SECRET"):
        load_settings()


@pytest.mark.parametrize(
    "secret",
    [
        *(
            "short",
            "a" * 40,
            "abcabcabcabcabcabcabc",
            "1234567890123456",
            "khedmatyar-webhook-secret",
            "changeme-changeme",
        ),
        *(
            "Password-Password1",
            "secret_token_telegram",
            "a secret with blanks 123",
            "رازی به زبان فارسی دراز",
            "x" * 300,
        ),
    ],
)
def test_guessable_webhook_secrets_are_refused(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("KHEDMATYAR_WEBHOOK_URL", "https://bot.example")
    monkeypatch.setenv("KHEDMATYAR_WEBHOOK_SECRET", secret)
    with pytest.raises(SettingsError, match="KHEDMATYAR_WEBHOOK_SECRET") as refused:
        load_settings()
    assert secret not in str(refused.value)
    monkeypatch.delenv("KHEDMATYAR_WEBHOOK_URL")
    assert load_settings().webhook_secret is not None


@pytest.mark.parametrize("secret", ["V7x-q2LmZ_k9TfRb", "0f9c1d7e5b3a48269e0d7c6b5a493827"])
def test_good_webhook_secrets_are_taken(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("KHEDMATYAR_WEBHOOK_URL", "https://bot.example")
    monkeypatch.setenv("KHEDMATYAR_WEBHOOK_SECRET", secret)
    assert load_settings().webhook_url == "https://bot.example"


def test_all_secrets_are_known_to_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TELEGRAM_TOKEN", "BALE_TOKEN", "WEBHOOK_SECRET", "WEB_SECRET"):
        monkeypatch.setenv(f"KHEDMATYAR_{name}", f"word-of-{name}")
    monkeypatch.setenv("KHEDMATYAR_PROXY", "socks5://u:word-of-proxy@127.0.0.1:1")
    monkeypatch.setenv("KHEDMATYAR_DATABASE_URL", "postgresql://u:word-of-database@127.0.0.1/x")
    found = secrets_of(load_settings())
    assert {"word-of-TELEGRAM_TOKEN", "word-of-BALE_TOKEN", "word-of-WEBHOOK_SECRET", "word-of-WEB_SECRET"} <= set(
        found
    )
    assert {"word-of-proxy", "word-of-database"} <= set(found)


@pytest.mark.parametrize(("name", "value"), [("LOG_LEVEL", "LOUD"), ("LOG_FORMAT", "xml"), ("OPS_PORT", "70000")])
def test_wrong_settings_of_watching_are_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"KHEDMATYAR_{name}", value)
    with pytest.raises(SettingsError, match=f"KHEDMATYAR_{name}"):
        load_settings()


def test_secrets_never_show(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TELEGRAM_TOKEN", "BALE_TOKEN", "WEBHOOK_SECRET", "DATA_KEY", "WEB_SECRET"):
        monkeypatch.setenv(f"KHEDMATYAR_{name}", "hidden-word")
    assert "hidden-word" not in repr(load_settings())
    assert "hidden-word" not in load_settings().model_dump_json()
