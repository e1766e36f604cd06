/*
 * The first line of the input is what the client does, the rest is what the server says: '2' or
 * '3' for the protocol, 'l' to be fed from the login on; then requests, '|' between them.
 */
#include "fuzz/fuzz.h"
#include "resp/resp_session.h"
#include "unit/resp_log.h"

enum { QUEUE = 6 };

static char names[] = "a\0b\0c\0d\0e\0f\0g\0h\0i";

struct talk {
	bool resp2, login;
	struct span requests, wire;
};

static bool is_subscribe(struct span name)
{
	static const char *const commands[] = {"subscribe",    "unsubscribe", "psubscribe",
					       "punsubscribe", "ssubscribe",  "sunsubscribe"};
	for (size_t i = 0; i < COUNT(commands); i++)
		if (span_eq_nocase(name, span_str(commands[i])))
			return true;
	return false;
}

static void send_all(struct resp_session *s, struct span requests, struct log *l)
{
	static uint8_t buf[FUZZ_MAX * 4];
	struct out o = out_init(buf, sizeof buf);
	for (size_t i = 0; requests.p != NULL && i < 9; i++) {
		struct span words = span_cut(&requests, '|'), argv[8];
		size_t argc = 0, before = o.n;
		while (words.p != NULL && argc < COUNT(argv))
			argv[argc++] = span_cut(&words, ' ');
		int rc = resp_session_send(s, &o, argc, argv,
					   is_subscribe(argv[0]) ? RESP_SUBSCRIBES : 0,
					   names + 2 * i);
		must(rc == 1 || (o.n == before && !o.over), "nothing of a refused request");
		if (rc != 1)
			log_word(l, error_name(rc));
	}
}

static void log_in(struct resp_session *s, const struct talk *t)
{
	char text[64], buf[256];
	static const struct resp_login none = {.db = 0}, none2 = {.resp2 = true};
	struct out o = out_init(buf, sizeof buf);
	struct log l = log_init(text, sizeof text);
	resp_session_login(s, t->resp2 ? &none2 : &none, &o);
	feed(s, t->resp2 ? SPAN("+PONG\r\n") : SPAN("%1\r\n+proto\r\n:3\r\n"), 100, 1, &o, &l);
	must(strcmp(log_text(&l), "READY") == 0, "logged in");
}

/* What happened, as text: events, what was written at login, the state at the end. */
static const char *run(const struct talk *t, size_t first, size_t step, char *text, size_t cap)
{
	static const struct resp_limits lim = {64, 100, 32, 6, 0, 400};
	const struct resp_login full = {.user = SPAN("u"),
					.password = SPAN("p"),
					.name = SPAN("n"),
					.db = 3,
					.resp2 = t->resp2};
	struct resp_pending queue[QUEUE];
	struct resp_session s;
	uint8_t buf[4096];
	struct log l = log_init(text, cap);
	struct out o = out_init(buf, sizeof buf);
	void *who;
	resp_session_init(&s, &lim, queue, QUEUE);
	if (t->login)
		must(resp_session_login(&s, &full, &o) == 1, "a login is put");
	else
		log_in(&s, t);
	send_all(&s, t->requests, &l);
	int rc = feed(&s, t->wire, first, step, &o, &l);
	log_word(&l, rc == RESP_MORE ? "more" : "end");
	out_span(&l.o, out_span_of(&o));
	out_u64(&l.o, s.channels);
	out_byte(&l.o, '/');
	out_u64(&l.o, s.patterns);
	log_word(&l, s.refusal);
	while (resp_session_drop(&s, &who))
		log_word(&l, who);
	must(s.count == 0, "all requests are given back");
	must(memchr(s.refusal, 0, sizeof s.refusal) != NULL, "a refusal is a text");
	return log_text(&l);
}

FUZZ(resp_session)
{
	static char whole[16384], parts[16384];
	struct span all = span_of(data, size), rest = all;
	struct dice d = dice_of(all);
	if (size > FUZZ_MAX)
		return 0;
	struct span head = span_cut(&rest, '\n');
	struct talk t = {.wire = rest};
	t.resp2 = head.n > 0 && head.p[0] == '2';
	t.login = head.n > 1 && head.p[1] == 'l';
	t.requests = head.n > 2 ? span_tail(head, 2) : SPAN_NONE;
	if (rest.p == NULL)
		t.wire = SPAN("");
	run(&t, t.wire.n, 1, whole, sizeof whole);
	for (int i = 0; i < 3; i++) {
		size_t first = roll(&d, t.wire.n + 1), step = i == 0 ? 1 : 1 + roll(&d, 20);
		run(&t, first, step, parts, sizeof parts);
		must(strcmp(whole, parts) == 0, "pieces of %zu after %zu: %s\nwhole: %s", step,
		     first, parts, whole);
	}
	must(failures() == 0, "what the log checks");
	return 0;
}
