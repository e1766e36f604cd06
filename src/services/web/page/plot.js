// Digits over index, as SVG that is drawn at the size at which it is seen.

export const count = n => n.toLocaleString("en");
const digitsOf = ({ index, digits }) =>
	`${count(digits)} ${digits === 1 ? "digit" : "digits"} at index\u00a0${index}`;

function shape(tag, attributes, text = "") {
	const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [name, value] of Object.entries(attributes))
		e.setAttribute(name, value);
	e.textContent = text;
	return e;
}

// Round numbers from [low] to [high], about [n] of them: steps of 1, 2 or 5 times a power of ten.
function ticks(low, high, n) {
	const rough = (high - low) / n;
	const power = 10 ** Math.floor(Math.log10(rough));
	const step = Math.max(1, power * [1, 2, 5, 10].find(m => m * power >= rough));
	const list = [];
	for (let at = Math.ceil(low / step) * step; at <= high; at += step)
		list.push(at);
	return list;
}

function scale(low, high, from, to) {
	return value => from + (value - low) / (high - low) * (to - from);
}

// Where things are: the axes begin at 0, letters may be of any size.
function frame(svg, points) {
	const em = parseFloat(getComputedStyle(svg).fontSize);
	const top = points.reduce((most, p) => Math.max(most, p.digits), 1);
	const first = Math.min(0, points[0].index), last = Math.max(1, points.at(-1).index);
	const left = (count(top).length * .6 + .9) * em, right = svg.clientWidth - 1.5 * em;
	const bottom = svg.clientHeight - 1.7 * em;
	return {
		em, left, right, bottom,
		x: scale(first, last, left, right),
		y: scale(0, top, bottom, .8 * em),
		columns: ticks(first, last, Math.max(2, (right - left) / (6 * em))),
		lines: ticks(0, top, Math.max(2, bottom / (3 * em))),
	};
}

function axes({ em, left, right, bottom, x, y, columns, lines }) {
	return [
		...lines.flatMap(digits => [
			shape("path", { class: "line", d: `M${left} ${y(digits)}H${right}` }),
			shape("text", { x: left - .6 * em, y: y(digits) + .35 * em, "text-anchor": "end" },
				count(digits)),
		]),
		...columns.map(index => shape("text",
			{ x: x(index), y: bottom + 1.5 * em, "text-anchor": "middle" }, index)),
	];
}

let drawn = []; // what the pointer can find: the points, and where they are

export function plot(figure, points) {
	const svg = figure.querySelector("svg");
	figure.hidden = points.length < 2;
	if (figure.hidden || !svg.clientWidth)
		return;
	const f = frame(svg, points);
	drawn = points.map(p => ({ ...p, x: f.x(p.index), y: f.y(p.digits) }));
	// A dot is a stroke of no length with round ends: one element for all of them.
	svg.replaceChildren(...axes(f),
		shape("path", { class: "dots", d: drawn.map(p => `M${p.x} ${p.y}h0`).join("") }),
		shape("path", { class: "dot" }));
	tell(figure, points.reduce((most, p) => p.digits > most.digits ? p : most));
}

function tell(figure, most) {
	const first = drawn[0];
	const text = `${count(drawn.length)} values, ` + (first.digits === most.digits
		? `the first with ${digitsOf(first)}.`
		: `from ${digitsOf(first)} to ${digitsOf(most)}.`);
	figure.querySelector("figcaption p").textContent = figure.dataset.all = text;
}

// The pointer asks for the nearest dot; everybody finds the same in the list of values.
export function follow(figure) {
	const svg = figure.querySelector("svg"), caption = figure.querySelector("figcaption p");
	svg.addEventListener("pointermove", event => {
		const box = svg.getBoundingClientRect();
		const distance = p => Math.hypot(p.x - event.clientX + box.left, p.y - event.clientY + box.top);
		const near = drawn.reduce((best, p) => distance(p) < distance(best) ? p : best);
		svg.lastChild.setAttribute("d", `M${near.x} ${near.y}h0`);
		caption.textContent = digitsOf(near) + ".";
	});
	svg.addEventListener("pointerleave", () => {
		svg.lastChild.removeAttribute("d");
		caption.textContent = figure.dataset.all;
	});
}
