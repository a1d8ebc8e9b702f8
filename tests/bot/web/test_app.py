"""The routes of the web chat, asked over ASGI as a browser would ask them."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bot.limits import Buckets
from bot.web.app import BODY_LIMIT, TEXT_LIMIT, WebSettings, web_app
from bot.web.assets import load_assets
from bot.web.session import Sessions
from tests.bot.web.scripted import BUREAUS, DRONE, GREETING, PIXELS, ScriptedDesk

MARK = {"x-khedmatyar": "1"}
SECRET = b"a secret of the tests"


def client_of(desk: ScriptedDesk, settings: WebSettings | None = None, url: str = "http://chat.example") -> Any:
    transport = httpx.ASGITransport(
        web_app(desk, settings or WebSettings(secret=SECRET)), raise_app_exceptions=False, client=("192.0.2.7", 40000)
    )
    return httpx.AsyncClient(transport=transport, base_url=url)


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.fixture
async def client(desk: ScriptedDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk) as client:
        await client.get("/")
        yield client


async def post(client: httpx.AsyncClient, **said: object) -> httpx.Response:
    return await client.post("/chat/turn", json={"id": str(uuid4()), **said}, headers=MARK)


async def test_page_names_its_own_files_by_content_and_they_are_kept_for_good(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    names = set(re.findall(r'"(static/[^"]+)"', page.text))
    assert {name.rsplit(".", 1)[-1] for name in names} == {"css", "js", "svg"}
    for name in names:
        asset = await client.get(f"/{name}")
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-encoding"] == "gzip"
    assert not re.search(r"https?://", page.text)
    assert (await client.get("/static/chat.js")).status_code == 404


async def test_style_sheet_names_the_font_that_is_served(client: httpx.AsyncClient) -> None:
    sheet = next(asset for name, asset in load_assets().by_name.items() if name.endswith(".css"))
    font = re.search(r'url\("([^"]+)"\)', sheet.body.decode())
    assert font
    served = await client.get(f"/static/{font[1]}", headers={"accept-encoding": "identity"})
    assert served.headers["content-type"] == "font/ttf"
    assert served.content[:4] == b"\x00\x01\x00\x00"
    assert gzip.decompress(load_assets().by_name[font[1]].packed) == served.content


async def test_every_answer_bears_the_strict_policy(client: httpx.AsyncClient, desk: ScriptedDesk) -> None:
    answers = [await client.get(path) for path in ("/", "/healthz", "/nowhere", "/picture/drone.png", "/chat/news")]
    answers.append(await post(client, text="سلام"))
    desk.down = True
    answers.append(await post(client, text="سلام"))
    assert answers[-1].status_code == 500
    for answer in answers:
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"


async def test_a_pdf_keeps_only_the_frame_directive(client: httpx.AsyncClient) -> None:
    answer = await client.get("/picture/drone.pdf")
    assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert answer.headers["content-type"] == "application/pdf"


async def test_page_has_no_inline_script_style_or_handler(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert "<style" not in page
    assert not re.search(r"\s(style|on\w+)=", page)


async def test_a_question_is_answered_and_the_turn_is_well_made(client: httpx.AsyncClient, desk: ScriptedDesk) -> None:
    answer = (await post(client, text="  می‌خواهم پهپاد\x00 پرواز بدهم ")).json()
    assert DRONE in answer["messages"][0]["html"]
    turn = desk.turns[0]
    assert (turn.channel, turn.text, turn.button) == ("web", "می‌خواهم پهپاد پرواز بدهم", None)
    assert turn.chat == turn.person
    assert re.fullmatch(r"[0-9a-f]{32}", turn.chat)
    assert len(turn.update) <= 64
    assert turn.at.utcoffset() is not None


async def test_the_session_id_stays_in_the_browser(client: httpx.AsyncClient, desk: ScriptedDesk) -> None:
    await post(client, text="سلام")
    token = client.cookies["khedmatyar"].partition(".")[0]
    assert len(token) >= 32
    assert token not in desk.turns[0].chat


async def test_a_pressed_button_names_its_message_and_edits_it(client: httpx.AsyncClient) -> None:
    first = (await post(client, text="/start")).json()["messages"][0]
    second = (await post(client, button="menu:0", message=first["id"], after=first["id"])).json()["messages"][0]
    assert second["edits"] == first["id"]
    assert BUREAUS[0] in second["html"]


async def test_a_repeated_turn_does_nothing_twice_and_gets_the_same(
    client: httpx.AsyncClient, desk: ScriptedDesk
) -> None:
    same = {"id": str(uuid4()), "text": "سلام", "after": 0}
    answers = [(await client.post("/chat/turn", json=same, headers=MARK)).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(answers[0]["messages"]) == 1
    assert len(desk.turns) == 1


async def test_the_same_id_in_two_sessions_is_two_turns(desk: ScriptedDesk) -> None:
    same = {"id": str(uuid4()), "text": "سلام"}
    for _ in range(2):
        async with client_of(desk) as client:
            await client.get("/")
            await client.post("/chat/turn", json=same, headers=MARK)
    assert len({turn.update for turn in desk.turns}) == 2


async def test_news_are_what_came_after(client: httpx.AsyncClient, desk: ScriptedDesk) -> None:
    await post(client, text="/start")
    await post(client, text="پهپاد")
    history = (await client.get("/chat/news")).json()["messages"]
    assert [GREETING in history[0]["html"], DRONE in history[1]["html"]] == [True, True]
    later = await client.get("/chat/news", params={"after": history[0]["id"]})
    assert later.json()["messages"] == history[1:]
    async with client_of(desk) as stranger:
        await stranger.get("/")
        assert (await stranger.get("/chat/news")).json()["messages"] == []


@pytest.mark.parametrize("after", ["-1", "x", "۱", "1" * 30, str(2**63)])
async def test_news_after_nonsense_are_refused(client: httpx.AsyncClient, after: str) -> None:
    assert (await client.get("/chat/news", params={"after": after})).status_code == 400


async def test_without_a_session_nothing_is_taken(desk: ScriptedDesk) -> None:
    async with client_of(desk) as client:
        assert (await post(client, text="سلام")).status_code == 401
        assert (await client.get("/chat/news")).status_code == 401
    assert desk.turns == []


async def test_a_session_that_we_did_not_sign_is_none(desk: ScriptedDesk) -> None:
    async with client_of(desk) as client:
        forged = Sessions(b"another secret", framed=False).issue(https=False).partition(";")[0]
        for cookie in (forged, "khedmatyar=guess", "khedmatyar=guess.", "khedmatyar=.x", "khedmatyar=é.é"):
            answer = await client.get("/chat/news", headers={b"cookie": cookie.encode("latin-1")})
            assert answer.status_code == 401


async def test_a_lasting_secret_keeps_sessions_over_a_restart(desk: ScriptedDesk) -> None:
    async with client_of(desk) as client, client_of(desk) as restarted, client_of(desk, WebSettings()) as other:
        await client.get("/")
        await post(client, text="سلام")
        restarted.cookies = client.cookies
        other.cookies = client.cookies
        assert len((await restarted.get("/chat/news")).json()["messages"]) == 1
        assert (await other.get("/chat/news")).status_code == 401


async def test_a_page_with_a_session_gets_no_other(client: httpx.AsyncClient) -> None:
    assert "set-cookie" not in (await client.get("/")).headers


async def test_new_conversation_is_another_session(client: httpx.AsyncClient, desk: ScriptedDesk) -> None:
    await post(client, text="سلام")
    assert (await client.post("/chat/new", headers=MARK)).status_code == 204
    assert (await client.get("/chat/news")).json()["messages"] == []
    await post(client, text="سلام")
    assert len({turn.chat for turn in desk.turns}) == 2


async def test_cookie_over_http_and_https(desk: ScriptedDesk) -> None:
    cookies = {}
    framed = WebSettings(secret=SECRET, frame_ancestors=("https://ostandari.example",))
    for name, settings, url in (
        ("http", None, "http://chat.example"),
        ("https", None, "https://chat.example"),
        ("framed", framed, "https://chat.example"),
    ):
        async with client_of(desk, settings, url) as client:
            cookies[name] = (await client.get("/")).headers["set-cookie"]
    assert "HttpOnly" in cookies["http"]
    assert "Secure" not in cookies["http"]
    assert cookies["https"].startswith("__Host-")
    assert cookies["https"].endswith("SameSite=Lax; Secure")
    assert cookies["framed"].endswith("SameSite=None; Partitioned; Secure")


async def test_an_https_session_works(desk: ScriptedDesk) -> None:
    async with client_of(desk, url="https://chat.example") as client:
        await client.get("/")
        assert (await post(client, text="سلام")).status_code == 200


async def test_named_sites_may_frame_the_page(desk: ScriptedDesk) -> None:
    settings = WebSettings(frame_ancestors=("https://ostandari.example", "'self'"))
    async with client_of(desk, settings) as client:
        headers = (await client.get("/")).headers
    assert headers["content-security-policy"].endswith("frame-ancestors https://ostandari.example 'self'")
    assert "x-frame-options" not in headers


@pytest.mark.parametrize("origin", ["*; script-src *", "ostandari.example", "https://a.example b", "", "https://"])
def test_a_frame_ancestor_that_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        WebSettings(frame_ancestors=(origin,))


@pytest.mark.parametrize(
    "headers", [{}, MARK | {"sec-fetch-site": "cross-site"}, MARK | {"sec-fetch-site": "same-site"}]
)
async def test_another_sites_request_is_refused(
    client: httpx.AsyncClient, desk: ScriptedDesk, headers: dict[str, str]
) -> None:
    for path in ("/chat/turn", "/chat/new"):
        answer = await client.post(path, json={"id": str(uuid4()), "text": "سلام"}, headers=headers)
        assert answer.status_code == 403
    assert desk.turns == []


async def test_only_json_is_taken(client: httpx.AsyncClient) -> None:
    answer = await client.post("/chat/turn", data={"id": str(uuid4()), "text": "سلام"}, headers=MARK)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"text": "سلام", "button": "help"},
        {"text": 3},
        {"button": ""},
        {"button": "b" * 65},
        {"button": "راهنما"},
        {"button": "a\nb"},
        {"text": "سلام", "message": "x"},
        {"text": "سلام", "after": -1},
        {"text": "سلام", "after": 2**63},
        {"text": "سلام", "chat": "another's"},
        {"text": "سلام", "id": "not-a-uuid"},
    ],
)
async def test_a_turn_of_another_shape_is_refused(
    client: httpx.AsyncClient, desk: ScriptedDesk, said: dict[str, object]
) -> None:
    answer = await post(client, **said)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert desk.turns == []


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff\xfe", b'{"id": "', rb'{"id": "0", "text": "\ud800"}'])
async def test_a_body_that_is_no_turn_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/chat/turn", content=body, headers=MARK | {"content-type": "application/json"})
    assert answer.status_code == 400


async def test_long_texts_and_big_bodies_are_refused_kindly(client: httpx.AsyncClient, desk: ScriptedDesk) -> None:
    assert (await post(client, text="پ" * TEXT_LIMIT)).status_code == 200
    longer = await post(client, text="پ" * (TEXT_LIMIT + 1))
    bigger = await post(client, text="پ" * BODY_LIMIT)
    assert (longer.status_code, bigger.status_code) == (422, 413)
    assert "۴۰۹۶" in longer.json()["error"]
    assert longer.json() == bigger.json()
    assert len(desk.turns) == 1


async def test_too_many_turns_wait_and_other_sessions_do_not(desk: ScriptedDesk) -> None:
    settings = WebSettings(secret=SECRET, turns_per_minute=20, turns_burst=6)
    async with client_of(desk, settings) as client:
        await client.get("/")
        statuses = [(await post(client, text="سلام")).status_code for _ in range(6)]
        refused = await post(client, text="سلام")
        assert statuses == [200] * 6
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 3
        assert "ثانیه" in refused.json()["error"]
        assert len(desk.turns) == 6
        await client.post("/chat/new", headers=MARK)
        assert (await post(client, text="سلام")).status_code == 200


async def test_new_sessions_of_one_address_are_limited(desk: ScriptedDesk) -> None:
    settings = WebSettings(secret=SECRET, sessions_per_minute=1, sessions_burst=2)
    async with client_of(desk, settings) as client:
        given = []
        for number in range(4):
            client.cookies.clear()
            answer = await client.get("/", headers={"x-forwarded-for": f"198.51.100.{number}"})
            given.append("set-cookie" in answer.headers)
            assert answer.status_code == 200
        assert given == [True, True, False, False]
        assert (await client.post("/chat/new", headers=MARK)).status_code == 429


async def test_behind_our_proxy_its_word_on_the_address_and_https_counts(desk: ScriptedDesk) -> None:
    settings = WebSettings(secret=SECRET, proxies=1, sessions_per_minute=1, sessions_burst=1)
    async with client_of(desk, settings) as client:
        given = []
        for hops in ("203.0.113.9, 198.51.100.1", "203.0.113.8, 198.51.100.1", "198.51.100.2", "nonsense"):
            client.cookies.clear()
            answer = await client.get("/", headers={"x-forwarded-for": hops, "x-forwarded-proto": "https"})
            given.append(answer.headers.get("set-cookie", ""))
    assert [bool(cookie) for cookie in given] == [True, False, True, True]
    assert "Secure" in given[0]


async def test_addresses_of_one_ipv6_network_are_one(desk: ScriptedDesk) -> None:
    settings = WebSettings(secret=SECRET, proxies=1, sessions_per_minute=1, sessions_burst=1)
    async with client_of(desk, settings) as client:
        given = []
        for address in ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"):
            client.cookies.clear()
            given.append("set-cookie" in (await client.get("/", headers={"x-forwarded-for": address})).headers)
    assert given == [True, False, True]


async def test_picture_is_sized_tagged_and_kept_by_its_content(client: httpx.AsyncClient) -> None:
    message = (await post(client, button="flow:drone", message=1)).json()["messages"][0]
    source = re.search(r'src="([^"]+)"', message["html"])
    assert source
    assert f'width="{PIXELS[0]}" height="{PIXELS[1]}"' in message["html"]
    named = await client.get(f"/{source[1]}")
    plain = await client.get("/picture/drone.png")
    assert named.content == plain.content
    assert "immutable" in named.headers["cache-control"]
    assert plain.headers["cache-control"] == "no-cache"
    again = await client.get("/picture/drone.png", headers={"if-none-match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    stale = await client.get("/picture/drone.png?v=0000")
    assert stale.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["nobody.png", "drone.gif", "drone", "../app.png", "%2e%2e%2fapp.png"])
async def test_no_other_picture(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/picture/{name}")).status_code == 404


async def test_health_tells_whether_the_desk_is_ready(client: httpx.AsyncClient, desk: ScriptedDesk) -> None:
    assert (await client.get("/healthz")).json() == {"ready": True}
    desk.down = True
    assert (await client.get("/healthz")).status_code == 503


async def test_an_unforeseen_error_is_told_in_persian_and_the_turn_can_be_sent_again(
    client: httpx.AsyncClient, desk: ScriptedDesk
) -> None:
    same = {"id": str(uuid4()), "text": "سلام"}
    desk.down = True
    failed = await client.post("/chat/turn", json=same, headers=MARK)
    assert failed.status_code == 500
    assert "دوباره" in failed.json()["error"]
    desk.down = False
    assert len((await client.post("/chat/turn", json=same, headers=MARK)).json()["messages"]) == 1


def test_bucket_fills_up_again_with_time() -> None:
    now = 0.0
    buckets = Buckets(20, 2, clock=lambda: now)
    assert [buckets.wait("a"), buckets.wait("a")] == [0.0, 0.0]
    assert buckets.wait("a") == pytest.approx(3.0)
    now = 3.0
    assert buckets.wait("a") == 0.0
    assert buckets.wait("a") == pytest.approx(3.0)
    now = 1000.0
    assert [buckets.wait("a") > 0 for _ in range(3)] == [False, False, True]


def test_buckets_are_bounded_and_the_stalest_is_forgotten() -> None:
    buckets = Buckets(1, 1, keys=2, clock=lambda: 0.0)
    for key in ("a", "b", "a", "c"):
        buckets.wait(key)
    assert len(buckets) == 2
    assert buckets.wait("a") > 0
    assert buckets.wait("b") == 0.0
