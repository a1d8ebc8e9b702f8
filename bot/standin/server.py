"""The stand-in itself: takes calls over HTTP, checks each, answers it, and keeps record."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Literal, Self

from bot.standin import answering, bale, editing, limits, sending
from bot.standin.arguments import Arguments
from bot.standin.errors import ApiError, Call, Json, MistakeError, RefusalError, Refused, Violation
from bot.standin.failures import Failure, Late, Planned, Reset, Silent, error_of, takes_effect
from bot.standin.people import Group, Participant, person
from bot.standin.schema import reference
from bot.standin.updates import Updates, ok
from bot.standin.wire import Answering, Connection, Reply, Request
from bot.standin.world import Chat, World

Platform = Literal["telegram", "bale"]
_METHODS = {**sending.METHODS, **editing.METHODS, **answering.METHODS}


class StandIn:
    """A Bot API server on 127.0.0.1 for one bot, and the people who talk to it. An async context manager.

    ``check=False`` leaves out every check (for benchmarks); ``record=False`` keeps counts instead of calls, and only
    the last few messages of a chat.
    """

    def __init__(
        self,
        token: str = "42:TEST",  # noqa: S107 — no secret: the bot under test is given the same
        platform: Platform = "telegram",
        *,
        port: int = 0,
        check: bool = True,
        record: bool = True,
    ) -> None:
        self.token = token
        self.platform = platform
        self.port = port
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self.refusals: list[Refused] = []
        self.on_call: Callable[[str, Mapping[str, Any], float], None] | None = None
        self.world = World(platform=platform, check=check, keep_messages=None if record else 20)
        self.updates = Updates(keep=record)
        self.updates.conflict = self._conflict
        self._record = record
        self._planned: list[Planned] = []
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._prefix = f"/bot{token}/"
        self._special: dict[str, Callable[[Arguments], Answering]] = {
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._webhook_info,
        }

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()
        await self.updates.close()
        # One turn of the loop, so that the transports just broken off are gone before it closes.
        await asyncio.sleep(0)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self._handle, self._connections), "127.0.0.1", self.port)
        self._server = server
        self.port = server.sockets[0].getsockname()[1]

    def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in tuple(self._connections):
            connection.abort()

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """While inside, connections are refused and those there were are broken."""
        self._hang_up()
        await asyncio.sleep(0)
        try:
            yield
        finally:
            await self._listen()

    @property
    def url(self) -> str:
        """Where the bot finds it: calls go to ``{url}/bot{token}/{method}``, files to ``{url}/file/bot{token}/…``."""
        return f"http://127.0.0.1:{self.port}"

    def user(self, user_id: int, *, first_name: str = "شهروند", started: bool = True, **more: Any) -> Participant:
        """A person in their private chat. ``started=False``: one who has not yet written, so the bot may not either."""
        user = self.world.users.setdefault(user_id, person(user_id, first_name, more))
        chat = self.world.chats.get(user_id)
        if chat is None:
            names: Json = {name: user[name] for name in ("first_name", "last_name", "username") if name in user}
            chat = Chat({"id": user_id, "type": "private", **names}, started=started)
            self.world.chats[user_id] = chat
        return Participant(self.world, self.updates, chat, user)

    def group(self, chat_id: int, *, title: str = "میز پاسخ‌گویی") -> Group:
        """A group with a negative id, with the bot as administrator; people join with `Group.member`."""
        if chat_id >= 0:
            raise ValueError("a group's id is negative")
        data = {"id": chat_id, "type": "supergroup", "title": title}
        chat = self.world.chats.setdefault(chat_id, Chat(data, members={self.world.me["id"]: "administrator"}))
        return Group(self.world, self.updates, chat)

    def fail(self, method: str, error: Failure, *, times: int = 1, chat_id: int | None = None) -> None:
        """Let the next calls of ``method`` fail (``*``: any but getUpdates), perhaps only those of one chat."""
        self._planned.append(Planned(method, times, error, chat_id))

    def redeliver(self, update_id: int) -> None:
        """Hand out an update once more, as Telegram does when it missed the confirmation."""
        self.updates.redeliver(update_id)

    def unanswered(self) -> list[Violation]:
        """Callback queries the bot has not answered; on Bale these are mistakes, on Telegram bad manners."""
        return [
            Violation("answerCallbackQuery", "callback_query_id", "never answered", query.data)
            for query in self.world.callbacks.values()
            if not query.answered
        ]

    @property
    def not_modified(self) -> int:
        """Edits that changed nothing."""
        return sum(refused.not_modified for refused in self.refusals)

    def assert_clean(self) -> None:
        """Raise AssertionError naming every violation, and on Bale every callback query without an answer."""
        found = self.violations + (self.unanswered() if self.platform == "bale" else [])
        if found:
            lines = [f"{one.method}: {one.field}: {one.reason}; {dict(one.parameters)}" for one in found]
            raise AssertionError("\n".join([f"{len(found)} violations of the Bot API:", *lines]))

    def calls_of(self, *methods: str) -> list[Call]:
        """The calls of these methods, in order."""
        return [call for call in self.calls if call.method in methods]

    def _conflict(self) -> None:
        self.refusals.append(Refused("getUpdates", 409, "Conflict: terminated by other getUpdates request", {}))

    def _handle(self, request: Request) -> Answering:
        if request.path.startswith(self._prefix):
            return self._call(request.path[len(self._prefix) :], request)
        if request.path.startswith("/file" + self._prefix):
            kept = self.world.paths.get(request.path[len("/file" + self._prefix) :])
            return Reply(200, kept.content, kept.mime.encode()) if kept else self._error(ApiError(404, "Not Found"))
        error = ApiError(
            *((401, "Unauthorized") if request.path.startswith(("/bot", "/file/bot")) else (404, "Not Found"))
        )
        self.refusals.append(Refused(request.path.rpartition("/")[2], error.code, error.description, {}))
        return self._error(error)

    @staticmethod
    def _error(error: ApiError) -> Reply:
        return Reply(error.code, json.dumps(error.answer(), ensure_ascii=False).encode())

    def _call(self, name: str, request: Request) -> Answering:
        call = Call(name, {}, time.perf_counter())
        self.counts[name] += 1
        if self._record:
            self.calls.append(call)
        try:
            arguments = self._arguments(call, request)
            if self.on_call is not None:
                self.on_call(name, call.parameters, call.at)
            failure = self._failure(name, call.parameters.get("chat_id"))
            return self._run(call, arguments) if failure is None else self._fail(call, arguments, failure)
        except ApiError as error:
            return self._note(call, error)

    def _arguments(self, call: Call, request: Request) -> Arguments:
        method = reference().methods.get(call.method)
        if method is None or (self.platform == "bale" and call.method not in bale.METHODS):
            raise MistakeError(None, f"{self.platform} has no method {call.method}", "Not Found", 404)
        try:
            raw, files = request.form()
        except (ValueError, KeyError) as error:
            raise MistakeError(None, f"can't parse the request's body: {error}") from error
        arguments = Arguments(method, raw, files)
        call.parameters = {**raw, **files}
        extra = bale.EXTRA_FIELDS if self.platform == "bale" else frozenset()
        arguments.read(check=self.world.check, extra=extra)
        call.parameters = {**arguments.values, **files}
        return arguments

    def _failure(self, method: str, chat_id: object) -> Failure | None:
        for planned in self._planned:
            if planned.meets(method, chat_id):
                planned.times -= 1
                return planned.failure
        return None

    def _fail(self, call: Call, arguments: Arguments, failure: Failure) -> Answering:
        reply = self._run(call, arguments) if takes_effect(failure) else None
        call.outcome = "failed"
        error = error_of(failure)
        if error is not None:
            self.refusals.append(Refused(call.method, error.code, error.description, call.parameters))
            return self._error(error)
        if not isinstance(reply, Reply):
            reply = Reply()
        match failure:
            case Late(seconds=seconds):
                reply.delay = seconds
            case Silent():
                reply.hang = True
            case Reset():
                reply.reset = True
        return reply

    def _note(self, call: Call, error: ApiError) -> Reply:
        if isinstance(error, MistakeError):
            call.outcome = "violation"
            self.violations.append(Violation(call.method, error.field, error.reason, call.parameters))
        else:
            call.outcome = "refused"
            self.refusals.append(Refused(call.method, error.code, error.description, call.parameters))
        return self._error(error)

    def _run(self, call: Call, arguments: Arguments) -> Answering:
        special = self._special.get(call.method)
        if special is not None:
            return special(arguments)
        act = _METHODS.get(call.method)
        if act is not None:
            call.result = act(self.world, arguments)
        else:
            call.result = self.world.plausible(arguments.method.returns[0])
        if self.world.check:
            self._sloppy(call, arguments)
        return ok(call.result)

    def _sloppy(self, call: Call, arguments: Arguments) -> None:
        found = [*self.world.sloppy, *((name, "the file is named by no field") for name in arguments.unused_files())]
        self.world.sloppy.clear()
        for where, reason in found:
            self.violations.append(Violation(call.method, where, reason, call.parameters))

    def _get_updates(self, call: Arguments) -> Answering:
        return self.updates.get(
            offset=call.get("offset", 0),
            limit=call.get("limit", 100),
            timeout=call.get("timeout", 0),
            kinds=call.get("allowed_updates"),
        )

    def _set_webhook(self, call: Arguments) -> Reply:
        url: str = call["url"]
        if not url:
            return self._delete_webhook(call)
        limits.check_webhook_url(url)
        secret: str | None = call.get("secret_token")
        limits.check_secret(secret)
        connections = call.get("max_connections", 40)
        if not 1 <= connections <= 100:
            raise MistakeError("max_connections", "not 1 to 100")
        self.updates.allow(call.get("allowed_updates"))
        if call.get("drop_pending_updates"):
            self.updates.pending.clear()
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret and self.platform == "telegram" else {}
        try:
            self.updates.set_webhook(url, headers, connections)
        except ValueError as error:
            raise RefusalError(400, f"Bad Request: bad webhook: {error}") from error
        return ok(result=True)

    def _delete_webhook(self, call: Arguments) -> Reply:
        self.updates.drop_webhook()
        if call.get("drop_pending_updates"):
            self.updates.pending.clear()
        return ok(result=True)

    def _webhook_info(self, _call: Arguments) -> Reply:
        hook = self.updates.webhook
        info: Json = {
            "url": hook.url if hook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates.pending),
        }
        if hook is not None:
            info["max_connections"] = hook.connections
            if hook.last_error is not None:
                info["last_error_date"], info["last_error_message"] = hook.last_error
        if self.updates.allowed:
            info["allowed_updates"] = sorted(self.updates.allowed)
        return ok(info)
