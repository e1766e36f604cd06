/*
 * Name servers for the test of the resolver, in the same loop as it: on loopback, each by UDP and
 * TCP on one port, doing what a script says.
 *
 * The script has lines "server type name words": server * for any, type 4 or 6 (asked by UDP), t4
 * or t6 (by TCP; without such a line as by UDP). Names that are not listed do not exist. Words:
 *	an address	all are put into one answer
 *	alias		the addresses are those of a CNAME
 *	none nx servfail refused
 *	header		a failure with nothing but the header
 *	broken		one record more announced than there is
 *	fat		many other records before the addresses
 *	silent late later	no answer, one after 120 ms, after 300 ms
 *	wrongid foreign garbage	sent before the answer
 *	tc		truncated by UDP, whole by TCP
 *	hang shut split empty	by TCP: no answer, connection closed, in pieces, a length of 0
 */
#ifndef TESTS_NET_RESOLVE_SERVER_H
#define TESTS_NET_RESOLVE_SERVER_H

#include "harness/tap.h"
#include "net/net.h"
#include "net/net_dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SERVERS 3 /* the last one does not listen on its TCP port */

static struct net_loop loop;
static const char *script;
static char asked[1024];

static struct server {
	int index;
	uint16_t port;
	struct net_source udp, tcp, peer;
	struct net_timer late;
	uint8_t late_msg[512];
	size_t late_n;
	struct sockaddr_in late_to;
	struct net_task pieces; /* sends [slow] to the peer, a piece in each turn */
	struct out slow;
	size_t slow_sent;
	uint8_t slow_buf[16384];
} servers[SERVERS];

struct query {
	uint16_t id;
	unsigned type;
	char name[256];
	struct span question; /* as it came */
	bool tcp;
};

static bool read_query(struct span msg, struct query *q)
{
	size_t at = 12, n = 0;
	if (msg.n < 12)
		return false;
	while (at < msg.n && msg.p[at] != 0) {
		n += (size_t)snprintf(q->name + n, sizeof q->name - n, "%s%.*s", n > 0 ? "." : "",
				      msg.p[at], (const char *)msg.p + at + 1);
		at += 1 + (size_t)msg.p[at];
	}
	if (at + 5 > msg.n)
		return false;
	q->id = get_be16(msg.p);
	q->type = get_be16(msg.p + at + 1) == NET_DNS_A ? 4 : 6;
	q->question = span_head(span_tail(msg, 12), at + 5 - 12);
	return true;
}

/* The words for [q], or NULL. */
static const char *find_rule(const struct server *s, const struct query *q, char *line, size_t room)
{
	for (int pass = q->tcp ? 0 : 1; pass < 2; pass++)
		for (const char *at = script; at != NULL && *at != 0;) {
			size_t n = strcspn(at, "\n");
			char who[8], type[8], name[256], want[8];
			int words = 0;
			snprintf(line, room, "%.*s", (int)n, at);
			at += n + (at[n] == '\n');
			if (sscanf(line, "%7s %7s %255s %n", who, type, name, &words) < 3)
				continue;
			snprintf(want, sizeof want, "%s%u", pass == 0 ? "t" : "", q->type);
			if ((who[0] == '*' || who[0] - '0' == s->index) &&
			    strcmp(type, want) == 0 && strcmp(name, q->name) == 0)
				return line + words;
		}
	return NULL;
}

static void put_record(struct out *o, bool alias, const char *text)
{
	uint8_t ip[16];
	bool six = strchr(text, ':') != NULL;
	if (inet_pton(six ? AF_INET6 : AF_INET, text, ip) != 1)
		bail("a word of the script: %s", text);
	if (alias)
		out_span(o, SPAN("\x05"
				 "alias\0"));
	else
		out_span(o, SPAN("\xc0\x0c"));
	out_be16(o, six ? NET_DNS_AAAA : NET_DNS_A);
	out_span(o, SPAN("\0\x01\0\0\0"));
	out_byte(o, six ? 66 : 44); /* the ttl */
	out_be16(o, six ? 16 : 4);
	out_mem(o, ip, six ? 16 : 4);
}

static bool has_word(const char *words, const char *word)
{
	for (struct span rest = span_str(words); rest.p != NULL;)
		if (span_eq(span_cut(&rest, ' '), span_str(word)))
			return true;
	return false;
}

static unsigned put_records(struct out *o, bool alias, const char *words)
{
	unsigned n = 0;
	for (struct span rest = span_str(words); rest.p != NULL;) {
		struct span word = span_cut(&rest, ' ');
		char text[INET6_ADDRSTRLEN];
		if (span_find(word, '.') == word.n && span_find(word, ':') == word.n)
			continue;
		snprintf(text, sizeof text, "%.*s", (int)word.n, (const char *)word.p);
		put_record(o, alias, text);
		n++;
	}
	return n;
}

static struct span build_answer(uint8_t *buf, size_t cap, const struct query *q, const char *words)
{
	struct out o = out_init(buf, cap);
	bool alias = has_word(words, "alias"), tc = has_word(words, "tc") && !q->tcp;
	unsigned count = alias ? 1 : 0, rcode = 0, fat = has_word(words, "fat") ? 200 : 0;
	rcode = has_word(words, "nx") ? 3 : rcode;
	rcode = has_word(words, "servfail") || has_word(words, "header") ? 2 : rcode;
	rcode = has_word(words, "refused") ? 5 : rcode;
	out_be16(&o, q->id);
	out_be16(&o, (uint16_t)(0x8180 | (tc ? 0x200 : 0) | rcode));
	out_be16(&o, has_word(words, "header") ? 0 : 1);
	uint8_t *counts = out_room(&o, 6);
	memset(counts, 0, 6);
	if (has_word(words, "header"))
		return out_span_of(&o);
	out_span(&o, q->question);
	if (alias)
		out_span(&o, SPAN("\xc0\x0c\0\x05\0\x01\0\0\0\x21\0\x07\x05"
				  "alias\0"));
	for (unsigned i = 0; i < fat; i++, count++)
		out_span(&o, SPAN("\0\0\x10\0\x01\0\0\0\0\0\x08\x07"
				  "padding"));
	if (!tc)
		count += put_records(&o, alias, words);
	put_be16(counts, (uint16_t)(count + has_word(words, "broken")));
	return out_span_of(&o);
}

static void send_to(const struct server *s, struct span m, const struct sockaddr_in *to)
{
	sendto(s->udp.fd, m.p, m.n, 0, (const struct sockaddr *)to, sizeof *to);
}

static void send_late(struct net_timer *t)
{
	struct server *s = (struct server *)((char *)t - offsetof(struct server, late));
	send_to(s, span_of(s->late_msg, s->late_n), &s->late_to);
}

static void note(const struct server *s, const struct query *q)
{
	size_t n = strlen(asked);
	snprintf(asked + n, sizeof asked - n, "%s%d:%s%u:%s", n > 0 ? " " : "", s->index,
		 q->tcp ? "t" : "", q->type, q->name);
}

static void send_lies(const struct server *s, const struct query *q, const char *words,
		      const struct sockaddr_in *to)
{
	uint8_t buf[512];
	struct query lie = *q;
	const char *addr = q->type == 4 ? "6.6.6.6" : "666::";
	lie.id = (uint16_t)(q->id + 1);
	if (has_word(words, "wrongid"))
		send_to(s, build_answer(buf, sizeof buf, &lie, addr), to);
	lie = *q;
	lie.question = SPAN("\4evil\0\0\1\0\1");
	if (has_word(words, "foreign"))
		send_to(s, build_answer(buf, sizeof buf, &lie, addr), to);
	for (size_t size = 0; has_word(words, "garbage") && size < 40; size++) {
		memset(buf, (int)(0xff - size), sizeof buf);
		send_to(s, span_of(buf, size), to);
	}
}

static void udp_ready(struct net_source *src, uint32_t events)
{
	(void)events;
	struct server *s = (struct server *)((char *)src - offsetof(struct server, udp));
	uint8_t in[600], buf[8192];
	char line[512];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	ssize_t n =
		recvfrom(s->udp.fd, in, sizeof in, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
	struct query q = {.tcp = false};
	if (n < 0 || !read_query(span_of(in, (size_t)n), &q))
		return;
	note(s, &q);
	const char *words = find_rule(s, &q, line, sizeof line);
	words = words == NULL ? "nx" : words;
	if (has_word(words, "silent"))
		return;
	send_lies(s, &q, words, &from);
	struct span m = build_answer(buf, sizeof buf, &q, words);
	if (!has_word(words, "late") && !has_word(words, "later")) {
		send_to(s, m, &from);
		return;
	}
	s->late_to = from;
	s->late_n = m.n;
	memcpy(s->late_msg, m.p, m.n);
	net_timer_set(&loop, &s->late, has_word(words, "late") ? 120 : 300, send_late);
}

/* The length comes in two pieces, and what follows in larger ones. */
static void send_piece(struct net_task *t)
{
	struct server *s = (struct server *)((char *)t - offsetof(struct server, pieces));
	size_t n = s->slow_sent < 3 ? 1 : 700;
	n = n < s->slow.n - s->slow_sent ? n : s->slow.n - s->slow_sent;
	send(s->peer.fd, s->slow_buf + s->slow_sent, n, MSG_NOSIGNAL);
	s->slow_sent += n;
	if (s->slow_sent < s->slow.n)
		net_task_put(&loop, t, send_piece);
}

static void send_tcp(struct server *s, struct span m, bool split)
{
	uint8_t head[2];
	put_be16(head, (uint16_t)m.n);
	if (split) {
		out_mem(&s->slow, head, 2);
		out_span(&s->slow, m);
		net_task_put(&loop, &s->pieces, send_piece);
		return;
	}
	send(s->peer.fd, head, 2, MSG_NOSIGNAL | MSG_MORE);
	send(s->peer.fd, m.p, m.n, MSG_NOSIGNAL);
}

static void drop_peer(struct server *s)
{
	net_task_drop(&loop, &s->pieces);
	if (s->peer.fd < 0)
		return;
	net_unwatch(&loop, &s->peer);
	close(s->peer.fd);
	s->peer.fd = -1;
}

static void peer_ready(struct net_source *src, uint32_t events)
{
	(void)events;
	struct server *s = (struct server *)((char *)src - offsetof(struct server, peer));
	uint8_t in[2048], buf[8192];
	char line[512];
	ssize_t n = recv(src->fd, in, sizeof in, MSG_DONTWAIT);
	if (n <= 0) {
		drop_peer(s);
		return;
	}
	struct span rest = span_of(in, (size_t)n);
	while (rest.n > 2) {
		struct query q = {.tcp = true};
		size_t size = get_be16(rest.p);
		if (!read_query(span_head(span_tail(rest, 2), size), &q))
			bail("a TCP query");
		rest = span_tail(rest, 2 + size);
		note(s, &q);
		const char *words = find_rule(s, &q, line, sizeof line);
		words = words == NULL ? "nx" : words;
		if (has_word(words, "shut")) {
			drop_peer(s);
			return;
		}
		if (has_word(words, "empty"))
			send(src->fd, "\0\0", 2, MSG_NOSIGNAL);
		else if (!has_word(words, "hang"))
			send_tcp(s, build_answer(buf, sizeof buf, &q, words),
				 has_word(words, "split"));
	}
}

static void tcp_ready(struct net_source *src, uint32_t events)
{
	(void)events;
	struct server *s = (struct server *)((char *)src - offsetof(struct server, tcp));
	int fd = accept(src->fd, NULL, NULL);
	if (fd < 0)
		return;
	drop_peer(s);
	s->slow = out_init(s->slow_buf, sizeof s->slow_buf);
	s->slow_sent = 0;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	net_watch(&loop, &s->peer, fd, EPOLLIN, peer_ready);
}

/* One port for both; the kernel's choice for UDP may be taken for TCP, so try again. */
static void open_server(struct server *s)
{
	for (int tries = 0; tries < 50; tries++) {
		struct sockaddr_in a = {.sin_family = AF_INET};
		socklen_t n = sizeof a;
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (bind(udp, (struct sockaddr *)&a, n) != 0 ||
		    getsockname(udp, (struct sockaddr *)&a, &n) != 0)
			bail("no UDP port: %s", strerror(errno));
		s->index = (int)(s - servers);
		if (bind(tcp, (struct sockaddr *)&a, n) == 0 &&
		    (s->index == SERVERS - 1 || listen(tcp, 8) == 0)) {
			s->port = ntohs(a.sin_port);
			s->peer.fd = -1;
			net_watch(&loop, &s->udp, udp, EPOLLIN, udp_ready);
			if (s->index < SERVERS - 1)
				net_watch(&loop, &s->tcp, tcp, EPOLLIN, tcp_ready);
			else
				s->tcp.fd = tcp;
			return;
		}
		close(udp);
		close(tcp);
	}
	bail("no port for both UDP and TCP");
}

static inline void close_server(struct server *s)
{
	drop_peer(s);
	net_timer_stop(&s->late);
	close(s->udp.fd);
	close(s->tcp.fd);
}

/* What an earlier row has left in the servers. */
static inline void drain(struct server *s)
{
	uint8_t buf[600];
	net_timer_stop(&s->late);
	drop_peer(s);
	while (recv(s->udp.fd, buf, sizeof buf, MSG_DONTWAIT) >= 0)
		;
	for (int fd = accept(s->tcp.fd, NULL, NULL); fd >= 0; fd = accept(s->tcp.fd, NULL, NULL))
		close(fd);
}

#endif
