"use strict";

const POLL_BUSY = 15_000;
const POLL_IDLE = 60_000;
const IDLE_AFTER = 10 * 60_000;
const TYPING_AFTER = 250;
const NOTICE_FOR = 6_000;
const TEXT_LIMIT = 4096;
const OWN_KEY = "khedmatyar.own";
const OFFLINE = "پیام نرسید؛ به نظر می‌رسد اینترنت قطع است.";
const LONGER = "پیام‌تان بلندتر از ۴۰۹۶ نویسه است. لطفاً کوتاه‌ترش کنید یا در چند پیام بفرستید.";
const COPIED = "رونوشت شد.";
const COPIED_TO_SHARE = "متن رونوشت شد؛ در هر گفت‌وگویی می‌توانید بچسبانید.";
const LINK_COPIED = "نشانی این خدمت رونوشت شد؛ در هر گفت‌وگویی می‌توانید بچسبانید.";
const NOT_COPIED = "مرورگر اجازه‌ی رونوشت نداد.";

const [main, log, typing, form, input, sendButton, trouble, again, notice, fresh] =
  ["main", "log", "typing", "form", "text", "send", "trouble", "again", "notice", "new"].map((id) => document.getElementById(id));

const bubbles = new Map();
const own = recall();
let last = 0;
let inFlight = false;
let failed = null;
let lastDeed = Date.now();
let pollTimer = 0;
let noticeTimer = 0;

function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(OWN_KEY)) ?? [];
  } catch {
    return [];
  }
}

function remember() {
  try {
    sessionStorage.setItem(OWN_KEY, JSON.stringify(own.slice(-200)));
  } catch {
    // A browser that keeps nothing only loses the citizen's own lines at a reload.
  }
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("");
}

function ownBubble(text) {
  const bubble = document.createElement("div");
  bubble.className = "bubble own";
  bubble.dir = "auto";
  const who = document.createElement("span");
  who.className = "unseen";
  who.textContent = "شما: ";
  bubble.append(who, text);
  return bubble;
}

function botBubble(message) {
  const bubble = document.createElement("article");
  bubble.className = "bubble bot";
  bubble.tabIndex = -1;
  bubble.setAttribute("aria-label", "خدمت‌یار");
  fill(bubble, message);
  return bubble;
}

// The server made this HTML and escaped every text in it; the page's policy runs no inline script either way.
function fill(bubble, message) {
  bubble.innerHTML = message.html;
  bubble.dataset.id = message.id;
  bubbles.set(message.id, bubble);
}

function refill(bubble, message) {
  const focused = bubble.contains(document.activeElement) ? document.activeElement : null;
  const label = focused?.textContent;
  fill(bubble, message);
  if (!focused) return;
  const same = [...bubble.querySelectorAll("button, a")].find((one) => one.textContent === label);
  (same ?? bubble).focus({ preventScroll: true });
}

function show(messages) {
  const added = [];
  for (const message of messages) {
    if (message.id <= last) continue;
    last = message.id;
    const earlier = message.edits === null ? undefined : bubbles.get(message.edits);
    if (earlier) {
      refill(earlier, message);
      continue;
    }
    const bubble = botBubble(message);
    log.append(bubble);
    added.push(bubble);
  }
  return added;
}

function replay(messages) {
  let next = 0;
  const before = (id) => {
    while (next < own.length && own[next].after < id) log.append(ownBubble(own[next++].text));
  };
  for (const message of messages) {
    before(message.id);
    show([message]);
  }
  before(Infinity);
}

function keepOwn(text) {
  own.push({ after: last, text });
  remember();
}

function setTrouble(text, retry) {
  trouble.querySelector("p").textContent = text;
  again.hidden = !retry;
  trouble.hidden = !text;
}

function say(text) {
  clearTimeout(noticeTimer);
  notice.textContent = text ?? "";
  if (text) noticeTimer = setTimeout(() => { notice.textContent = ""; }, NOTICE_FOR);
}

async function ask(path, body) {
  const options = { credentials: "same-origin", cache: "no-store", headers: { "X-Khedmatyar": "1" } };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response = await fetch(path, options);
  if (response.status === 401) {
    await fetch("./", { credentials: "same-origin", cache: "no-store" });
    response = await fetch(path, options);
  }
  return response;
}

function busy(on) {
  inFlight = on;
  sendButton.setAttribute("aria-disabled", on);
  log.setAttribute("aria-busy", on);
}

/* The reader starts at the top of what is new; a long card is not scrolled past. */
function reveal(element) {
  if (element) main.scrollTop = element.offsetTop - 16;
}

/* One turn: `bubble` is the citizen's own line (none for a press), `pressed` the button, `label` what it said. */
async function deliver(turn) {
  if (inFlight) return;
  busy(true);
  failed = null;
  setTrouble("", false);
  say("");
  turn.bubble?.classList.remove("lost");
  turn.bubble?.classList.add("waiting");
  turn.pressed?.setAttribute("aria-disabled", "true");
  const dots = setTimeout(() => {
    typing.hidden = false;
    main.scrollTop = Math.max(main.scrollTop, typing.offsetTop + typing.offsetHeight - main.clientHeight + 16);
  }, TYPING_AFTER);
  try {
    const response = await ask("chat/turn", { ...turn.body, after: last });
    const told = await response.json();
    if (response.ok) arrived(turn, told);
    else refused(turn, response.status, told.error);
  } catch {
    lost(turn, OFFLINE);
  } finally {
    clearTimeout(dots);
    typing.hidden = true;
    turn.bubble?.classList.remove("waiting");
    turn.pressed?.removeAttribute("aria-disabled");
    busy(false);
    poll();
  }
}

function arrived(turn, told) {
  const held = document.activeElement === turn.pressed;
  if (turn.bubble) keepOwn(turn.body.text);
  const newBubble = told.messages.some((message) => message.edits === null || !bubbles.has(message.edits));
  if (turn.label && newBubble) {
    keepOwn(turn.label);
    turn.bubble = ownBubble(turn.label);
    log.append(turn.bubble);
  }
  const added = show(told.messages);
  say(told.notice);
  if (added.length) reveal(turn.bubble ?? added[0]);
  if (held && added.length) added[0].focus({ preventScroll: true });
}

function refused(turn, status, error) {
  if (status === 413 || status === 422 || status === 400) {
    turn.bubble?.remove();
    if (turn.bubble && !input.value) setInput(turn.body.text);
    setTrouble(error, false);
    return;
  }
  lost(turn, error);
}

function lost(turn, error) {
  turn.bubble?.classList.add("lost");
  failed = turn;
  setTrouble(error, true);
}

function setInput(text) {
  input.value = text;
  grow();
}

function grow() {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + 2}px`;
}

function sendText(text) {
  const bubble = ownBubble(text);
  log.append(bubble);
  reveal(bubble);
  deliver({ body: { id: newId(), text }, bubble });
}

function start(text) {
  deliver({ body: { id: newId(), text } });
}

function submit() {
  const text = input.value.trim();
  if (!text || inFlight) return;
  if ([...text].length > TEXT_LIMIT) {
    setTrouble(LONGER, false);
    return;
  }
  setInput("");
  lastDeed = Date.now();
  sendText(text);
}

async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("copy");
}

/* A text that is only a query («?start=CODE») stands for this page's own address with it. */
async function share(said) {
  const link = said.startsWith("?") ? new URL(said, document.baseURI).href : null;
  const text = link ?? said;
  if (navigator.share) {
    try {
      await navigator.share(link ? { url: link } : { text });
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
    return;
  }
  await copy(text);
  say(link ? LINK_COPIED : COPIED_TO_SHARE);
}

log.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  lastDeed = Date.now();
  const { press, copy: copied, share: shared } = button.dataset;
  try {
    if (press !== undefined && !inFlight) {
      const message = Number(button.closest(".bot").dataset.id);
      deliver({ body: { id: newId(), button: press, message }, pressed: button, label: button.textContent });
    } else if (copied !== undefined) {
      await copy(copied);
      say(COPIED);
    } else if (shared !== undefined) {
      await share(shared);
    }
  } catch {
    say(NOT_COPIED);
  }
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});

input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
input.addEventListener("input", grow);

again.addEventListener("click", () => {
  const turn = failed;
  input.focus();
  if (turn) deliver(turn);
  else open();
});

fresh.addEventListener("click", async () => {
  if (inFlight) return;
  try {
    const response = await ask("chat/new", {});
    if (!response.ok) {
      setTrouble((await response.json()).error, false);
      return;
    }
  } catch {
    setTrouble(OFFLINE, false);
    return;
  }
  own.length = 0;
  remember();
  bubbles.clear();
  log.replaceChildren();
  last = 0;
  failed = null;
  setTrouble("", false);
  input.focus();
  start("/start");
});

async function look() {
  if (inFlight || document.hidden) return;
  try {
    const response = await ask(`chat/news?after=${last}`);
    if (!response.ok || inFlight) return;
    const added = show((await response.json()).messages);
    reveal(added[0]);
  } catch {
    // The next look may reach it; a turn that does not arrive says so itself.
  }
}

function poll() {
  clearTimeout(pollTimer);
  const pause = Date.now() - lastDeed > IDLE_AFTER ? POLL_IDLE : POLL_BUSY;
  pollTimer = setTimeout(async () => {
    await look();
    poll();
  }, pause);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look().then(poll);
});

async function open() {
  form.hidden = false;
  fresh.hidden = false;
  setTrouble("", false);
  const address = new URL(location.href);
  const code = address.searchParams.get("start") ?? "";
  try {
    const response = await ask("chat/news?after=0");
    const told = await response.json();
    if (!response.ok) {
      setTrouble(told.error, true);
      return;
    }
    if (!told.messages.length) own.length = 0;
    replay(told.messages);
  } catch {
    setTrouble(OFFLINE, true);
    return;
  }
  if (/^[\w-]{1,64}$/.test(code)) {
    address.searchParams.delete("start");
    history.replaceState(null, "", address);
    start(`/start ${code}`);
  } else if (!last) {
    start("/start");
  } else {
    reveal(log.lastElementChild);
    poll();
  }
}

open();
