#include "net/net_resolve_conf.h"

#include "net/net_dns.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DNS_PORT 53

static const char resolv_default[] = "/etc/resolv.conf", hosts_default[] = "/etc/hosts";
static const char *resolv_file = resolv_default, *hosts_file = hosts_default;

void net_resolve_files(const char *resolv, const char *hosts)
{
	resolv_file = resolv == NULL ? resolv_default : resolv;
	hosts_file = hosts == NULL ? hosts_default : hosts;
}

/* Lines. */

struct lines {
	int fd;
	size_t total;    /* bytes read of the file */
	size_t off, len; /* what is not yet given out: buf[off] to buf[len] */
	bool end;        /* of the file, or of our patience */
	bool skipping;   /* the rest of a line that is too long */
	uint8_t buf[NET_CONF_LINE];
};

static void lines_open(struct lines *l, const char *path)
{
	l->total = l->off = l->len = 0;
	l->skipping = false;
	/* Never wait, should somebody have put a pipe there. */
	l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	l->end = l->fd < 0;
}

static void lines_close(struct lines *l)
{
	if (l->fd >= 0)
		close(l->fd);
}

static void lines_fill(struct lines *l)
{
	if (l->off > 0)
		memmove(l->buf, l->buf + l->off, l->len - l->off);
	l->len -= l->off;
	l->off = 0;
	if (l->len == sizeof l->buf) {
		l->len = 0;
		l->skipping = true;
	}
	/* The last line may be cut off there. */
	if (l->total >= NET_CONF_FILE) {
		l->skipping = l->end = true;
		return;
	}
	ssize_t n = read(l->fd, l->buf + l->len, sizeof l->buf - l->len);
	l->end = n <= 0;
	if (n <= 0)
		return;
	l->len += (size_t)n;
	l->total += (size_t)n;
}

/* The next line without its end; false at the end of the file. Good until the next call. */
static bool lines_next(struct lines *l, struct span *line)
{
	for (;;) {
		struct span have = span_of(l->buf + l->off, l->len - l->off);
		size_t at = span_find(have, '\n');
		if (at == have.n && !l->end) {
			lines_fill(l);
			continue;
		}
		bool skip = l->skipping;
		if (at == have.n && have.n == 0)
			return false;
		l->skipping = false;
		l->off += at < have.n ? at + 1 : at;
		*line = span_head(have, at);
		if (!skip)
			return true;
	}
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of [rest]; empty when there is none. */
static struct span take_word(struct span *rest)
{
	size_t from = 0;
	while (from < rest->n && is_blank(rest->p[from]))
		from++;
	size_t to = from;
	while (to < rest->n && !is_blank(rest->p[to]))
		to++;
	struct span word = {rest->p + from, to - from};
	*rest = span_tail(*rest, to);
	return word;
}

/* resolv.conf. */

static void take_server(struct net_resolve_conf *c, struct span text)
{
	struct span port = text, ip = span_cut(&port, '#');
	uint64_t number = DNS_PORT;
	if (c->servers == NET_SERVERS_MAX || !net_addr_parse(ip, &c->server[c->servers]))
		return;
	if (port.p != NULL && !(dec_u64(port, &number) && number > 0 && number <= UINT16_MAX))
		return;
	c->port[c->servers++] = (uint16_t)number;
}

static void take_search(struct net_resolve_conf *c, struct span rest, unsigned max)
{
	size_t used = 0;
	c->searches = 0;
	for (;;) {
		struct span word = take_word(&rest);
		if (word.n == 0 || c->searches == max)
			return;
		/* "." is the root, and the name by itself is tried anyway. */
		if (!net_dns_name_ok(word))
			continue;
		if (word.p[word.n - 1] == '.')
			word.n--;
		if (word.n > sizeof c->search - used)
			return;
		memcpy(c->search + used, word.p, word.n);
		used += word.n;
		c->search_end[c->searches++] = (uint16_t)used;
	}
}

static void take_options(struct net_resolve_conf *c, struct span rest)
{
	/* Limits of resolv.conf(5); a larger number counts as the largest. */
	const struct {
		struct span name;
		uint8_t least, most, *to;
	} options[] = {
		{SPAN("ndots"), 0, 15, &c->ndots},
		{SPAN("timeout"), 1, 30, &c->timeout},
		{SPAN("attempts"), 1, 5, &c->attempts},
	};
	for (struct span word = take_word(&rest); word.n > 0; word = take_word(&rest)) {
		struct span value = word, name = span_cut(&value, ':');
		uint64_t v;
		for (size_t i = 0; i < sizeof options / sizeof *options; i++)
			if (span_eq(name, options[i].name) && dec_u64(value, &v)) {
				v = v < options[i].least ? options[i].least : v;
				*options[i].to = v < options[i].most ? (uint8_t)v : options[i].most;
			}
	}
}

static void take_line(struct net_resolve_conf *c, struct span line)
{
	struct span key = take_word(&line);
	if (span_eq(key, SPAN("nameserver")))
		take_server(c, take_word(&line));
	else if (span_eq(key, SPAN("search")))
		take_search(c, line, NET_SEARCH_MAX);
	else if (span_eq(key, SPAN("domain")))
		take_search(c, line, 1);
	else if (span_eq(key, SPAN("options")))
		take_options(c, line);
}

void net_resolve_conf_read(struct net_resolve_conf *c)
{
	struct lines l;
	struct span line;
	*c = (struct net_resolve_conf){.ndots = 1, .timeout = 5, .attempts = 2};
	lines_open(&l, resolv_file);
	while (lines_next(&l, &line))
		take_line(c, line);
	lines_close(&l);
	if (c->servers == 0)
		take_server(c, SPAN("127.0.0.1"));
}

struct span net_resolve_conf_search(const struct net_resolve_conf *c, unsigned i)
{
	size_t from = i == 0 ? 0 : c->search_end[i - 1];
	return span_of(c->search + from, c->search_end[i] - from);
}

/* hosts. */

/* Whether [line] has [name]; then its address in [a]. */
static bool host_line(struct span line, struct span name, struct net_addr *a)
{
	line = span_head(line, span_find(line, '#'));
	struct span ip = take_word(&line);
	for (struct span word = take_word(&line); word.n > 0; word = take_word(&line))
		if (span_eq_nocase(word, name))
			return net_addr_parse(ip, a);
	return false;
}

unsigned net_hosts_read(struct span name, struct net_addr *addrs, unsigned max_each)
{
	struct lines l;
	struct span line;
	unsigned n = 0, fours = 0;
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	lines_open(&l, hosts_file);
	while (name.n > 0 && lines_next(&l, &line)) {
		struct net_addr a;
		if (!host_line(line, name, &a) || net_addr_among(addrs, n, &a))
			continue;
		if ((a.family == 4 ? fours : n - fours) == max_each)
			continue;
		fours += a.family == 4;
		addrs[n++] = a;
	}
	lines_close(&l);
	return n;
}
