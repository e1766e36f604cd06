"use strict";

// The word of the contract for an index that was taken and is not computed.
const NOTHING_YET = "Nothing yet!";
const API = "/api/values";
const HOME_TITLE = document.title;
const SECOND = 1000;

const by = id => document.getElementById(id);
const form = by("ask");
const input = by("index");

function element(tag, className, text) {
	const e = document.createElement(tag);
	if (className)
		e.className = className;
	if (text)
		e.textContent = text;
	return e;
}

// Live regions are spoken when they change: the same words twice must not be written twice.
function say(where, text, bad = false) {
	where.classList.toggle("bad", bad);
	if (where.textContent !== text)
		where.textContent = text;
}

// ---- What is known: the indexes that were asked for, and a row for each that is on its way or done.

let seen = new Set();
const rows = new Map(); // index, as text -> { value, line }; value is null while it is queued
const order = [];       // the keys of rows, by number
const asked = new Set(); // submitted here, value still to be announced
let pending = 0;
let settled = false; // the first answer is on the page: what comes from now on is new

function see(index) {
	if (seen.has(index))
		return;
	if (seen.size)
		by("seen").append(", " + index);
	else
		by("seen").textContent = index;
	seen.add(index);
}

// The record's order wins over the order in which this page heard of them.
function seeAll(list) {
	seen = new Set([...list.map(row => String(row.number)), ...seen]);
	by("seen").textContent = [...seen].join(", ");
}

function learn(index, text) {
	const value = String(text) === NOTHING_YET ? null : String(text);
	see(index);
	const row = rows.get(index) || addRow(index);
	// A poll that left before the value came may still say "Nothing yet!": the value stays.
	if (value === null || value === row.value)
		return;
	if (row.value === null)
		pending--;
	row.value = value;
	paint(index, row);
	announce(index);
}

function announce(index) {
	const { value } = rows.get(index);
	if (value !== null && asked.delete(index))
		say(by("said"), `For index ${index} I calculated ${brief(value)}${size(value)}.`);
}

function addRow(index) {
	let low = 0;
	for (let high = order.length; low < high;) {
		const middle = (low + high) >> 1;
		if (Number(order[middle]) < Number(index))
			low = middle + 1;
		else
			high = middle;
	}
	const row = { value: null, line: element("li") };
	const next = rows.get(order[low]);
	by("values").insertBefore(row.line, next ? next.line : null);
	order.splice(low, 0, index);
	rows.set(index, row);
	pending++;
	paint(index, row);
	return row;
}

// ---- How it is shown

const isLong = value => value.length > 40;
const brief = value => isLong(value) ? `${value.slice(0, 8)}…${value.slice(-8)}` : value;

function size(value) {
	if (!isLong(value))
		return "";
	const digits = /^-?\d+$/.test(value);
	return ` (${value.replace("-", "").length} ${digits ? "digits" : "characters"})`;
}

function paint(index, { value, line }) {
	// The blanks between the parts are for copying and for screen readers; flex drops them.
	if (value === null) {
		line.replaceChildren(element("span", "of", `For index ${index}:`), " ",
			element("span", "is queued", NOTHING_YET));
		return;
	}
	line.replaceChildren(element("span", "of", `For index ${index} I calculated`), " ",
		element("span", settled ? "is fresh" : "is", brief(value)));
	if (isLong(value)) {
		const extra = element("span", "extra", size(value).slice(2, -1));
		extra.append(" ", copyButton(index, value));
		line.append(" ", extra);
	}
}

function copyButton(index, value) {
	const button = element("button", "", "Copy");
	button.type = "button";
	button.setAttribute("aria-label", `Copy the value for index ${index}`);
	button.addEventListener("click", async () => {
		const copied = await copy(value);
		button.focus();
		button.textContent = copied ? "Copied" : "Failed";
		say(by("said"), copied ? `The value for index ${index} is copied.`
			: "This browser does not let the page copy.", !copied);
		setTimeout(() => button.textContent = "Copy", 2 * SECOND);
	});
	return button;
}

async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		// Without HTTPS there is no navigator.clipboard; the old way works everywhere.
	}
	const area = element("textarea", "away");
	area.value = text;
	area.readOnly = true;
	document.body.append(area);
	area.select();
	const copied = document.execCommand("copy");
	area.remove();
	return copied;
}

by("values").addEventListener("animationend", event => event.target.classList.remove("fresh"));

// Values can come by the thousand: what has to look at the layout waits for the next frame.
let drawing = 0;

function showState() {
	drawing = drawing || requestAnimationFrame(draw);
}

function draw() {
	drawing = 0;
	const none = settled && !fails;
	by("empty").textContent = none && !rows.size ? "None yet." : "";
	by("seen").classList.toggle("none", !seen.size);
	if (!seen.size)
		by("seen").textContent = none ? "None yet." : "";
	// Once the list scrolls, the keyboard must be able to reach it.
	if (by("seen").scrollHeight > by("seen").clientHeight)
		by("seen").tabIndex = 0;
	else
		by("seen").removeAttribute("tabindex");

	by("mode").classList.toggle("live", isOpen() && !fails);
	by("mode").textContent = fails ? "Waiting" : isOpen() ? "Live" : settled ? "Checking" : "";
}

// ---- Talking to the server

async function ask(path, options) {
	let answer, body;
	try {
		answer = await fetch(API + path,
			{ cache: "no-store", signal: AbortSignal.timeout(30 * SECOND), ...options });
		body = await answer.text();
	} catch {
		throw new Error(navigator.onLine ? "The server does not answer." : "You are offline.");
	}
	if (!answer.ok)
		throw Object.assign(new Error(wording(answer, body)), { status: answer.status });
	try {
		return JSON.parse(body);
	} catch {
		throw new Error("The server's answer can't be read.");
	}
}

// The server speaks in sentences of plain text, an Express API in such that are called HTML. What a
// proxy puts in their place has tags, and is not for reading.
function wording(answer, body) {
	const type = answer.headers.get("Content-Type") || "";
	const text = body.trim();
	const plain = /^text\/(plain|html)/.test(type) && !text.includes("<");
	return plain && text && text.length <= 300 ? text : `The server answered ${answer.status}.`;
}

const sentence = text => /[.!?]$/.test(text) ? text : text + ".";

// Values come by themselves over an event stream. Where there is none, or while it is broken,
// /current is asked again and again.

let source = null;
let proven = false;   // this stream has brought something: no proxy is holding it back
let openedAt = 0;     // 0: not yet
let streamFails = 0;
let streamAfter = 0;  // not to be tried again before this time
let fails = 0;        // polls that failed in a row
let wantAll = true;   // the record may hold more than this page knows
let polling = false;
let again = false;    // asked for while one was under way, which may have looked too early
let timer = 0;

const isOpen = () => source !== null && source.readyState === EventSource.OPEN;

function listen() {
	if (source || document.hidden || Date.now() < streamAfter)
		return;
	const mine = source = new EventSource(API + "/stream");
	proven = false;
	openedAt = 0;
	mine.addEventListener("open", () => {
		openedAt = Date.now();
		poll(); // for what happened before
	});
	mine.addEventListener("value", event => {
		const { number, value } = JSON.parse(event.data);
		proven = true;
		if (value === undefined)
			fetchValue(number);
		else
			learn(String(number), value);
		showState();
	});
	// Some were missed, and the server no longer knows which.
	mine.addEventListener("reset", poll);
	mine.addEventListener("error", () => {
		if (mine !== source)
			return;
		// The browser's own retries come every few seconds for ever, each a line in the console:
		// here they come ever later, and only after a poll has found the server alive. A stream
		// that was refused (CLOSED) is missing rather than broken: no hurry.
		const refused = mine.readyState === EventSource.CLOSED;
		if (openedAt && Date.now() - openedAt > 30 * SECOND)
			streamFails = 0;
		hangUp();
		streamAfter = Date.now() + (refused ? 60 : 1) * SECOND * 2 ** Math.min(streamFails++, 5);
		plan();
		showState();
	});
}

// A long value does not come with its event.
async function fetchValue(number) {
	try {
		const { value } = await ask("/" + number);
		learn(String(number), value);
	} catch {
		poll();
	}
	showState();
}

function hangUp() {
	if (source)
		source.close();
	source = null;
}

function pause() {
	if (fails)
		return Math.min(SECOND * 2 ** (fails - 1), 15 * SECOND) * (.75 + Math.random() / 2);
	if (wantAll)
		return 0;
	if (pending)
		return (proven && isOpen() ? 10 : 1) * SECOND;
	// An open stream is enough; once a minute shows whether it is still open at the other end.
	if (isOpen())
		return 60 * SECOND;
	const wait = source ? Infinity : streamAfter - Date.now();
	return Math.min(Math.max(wait, SECOND), 10 * SECOND);
}

function plan() {
	clearTimeout(timer);
	if (!document.hidden && !polling)
		timer = setTimeout(poll, pause());
}

async function poll() {
	if (polling) {
		again = true;
		return;
	}
	polling = true;
	again = false;
	clearTimeout(timer);
	const [all, current] = await Promise.allSettled(
		[wantAll ? ask("/all") : null, ask("/current")]);
	polling = false;

	if (all.value) {
		seeAll(all.value);
		wantAll = false;
	}
	if (current.value) {
		for (const [index, value] of Object.entries(current.value))
			learn(index, value);
		settled = true;
	}
	const failed = [all, current].find(result => result.reason);
	fails = failed ? fails + 1 : 0;
	wantAll = wantAll || fails > 0;
	say(by("notice"), failed ? sentence(failed.reason.message) + " Trying again." : "");
	if (!failed)
		listen();
	if (again && !failed)
		poll();
	else
		plan();
	showState();
}

// Reading begins when the stream is open, so that nothing falls between the two; a stream that
// does not open must not hold up the page.
function start() {
	if (document.hidden)
		return;
	fails = 0;
	listen();
	clearTimeout(timer);
	timer = setTimeout(poll, isOpen() ? 0 : 300);
}

document.addEventListener("visibilitychange", () => {
	if (document.hidden) {
		hangUp();
		clearTimeout(timer);
	} else {
		wantAll = true;
		start();
	}
});
// The browser's idea of being offline is a hint, wrong on some machines: a poll tells.
window.addEventListener("offline", poll);
window.addEventListener("online", start);

// ---- Submitting

// An answer can get lost on its way. The same text sent again then carries the same key, by which
// the server knows that it is the same request.
let sent = { text: null, key: "" };

function keyFor(text) {
	if (sent.text !== text) {
		const bytes = crypto.getRandomValues(new Uint8Array(16));
		sent = { text, key: Array.from(bytes, b => b.toString(16).padStart(2, "0")).join("") };
	}
	return sent.key;
}

form.addEventListener("submit", async event => {
	event.preventDefault();
	if (form.getAttribute("aria-busy") === "true")
		return;
	const text = input.value; // as typed: what is an index is for the server to say
	form.setAttribute("aria-busy", "true");
	input.removeAttribute("aria-invalid");
	say(by("said"), "");
	const slow = setTimeout(() => say(by("said"), "Sending…"), SECOND / 2);
	try {
		await ask("", {
			method: "POST",
			headers: { "Content-Type": "application/json", "Idempotency-Key": keyFor(text) },
			body: JSON.stringify({ index: text }),
		});
		clearTimeout(slow);
		accepted(text);
	} catch (error) {
		clearTimeout(slow);
		refused(error);
	}
	form.removeAttribute("aria-busy");
	// Whoever went on reading meanwhile is not called back.
	if (form.contains(document.activeElement) || document.activeElement === document.body)
		input.focus();
});

function accepted(text) {
	sent.text = null;
	if (input.value === text)
		input.value = "";
	if (/^\d{1,15}$/.test(text.trim())) {
		const index = String(Number(text));
		say(by("said"), `Index ${index} is queued.`);
		asked.add(index);
		learn(index, NOTHING_YET);
		announce(index);
	} else {
		say(by("said"), "The index is queued.");
		wantAll = true;
	}
	showState();
	plan();
}

function refused(error) {
	if (error.status < 500)
		sent.text = null;
	if (error.status === 400 || error.status === 422)
		input.setAttribute("aria-invalid", "true");
	say(by("said"), error.message, true);
	input.select();
}

// ---- Pages

function show() {
	const path = location.pathname.replace(/\/+$/, "");
	const name = path === "" || path === "/index.html" ? "home"
		: path === "/otherpage" ? "otherpage" : "lost";
	for (const page of document.querySelectorAll("main > section"))
		page.hidden = page.id !== name;
	for (const link of document.querySelectorAll("nav a")) {
		if (link.pathname === (path || "/"))
			link.setAttribute("aria-current", "page");
		else
			link.removeAttribute("aria-current");
	}
	const heading = by(name).querySelector("h1");
	document.title = name === "home" ? HOME_TITLE : `${heading.textContent} · ${HOME_TITLE}`;
	return heading;
}

document.addEventListener("click", event => {
	const link = event.target.closest("a[href^='/']");
	if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
		return;
	event.preventDefault();
	if (link.pathname !== location.pathname)
		history.pushState(null, "", link.pathname);
	const heading = show();
	scrollTo(0, 0);
	heading.focus();
});
window.addEventListener("popstate", () => show().focus());

show();
start();
