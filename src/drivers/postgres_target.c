#include "drivers/postgres_target.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(struct postgres_target *t, const char *why, struct span what)
{
	struct out o = out_init(t->why, sizeof t->why - 1);
	out_str(&o, why);
	if (what.n > 0) {
		out_str(&o, ": ");
		out_span(&o, span_head(what, o.cap - o.n));
	}
	t->why[o.n] = '\0';
	return POSTGRES_ETARGET;
}

static struct span env_value(const char *const *env, struct span name)
{
	for (; env != NULL && *env != NULL; env++) {
		struct span rest = span_str(*env);
		if (span_eq(span_cut(&rest, '='), name))
			return rest;
	}
	return SPAN_NONE;
}

static int put_env(struct pgwire_conninfo *c, const char *const *env)
{
	for (; env != NULL && *env != NULL; env++) {
		struct span rest = span_str(*env), name = span_cut(&rest, '=');
		int rc = pgwire_conninfo_put_env(c, name, rest);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Hosts. */

static int put_host(struct postgres_target *t, size_t i)
{
	const struct pgwire_host *h = &t->from.hosts[i];
	struct out o = out_init(t->names[i], POSTGRES_HOST_MAX - 1);
	if (h->addr.n > 0) {
		out_span(&o, h->addr);
	} else if (h->local) {
		out_span(&o, h->name);
		out_str(&o, "/.s.PGSQL.");
		out_u64(&o, h->port);
	} else {
		out_span(&o, h->name.n > 0 ? h->name : SPAN("localhost"));
	}
	if (o.over || (h->local && h->addr.n == 0 && h->name.p[0] != '/'))
		return refuse(t, "not a host", h->name);
	t->names[i][o.n] = '\0';
	t->hosts[i] = (struct link_host){t->names[i], h->port};
	return 0;
}

/* The password file. */

/* What others may read is not read, as with libpq. */
static size_t read_private(const char *path, uint8_t *p, size_t cap)
{
	struct stat st;
	size_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
		ssize_t got = 1;
		while (got > 0 && n < cap) {
			got = read(fd, p + n, cap - n);
			n += got > 0 ? (size_t)got : 0;
		}
	}
	close(fd);
	return n;
}

static bool path_of_passfile(const struct postgres_target *t, const char *const *env, char *path,
			     size_t cap)
{
	struct out o = out_init(path, cap - 1);
	struct span home = env_value(env, SPAN("HOME"));
	if (t->from.passfile.n > 0) {
		out_span(&o, t->from.passfile);
	} else {
		out_span(&o, home);
		out_str(&o, "/.pgpass");
	}
	path[o.n] = '\0';
	return !o.over && (t->from.passfile.n > 0 || home.n > 0);
}

/* The default socket directory stands for localhost there; ours has none. */
static struct span passfile_host(const struct pgwire_host *h)
{
	if (h->name.n > 0)
		return h->name;
	return h->addr.n > 0 ? h->addr : SPAN("localhost");
}

static void put_passfile(struct postgres_target *t, struct pgwire_login *login,
			 const char *const *env, struct out *room)
{
	char path[4096];
	if (!path_of_passfile(t, env, path, sizeof path))
		return;
	uint8_t *file = malloc(POSTGRES_PASSFILE_MAX);
	if (file == NULL)
		return;
	size_t n = read_private(path, file, POSTGRES_PASSFILE_MAX), at = room->n;
	const struct pgwire_host *h = &t->from.hosts[0];
	if (pgwire_passfile_get(span_of(file, n), passfile_host(h), h->port,
				login->database.n > 0 ? login->database : login->user, login->user,
				room) &&
	    !room->over)
		login->password = span_of(room->p + at, room->n - at);
	explicit_bzero(file, POSTGRES_PASSFILE_MAX);
	free(file);
}

/* The whole. */

static void put_login(struct postgres_target *t, const char *const *env, struct out *room)
{
	struct pgwire_login *login = &t->config.login;
	*login = (struct pgwire_login){
		.user = t->from.user,
		.database = t->from.database,
		.password = t->from.password,
		.application_name = t->from.application_name,
		.options = t->from.options,
		.flags = t->from.flags,
		.keys = &t->keys,
		.md5 = pgwire_md5,
	};
	if (login->user.n == 0) {
		size_t at = room->n;
		out_span(room, env_value(env, SPAN("USER")));
		login->user = span_of(room->p + at, room->n - at);
	}
	if (login->password.n == 0)
		put_passfile(t, login, env, room);
}

static int put_config(struct postgres_target *t, const char *const *env, struct out *room)
{
	const struct pgwire_target *from = &t->from;
	if (from->sslmode > PGWIRE_SSL_PREFER)
		return refuse(t, "TLS is not carried", SPAN("sslmode"));
	for (size_t i = 0; i < from->host_count; i++)
		if (put_host(t, i) < 0)
			return POSTGRES_ETARGET;
	if (from->load_balance)
		postgres_hosts_shuffle(t->hosts, from->host_count);
	t->config.link = (struct link_config){
		.hosts = t->hosts,
		.host_count = from->host_count,
		.connect_ms = POSTGRES_TARGET_CONNECT_MS,
		.in_max = POSTGRES_TARGET_BYTES,
		.out_max = POSTGRES_TARGET_BYTES,
	};
	if (from->connect_timeout > 0 && from->connect_timeout < UINT32_MAX / 1000)
		t->config.link.connect_ms = from->connect_timeout * 1000;
	t->config.limits = pgwire_default_limits;
	/* So that a row that is too long is refused by its length, and not when memory is full. */
	t->config.limits.row = t->config.limits.other = POSTGRES_TARGET_BYTES - 5;
	put_login(t, env, room);
	if (t->config.login.user.n == 0)
		return refuse(t, "no user name", SPAN_NONE);
	return room->over ? refuse(t, "too long", SPAN_NONE) : 0;
}

int postgres_target_get(struct postgres_target *t, const char *text, const char *const *env)
{
	struct pgwire_conninfo c;
	memset(t, 0, sizeof *t);
	pgwire_conninfo_init(&c, t->room, sizeof t->room);
	int rc = pgwire_conninfo_put(&c, span_str(text));
	if (rc >= 0)
		rc = put_env(&c, env);
	if (rc >= 0)
		rc = pgwire_target_get(&c, &t->from);
	if (rc < 0)
		return refuse(t, pgwire_strerror(rc), c.bad);
	return put_config(t, env, &c.room);
}

static void set_tcp(const struct pgwire_target *from, int fd)
{
	const struct {
		int level, name;
		uint32_t value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, from->keepalives},
		{IPPROTO_TCP, TCP_KEEPIDLE, from->keepalives_idle},
		{IPPROTO_TCP, TCP_KEEPINTVL, from->keepalives_interval},
		{IPPROTO_TCP, TCP_KEEPCNT, from->keepalives_count},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, from->tcp_user_timeout},
	};
	/* On a Unix socket they fail, and mean nothing. */
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (i == 0 || options[i].value > 0)
			setsockopt(fd, options[i].level, options[i].name, &options[i].value,
				   sizeof options[i].value);
}

static bool on_event(struct postgres_watcher *w, struct postgres *p, const struct pgwire_event *ev)
{
	const struct postgres_target *t =
		(struct postgres_target *)((char *)w - offsetof(struct postgres_target, watcher));
	if (ev->kind == PGWIRE_EV_READY)
		set_tcp(&t->from, p->link.conn.src.fd);
	return false;
}

void postgres_target_watch(struct postgres_target *t, struct postgres *p)
{
	static const enum postgres_kind kinds[] = {
		[PGWIRE_ATTRS_ANY] = POSTGRES_ANY,
		[PGWIRE_ATTRS_READ_WRITE] = POSTGRES_READ_WRITE,
		[PGWIRE_ATTRS_READ_ONLY] = POSTGRES_READ_ONLY,
		[PGWIRE_ATTRS_PRIMARY] = POSTGRES_PRIMARY,
		[PGWIRE_ATTRS_STANDBY] = POSTGRES_STANDBY,
		[PGWIRE_ATTRS_PREFER_STANDBY] = POSTGRES_PREFER_STANDBY,
	};
	postgres_attrs_open(&t->attrs, p, kinds[t->from.attrs]);
	t->watcher.event = on_event;
	/* Behind the other one, so that it is asked first: the other uses READY up. */
	postgres_watch(p, &t->watcher);
}

void postgres_target_wipe(struct postgres_target *t)
{
	explicit_bzero(t->room, sizeof t->room);
	explicit_bzero(&t->keys, sizeof t->keys);
}
