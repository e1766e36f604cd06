#include "resp/resp_error.h"
#include "resp/resp_inner.h"

#include <string.h>

/* PASSED: what was sent behind a HELLO that then failed; its answer says nothing. */
enum step { HELLO, AUTH, NAME, SELECT, PING, PASSED };

static void put_step(struct resp_session *s, struct out *o, enum step step, size_t argc,
		     const struct span argv[])
{
	resp_put_command(o, argc, argv);
	s->plan[s->steps++] = (uint8_t)step;
}

static void put_select(struct resp_session *s, struct out *o)
{
	uint8_t buf[20];
	struct span argv[] = {SPAN("SELECT"), dec_put(buf, s->login->db)};
	if (s->login->db != 0)
		put_step(s, o, SELECT, 2, argv);
}

/* Servers before 7.2 do not know it: its answer says nothing. */
static void put_library(struct resp_session *s, struct out *o, struct span what, struct span value)
{
	const struct span argv[] = {SPAN("CLIENT"), SPAN("SETINFO"), what, value};
	if (value.n > 0)
		put_step(s, o, PASSED, 4, argv);
}

/* What both versions of the protocol have last. */
static void put_rest(struct resp_session *s, struct out *o)
{
	put_select(s, o);
	put_library(s, o, SPAN("LIB-NAME"), s->login->library);
	put_library(s, o, SPAN("LIB-VER"), s->login->version);
}

static void put_resp3(struct resp_session *s, struct out *o)
{
	const struct resp_login *l = s->login;
	struct span argv[7] = {SPAN("HELLO"), SPAN("3")};
	size_t n = 2;
	if (l->password.n > 0) {
		argv[n++] = SPAN("AUTH");
		argv[n++] = l->user.n > 0 ? l->user : SPAN("default");
		argv[n++] = l->password;
	}
	if (l->name.n > 0) {
		argv[n++] = SPAN("SETNAME");
		argv[n++] = l->name;
	}
	put_step(s, o, HELLO, n, argv);
	put_rest(s, o);
}

static void put_resp2(struct resp_session *s, struct out *o)
{
	const struct resp_login *l = s->login;
	if (l->password.n > 0) {
		/* Servers before 6.0 know no users and refuse a second argument. */
		struct span argv[3] = {SPAN("AUTH")};
		size_t n = 1;
		if (l->user.n > 0)
			argv[n++] = l->user;
		argv[n++] = l->password;
		put_step(s, o, AUTH, n, argv);
	}
	if (l->name.n > 0) {
		struct span argv[] = {SPAN("CLIENT"), SPAN("SETNAME"), l->name};
		put_step(s, o, NAME, 3, argv);
	}
	put_rest(s, o);
}

static int take_back(struct resp_session *s, struct out *o, size_t mark, uint8_t steps)
{
	o->n = mark;
	o->over = false;
	s->steps = steps;
	return RESP_EROOM;
}

int resp_login_start(struct resp_session *s, struct out *o)
{
	size_t mark = o->n;
	if (o->over)
		return RESP_EROOM;
	if (!s->login->resp2)
		put_resp3(s, o);
	else
		put_resp2(s, o);
	if (s->steps == 0)
		put_step(s, o, PING, 1, (struct span[]){SPAN("PING")});
	return o->over ? take_back(s, o, mark, 0) : 1;
}

static int fall_back(struct resp_session *s, struct out *o)
{
	size_t mark = o->n;
	uint8_t steps = s->steps;
	if (o->over)
		return RESP_EROOM;
	put_resp2(s, o);
	if (o->over)
		return take_back(s, o, mark, steps);
	memset(s->plan + s->step + 1, PASSED, (size_t)(steps - s->step - 1));
	return 1;
}

static bool contains(struct span text, struct span part)
{
	for (size_t at = 0; part.n > 0 && text.n - at >= part.n; at++)
		if (memcmp(text.p + at, part.p, part.n) == 0)
			return true;
	return false;
}

static struct span code_of(struct span text)
{
	return span_head(text, span_find(text, ' '));
}

/*
 * Servers repeat the arguments of a command that they do not know ("with args beginning with"),
 * perhaps cut or escaped, and among those of AUTH is the password.
 */
static void keep_words(struct resp_session *s, struct span text)
{
	struct span secret = s->login->password;
	text = span_head(text, sizeof s->refusal + secret.n);
	if (contains(text, SPAN("args beginning")) || contains(text, secret))
		text = code_of(text);
	if (contains(text, secret))
		text = SPAN_NONE;
	size_t n = 0;
	for (; n < text.n && n < sizeof s->refusal - 1; n++)
		s->refusal[n] = text.p[n] >= ' ' && text.p[n] < 127 ? (char)text.p[n] : '?';
	s->refusal[n] = 0;
}

static bool is_auth_error(enum step step, struct span text)
{
	switch (resp_error_class(text)) {
	case RESP_ERR_WRONGPASS:
	case RESP_ERR_NOAUTH:
	case RESP_ERR_NOPERM:
		return true;
	case RESP_ERR_ERR:
		return step == AUTH || span_starts(text, SPAN("ERR invalid password")) ||
		       span_starts(text, SPAN("ERR invalid username"));
	default:
		return false;
	}
}

static int refused(struct resp_session *s, enum step step, struct span text)
{
	keep_words(s, text);
	return is_auth_error(step, text) ? RESP_EAUTH : RESP_ELOGIN;
}

/* Redis before 6.0 does not know the command; some proxies know it, but only RESP2. */
static bool hello_unknown(struct span text)
{
	struct span known = SPAN("ERR unknown command");
	return resp_error_class(text) == RESP_ERR_NOPROTO ||
	       span_eq_nocase(span_head(text, known.n), known);
}

static int on_error(struct resp_session *s, enum step step, struct span text, struct out *o)
{
	if (step == PASSED)
		return 1;
	if (step == HELLO && hello_unknown(text))
		return fall_back(s, o);
	/* A name is a comfort, but a server that wants a password has not let us in. */
	if (step == NAME && resp_error_class(text) != RESP_ERR_NOAUTH)
		return 1;
	return refused(s, step, text);
}

static int on_answer(struct resp_session *s, const struct resp_item *it, struct out *o)
{
	enum step step = (enum step)s->plan[s->step];
	if (it->type == RESP_ERROR || it->type == RESP_BLOB_ERROR)
		return on_error(s, step, it->str, o);
	if (step == PASSED || step == NAME)
		return 1;
	if (step == HELLO) {
		s->resp3 = it->type == RESP_MAP;
		if (s->resp3 || it->type == RESP_ARRAY)
			return 1;
	} else if (it->type == RESP_SIMPLE) {
		return 1;
	}
	keep_words(s, SPAN("unexpected answer to the login"));
	return RESP_ELOGIN;
}

int resp_login_item(struct resp_session *s, const struct resp_item *it, struct out *o)
{
	if (it->depth == 0) {
		int rc = on_answer(s, it, o);
		if (rc < 0)
			return rc;
	}
	if (it->last)
		s->step++;
	return 1;
}
