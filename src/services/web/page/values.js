// What is known: the indexes that were asked for, and a row for each that is on its way or done.

import { count, plot } from "./plot.js";

// The word of the contract for an index that was taken and is not computed.
export const NOTHING_YET = "Nothing yet!";
export const SECOND = 1000;

export const by = id => document.getElementById(id);

function element(tag, className, ...content) {
	const e = document.createElement(tag);
	e.className = className;
	e.append(...content);
	return e;
}

// Live regions are spoken when they change: the same words twice must not be written twice.
export function say(where, text, bad = false) {
	where.classList.toggle("bad", bad);
	if (where.textContent !== text)
		where.textContent = text;
}

let seen = new Set();
const rows = new Map();  // index, as text -> { value, ... }; value is null until computed
const order = [];        // the keys of rows, by number
const asked = new Map(); // submitted here, value still to be announced -> when it was submitted
let pending = 0;
let settled = false;     // the first answer is on the page: what comes from now on is new

export const isPending = () => pending > 0;
export const isSettled = () => settled;

export function settle() {
	settled = true;
}

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
export function seeAll(list) {
	seen = new Set([...list.map(row => String(row.number)), ...seen]);
	by("seen").textContent = [...seen].join(", ");
}

export function learn(index, text) {
	const value = String(text) === NOTHING_YET ? null : String(text);
	see(index);
	const row = rows.get(index) || addRow(index);
	// A poll that left before the value came may still say "Nothing yet!": the value stays.
	if (value === null || value === row.value)
		return;
	if (row.value === null)
		pending--;
	row.value = value;
	row.came = performance.now();
	announce(index);
	paint(index, row);
}

// A worker has it in hand.
export function begin(index) {
	learn(index, NOTHING_YET);
	const row = rows.get(index);
	if (row.value !== null)
		return; // it was lost, and is computed once more: nobody has to know
	row.state = "computing";
	paint(index, row);
	if (row.late)
		remind(index);
}

// Submitted at [since], and taken. The value can be here already: it travels by another connection.
export function expect(index, since) {
	say(by("said"), `Index ${index} is queued.`);
	asked.set(index, since);
	learn(index, NOTHING_YET);
	announce(index);
	paint(index, rows.get(index));
	setTimeout(remind, 3 * SECOND, index);
}

function remind(index) {
	const row = rows.get(index);
	const state = row.state === "queued" ? "still queued" : "being computed";
	if (asked.has(index))
		say(by("said"), `Index ${index} is ${state}. Its value will appear here.`);
	row.late = true;
}

function announce(index) {
	const row = rows.get(index);
	if (row.value === null || !asked.has(index))
		return;
	const took = row.came - asked.get(index);
	asked.delete(index);
	// It was there before it was asked for: that took no time worth telling.
	row.took = took > 0 ? took : row.took;
	const what = isLong(row.value) ? size(row.value) : row.value;
	const time = took > 0 ? ` in ${duration(took)}` : "";
	say(by("said"), `For index ${index} I calculated ${what}${time}.`);
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
	const line = document.createElement("li");
	const row = { value: null, state: "queued", late: false, came: 0, took: 0, line };
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
const digits = value => value.length - value.startsWith("-");

function size(value) {
	const n = digits(value);
	return `${count(n)} ${/^-?\d+$/.test(value) ? "digit" : "character"}${n === 1 ? "" : "s"}`;
}

function duration(ms) {
	if (ms < SECOND)
		return `${Math.max(1, Math.round(ms))} ms`;
	return ms < 60 * SECOND ? `${(ms / SECOND).toFixed(1)} s` : `${Math.round(ms / SECOND / 60)} min`;
}

function paint(index, { value, state, took, line }) {
	// The blanks between the parts are for copying and for screen readers; flex drops them.
	if (value === null) {
		line.replaceChildren(element("span", "of", `For index ${index}:`), " ",
			element("span", "is pending", NOTHING_YET), " ", element("span", "extra", state));
		return;
	}
	line.replaceChildren(element("span", "of", `For index ${index} I calculated`), " ",
		element("span", settled ? "is fresh" : "is", brief(value)));
	const about = [isLong(value) && size(value), took && `in ${duration(took)}`].filter(Boolean);
	const extra = element("span", "extra", about.join(", "));
	if (isLong(value))
		extra.append(" ", copyButton(index, value));
	if (about.length)
		line.append(" ", extra);
}

by("values").addEventListener("animationend", event => event.target.classList.remove("fresh"));

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

// What has to look at the layout, once for all that came. Nothing is known while the server [fails].
export function showValues(fails) {
	const waits = !settled && !fails, none = settled && !fails && !rows.size;
	by("empty").parentNode.classList.toggle("late", waits);
	by("empty").textContent = waits ? "Loading…"
		: none ? "None yet. Enter an index above, 10 for example." : "";
	by("seen").classList.toggle("none", !seen.size);
	if (!seen.size)
		by("seen").textContent = none ? "None yet." : "";
	letReach();
	drawPlot();
}

// Once the list scrolls, the keyboard must be able to reach it.
function letReach() {
	if (by("seen").scrollHeight > by("seen").clientHeight)
		by("seen").tabIndex = 0;
	else
		by("seen").removeAttribute("tabindex");
}

new ResizeObserver(letReach).observe(by("seen"));

function drawPlot() {
	const points = [];
	for (const index of order) {
		const { value } = rows.get(index);
		if (value !== null)
			points.push({ index: Number(index), digits: digits(value) });
	}
	plot(by("plot"), points);
}

new ResizeObserver(drawPlot).observe(by("plot"));
