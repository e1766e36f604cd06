// The form, and which of the pages is seen.

import { ask, catchUp, plan, showState, start } from "./live.js";
import { follow } from "./plot.js";
import { SECOND, by, expect, say } from "./values.js";

const HOME_TITLE = document.title;
const form = by("ask");
const input = by("index");

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

function post(text) {
	return ask("", {
		method: "POST",
		headers: { "Content-Type": "application/json", "Idempotency-Key": keyFor(text) },
		body: JSON.stringify({ index: text }),
	});
}

form.addEventListener("submit", async event => {
	event.preventDefault();
	if (form.getAttribute("aria-busy") === "true")
		return;
	const text = input.value; // as typed: what is an index is for the server to say
	const since = performance.now();
	form.setAttribute("aria-busy", "true");
	input.removeAttribute("aria-invalid");
	say(by("said"), "");
	const slow = setTimeout(() => say(by("said"), "Sending…"), SECOND / 2);
	try {
		await post(text);
		clearTimeout(slow);
		accepted(text, since);
	} catch (error) {
		clearTimeout(slow);
		refused(error);
	}
	form.removeAttribute("aria-busy");
	// Whoever went on reading meanwhile is not called back.
	if (form.contains(document.activeElement) || document.activeElement === document.body)
		input.focus();
});

function accepted(text, since) {
	sent.text = null;
	if (input.value === text)
		input.value = "";
	if (/^\d{1,15}$/.test(text.trim())) {
		expect(String(Number(text)), since);
		plan();
	} else {
		say(by("said"), "The index is queued.");
		catchUp();
	}
	showState();
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
	showState();
});
addEventListener("popstate", () => {
	show().focus();
	showState();
});

show();
follow(by("plot"));
start();
