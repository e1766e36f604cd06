/*
 * For tests of the PostgreSQL client against a hostile server: many clients on one loop, each with
 * a server of its own that plays a script (pgwire_script.h) and then, on the next connection, an
 * honest one. An act is over when the client has got an honest answer: on the connection that was
 * played badly, if it survived, or on the next one.
 */
#ifndef TESTS_POSTGRES_HOSTILE_ACT_H
#define TESTS_POSTGRES_HOSTILE_ACT_H

#include "drivers/postgres.h"
#include "unit/drivers_peer.h"
#include "unit/pgwire_hostile_query.h"
#include "unit/pgwire_run.h"
#include "unit/pgwire_script.h"

enum act_end { GOES_ON, CLOSES, RESETS, STALLS, DRIPS };

struct act {
	const struct hostile *row;
	size_t limit;     /* bytes of the row that are said, */
	enum act_end end; /* and what comes then */
	void (*at_ready)(struct act *a);
	uint32_t connect_ms, ask_ms, in_max;

	struct postgres client;
	struct postgres_config config;
	struct link_host host;
	struct pgwire_keys keys;
	struct postgres_request asked, probe;
	unsigned ready, downs, asked_done, probe_done;
	int error, asked_rc, probe_rc; /* of the first loss, of the requests */
	char why[192];
	uint32_t most; /* bytes of the client's input buffer */

	int listener, fd;
	unsigned taken;
	struct script script;
	struct span left; /* of the message that is being sent */
	size_t said;
	bool greeted, probing, ended, over;
	uint8_t heard[4096];
	size_t heard_n;
};

#define ACTS 64
static struct act acts[ACTS];

#define HONEST_LOGIN "offer challenge signature welcome ready"
#define HONEST_ANSWER "bound row tag ready"
#define SCRIPTED_OVER SIZE_MAX

static inline void act_ask(struct act *a, struct postgres_request *q, char letter, uint32_t ms)
{
	for (size_t i = 0; i < LENGTH(requests); i++)
		if (requests[i].letter == letter)
			check(postgres_put(&a->client, q, ms, &requests[i].q, requests[i].flags) ==
				      0,
			      "%s: asked", a->row->name);
}

static inline void act_asked(struct postgres_request *q, int rc)
{
	struct act *a = (struct act *)((char *)q - offsetof(struct act, asked));
	a->asked_rc = rc;
	a->asked_done++;
}

static inline void act_probed(struct postgres_request *q, int rc)
{
	struct act *a = (struct act *)((char *)q - offsetof(struct act, probe));
	a->probe_rc = rc;
	a->probe_done++;
}

static inline void act_ready(struct postgres *p)
{
	struct act *a = p->user;
	const char *ask = a->row->ask;
	a->ready++;
	if (a->taken == 1 && ask[0] != '\0' && ask[0] != '-')
		act_ask(a, &a->asked, ask[0], a->ask_ms);
	if (a->taken == 1 && a->at_ready != NULL)
		a->at_ready(a);
}

static inline void act_hang_up(struct act *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

static inline void act_down(struct postgres *p, const char *why)
{
	struct act *a = p->user;
	if (a->downs++ == 0) {
		a->error = p->error;
		snprintf(a->why, sizeof a->why, "%s", why);
	}
	act_hang_up(a);
}

static const struct postgres_events act_events = {act_ready, act_down};

/* The server's side. */

static inline void act_listen(struct act *a)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof sa;
	a->fd = -1;
	a->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(a->listener, (struct sockaddr *)&sa, n) != 0 || listen(a->listener, 8) != 0 ||
	    getsockname(a->listener, (struct sockaddr *)&sa, &n) != 0)
		bail("no TCP on loopback");
	a->host = (struct link_host){"127.0.0.1", ntohs(sa.sin_port)};
}

static inline void act_begin(struct act *a)
{
	a->config = (struct postgres_config){
		.link = {.hosts = &a->host,
			 .host_count = 1,
			 .connect_ms = a->connect_ms,
			 .in_max = a->in_max,
			 .out_max = 64 << 10},
		.login = {.user = SPAN("me"),
			  .password = SPAN(SCRIPT_PASSWORD),
			  .flags = a->row->allow,
			  .keys = &a->keys,
			  .md5 = pgwire_md5},
		.limits = pgwire_default_limits,
	};
	act_listen(a);
	a->asked = (struct postgres_request){.done = act_asked};
	a->probe = (struct postgres_request){.done = act_probed};
	a->client.user = a;
	postgres_start(&a->client, &loop, &a->config, &act_events);
}

static inline void act_take(struct act *a)
{
	int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	a->fd = fd;
	a->taken++;
	a->heard_n = 0;
	a->left = SPAN_NONE;
	a->probing = false;
	a->greeted = a->taken > 1 || a->row->ask[0] == '\0';
	bool scram = !(a->row->allow & PGWIRE_REFUSE_SCRAM);
	const char *honest = scram ? HONEST_LOGIN : "md5 welcome ready";
	const char *first = a->greeted ? a->row->says : "welcome ready";
	script_init(&a->script, a->taken > 1 ? honest : first);
}

/* Who stalls does not even read. */
static inline void act_hear(struct act *a)
{
	if (a->taken == 1 && a->ended && a->end == STALLS)
		return;
	ssize_t n = recv(a->fd, a->heard + a->heard_n, sizeof a->heard - a->heard_n, MSG_DONTWAIT);
	if (n > 0)
		a->heard_n += (size_t)n;
	a->script.heard = span_of(a->heard, a->heard_n);
}

/* What comes behind the bytes that are said. */
static inline void act_end(struct act *a)
{
	a->ended = true;
	if (a->end == RESETS)
		setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
			   sizeof(struct linger));
	if (a->end == RESETS)
		act_hang_up(a);
	/* To close with bytes unread would be a reset. */
	if (a->end == CLOSES)
		shutdown(a->fd, SHUT_WR);
}

/* True while there is more to send and the socket takes it. */
static inline bool act_send(struct act *a)
{
	bool bad = a->taken == 1 && a->greeted && !a->probing;
	if (bad && a->said == a->limit) {
		if (!a->ended)
			act_end(a);
		return false;
	}
	if (a->left.n == 0 && !script_next(&a->script, &a->left))
		return false;
	struct span piece = bad ? span_head(a->left, a->limit - a->said) : a->left;
	if (bad && a->end == DRIPS)
		piece = span_head(piece, 1);
	ssize_t n = send(a->fd, piece.p, piece.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n <= 0)
		return false;
	a->left = span_tail(a->left, (size_t)n);
	a->said += bad ? (size_t)n : 0;
	return a->end != DRIPS;
}

/* The script is over: what next. */
static inline void act_turn_page(struct act *a)
{
	if (a->left.n > 0 || !script_over(&a->script))
		return;
	if (!a->greeted) {
		if (a->ready == 1) {
			a->greeted = true;
			script_init(&a->script, a->row->says);
		}
		return;
	}
	bool answered = a->taken > 1 || strchr("-", a->row->ask[0]) != NULL || a->asked_done > 0;
	bool good = a->taken > 1 || (a->row->want == 0 && a->limit == SCRIPTED_OVER);
	if (good && !a->probing && a->client.ready && answered) {
		a->probing = true;
		act_ask(a, &a->probe, 'r', 5000);
		script_init(&a->script, HONEST_ANSWER);
	}
}

/* Whether anything happened. */
static inline bool act_step(struct act *a)
{
	size_t before = a->said;
	if (a->client.link.state == LINK_READY || a->client.link.state == LINK_LOGIN)
		if (a->client.link.conn.in.cap > a->most)
			a->most = a->client.link.conn.in.cap;
	if (a->fd < 0)
		act_take(a);
	if (a->fd >= 0)
		act_hear(a);
	for (int i = 0; i < 200 && a->fd >= 0 && act_send(a); i++)
		;
	if (a->fd >= 0)
		act_turn_page(a);
	a->over = a->probe_done > 0;
	return a->said != before || a->client.work.waiting;
}

static inline void act_finish(struct act *a)
{
	postgres_stop(&a->client);
	act_hang_up(a);
	close(a->listener);
}

/* Plays the first [n] acts to their ends. */
static inline void play(size_t n)
{
	size_t left = n;
	for (size_t i = 0; i < n; i++)
		act_begin(&acts[i]);
	for (uint64_t until = clock_ms() + 60000; left > 0 && clock_ms() < until;) {
		bool busy = false;
		one_turn();
		left = 0;
		for (size_t i = 0; i < n; i++) {
			if (!acts[i].over)
				busy |= act_step(&acts[i]);
			left += !acts[i].over;
		}
		if (!busy)
			usleep(300);
	}
	for (size_t i = 0; i < n; i++)
		act_finish(&acts[i]);
	one_turn();
}

static inline struct act *act_new(size_t i, const struct hostile *row)
{
	acts[i] = (struct act){.row = row,
			       .limit = SCRIPTED_OVER,
			       .connect_ms = 5000,
			       .ask_ms = 5000,
			       .in_max = 256 << 10};
	return &acts[i];
}

#endif
