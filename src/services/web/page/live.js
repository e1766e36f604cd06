// Talking to the server: questions with answers, and values that come by themselves.

import { SECOND, begin, by, isPending, isSettled, learn, say, seeAll, settle, showValues } from "./values.js";

const API = "/api/values";

export async function ask(path, options) {
	let answer, body;
	try {
		answer = await fetch(API + path,
			{ cache: "no-cache", signal: AbortSignal.timeout(30 * SECOND), ...options });
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
// proxy puts in their place has tags, or is for operators.
function wording(answer, body) {
	if (answer.status === 502 || answer.status === 504)
		return "The server can't be reached now.";
	const type = answer.headers.get("Content-Type") || "";
	const text = body.trim();
	const plain = /^text\/(plain|html)/.test(type) && !text.includes("<");
	return plain && text && text.length <= 300 ? text : `The server answered ${answer.status}.`;
}

const sentence = text => /[.!?]$/.test(text) ? text : text + ".";

// Values come over an event stream. Where there is none, or while it is broken, /current is asked
// again and again.

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
			fetchLong(String(number));
		else
			learn(String(number), value);
		showState();
	});
	mine.addEventListener("computing", event => {
		proven = true;
		begin(String(JSON.parse(event.data).number));
		showState();
	});
	// The server no longer knows what was missed.
	mine.addEventListener("reset", catchUp);
	mine.addEventListener("error", () => mine === source && lose(mine));
}

// The browser's own retries come every few seconds for ever, each a line in the console: here they
// come ever later, and only after a poll has found the server alive. A stream that was refused
// (CLOSED) is missing rather than broken: no hurry.
function lose(stream) {
	const refused = stream.readyState === EventSource.CLOSED;
	if (openedAt && Date.now() - openedAt > 30 * SECOND)
		streamFails = 0;
	hangUp();
	streamAfter = Date.now() + (refused ? 60 : 1) * SECOND * 2 ** Math.min(streamFails++, 5);
	plan();
	showState();
}

export function hangUp() {
	if (source)
		source.close();
	source = null;
	clearTimeout(timer);
}

// Values that are too long for the stream are fetched, one after the other.
const long = new Set();

async function fetchLong(index) {
	long.add(index);
	if (long.size > 1)
		return;
	try {
		for (const next of long) {
			const { value } = await ask("/" + next);
			if (value !== undefined)
				learn(next, value);
			long.delete(next);
			showState();
		}
	} catch {
		long.clear();
		poll(); // brings all of them, or says why not
	}
}

function pause() {
	if (fails)
		return Math.min(SECOND * 2 ** (fails - 1), 15 * SECOND) * (.75 + Math.random() / 2);
	if (wantAll)
		return 0;
	if (isPending())
		return (proven && isOpen() ? 10 : 1) * SECOND;
	// An open stream is enough; once a minute shows whether it is still open at the other end.
	if (isOpen())
		return 60 * SECOND;
	const wait = source ? Infinity : streamAfter - Date.now();
	return Math.min(Math.max(wait, SECOND), 10 * SECOND);
}

export function plan() {
	clearTimeout(timer);
	if (!document.hidden && !polling)
		timer = setTimeout(poll, pause());
}

function learnAll(values) {
	for (const [index, value] of Object.entries(values))
		learn(index, value);
	settle();
	showState();
}

async function poll() {
	if (polling) {
		again = true;
		return;
	}
	polling = true;
	again = false;
	clearTimeout(timer);
	// A long record must not hold up the values.
	const questions = [wantAll ? ask("/all").then(seeAll) : null, ask("/current").then(learnAll)];
	wantAll = false;
	const [all, current] = await Promise.allSettled(questions);
	polling = false;

	const failed = [all, current].find(result => result.reason);
	fails = failed ? fails + 1 : 0;
	wantAll = wantAll || fails > 0;
	say(by("notice"), failed ? trouble(failed.reason) : "");
	if (!failed)
		listen();
	if (again && !failed)
		poll();
	else
		plan();
	showState();
}

function trouble({ message }) {
	const old = isSettled() ? " The values below may be old." : "";
	return `${sentence(message.replace("; please try again", ""))}${old} Trying again.`;
}

// The record may hold what this page has not heard of.
export function catchUp() {
	wantAll = true;
	poll();
}

// Reading begins when the stream is open, so that nothing falls between the two; a stream that
// does not open must not hold up the page.
export function start() {
	if (document.hidden)
		return;
	fails = 0;
	wantAll = true;
	listen();
	clearTimeout(timer);
	timer = setTimeout(poll, isOpen() ? 0 : 300);
}

// The browser's idea of being offline is a hint, wrong on some machines: a poll tells.
addEventListener("offline", poll);
addEventListener("online", start);
document.addEventListener("visibilitychange", () => document.hidden ? hangUp() : start());

// Values can come by the thousand: what has to look at the layout waits for the next frame.
let drawing = 0;

export function showState() {
	drawing = drawing || requestAnimationFrame(draw);
}

function draw() {
	drawing = 0;
	showValues(fails > 0);
	by("mode").classList.toggle("live", isOpen() && !fails);
	by("mode").textContent = fails ? navigator.onLine ? "Waiting" : "Offline"
		: isOpen() ? "Live" : isSettled() ? "Checking" : "";
}
