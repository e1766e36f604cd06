/*
 * The first line of the input is what the client does, the rest is what the server says: a digit
 * of flags (1 cleartext, 2 trust, 4 md5; 8 and above: protocol 3.2), then requests, a letter each
 * as in unit/pgwire_run.h.
 */
#include "fuzz/fuzz.h"
#include "unit/pgwire_run.h"

#define REQUESTS_MAX 8

/* A session that ends is no failure; what the log says must not depend on the pieces. */
static void run_pieces(struct run *r, const struct row *row, uint8_t *buf, size_t cap,
		       struct dice *d)
{
	void *who;
	size_t at = 0, have = d == NULL ? row->server.n : roll(d, row->server.n + 1);
	start(r, row);
	r->s.lim.iterations = 32; /* each costs two SHA-256 */
	r->s.lim.reports = 4;
	r->out = out_init(buf, cap);
	for (;;) {
		int used = feed(r, guarded(0, span_of(row->server.p + at, have - at)));
		if (used < 0 || have == row->server.n)
			break;
		at += (size_t)used;
		have += roll_piece(d, row->server.n - have);
	}
	while (pgwire_session_drop(&r->s, &who))
		say_who(r, "drop", who);
	must(r->s.count == 0 && !r->out.over, "all requests are given back");
	must(memchr(r->s.refusal, 0, sizeof r->s.refusal) != NULL, "a refusal is a text");
}

static bool is_letter(uint8_t c)
{
	for (size_t i = 0; i < LENGTH(requests); i++)
		if (requests[i].letter == (char)c)
			return true;
	return false;
}

FUZZ(pgwire_session)
{
	static struct run whole, parts;
	static uint8_t a[32768], b[32768];
	struct span all = span_of(data, size), rest = all;
	struct dice d = dice_of(all);
	char letters[REQUESTS_MAX + 1] = "";
	size_t n = 0;
	if (size > FUZZ_MAX)
		return 0;
	struct span head = span_cut(&rest, '\n');
	for (size_t i = 1; i < head.n && n < REQUESTS_MAX; i++)
		if (is_letter(head.p[i]))
			letters[n++] = (char)head.p[i];
	struct row row = {.name = "fuzz", .requests = letters, .server = SPAN("")};
	if (rest.p != NULL)
		row.server = rest;
	row.flags = head.n > 0 ? (head.p[0] & 7u) | (head.p[0] & 8 ? NEWEST : 0) : TRUST;
	run_pieces(&whole, &row, a, sizeof a, NULL);
	for (int i = 0; i < 2; i++) {
		run_pieces(&parts, &row, b, sizeof b, &d);
		must(strcmp(whole.log, parts.log) == 0, "in pieces: %s\nwhole: %s", parts.log,
		     whole.log);
		must(span_eq(out_span_of(&whole.out), out_span_of(&parts.out)), "other bytes sent");
	}
	must(failures() == 0, "what the run checks");
	return 0;
}
