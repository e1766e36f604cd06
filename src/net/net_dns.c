#include "net/net_dns.h"

#include <string.h>

#define HEADER 12 /* RFC 1035, 4.1.1 */
#define CLASS_IN 1
#define NAME_WIRE 255
/* A name has 127 labels at most, so more pointers than that serve nothing. */
#define POINTERS 127

enum { QR = 0x8000, OPCODE = 0x7800, TC = 0x0200, RD = 0x0100, RCODE = 0x000f };

/* Names. */

/* A name as on the wire, without compression: labels with their lengths, and the root. */
struct name {
	size_t n;
	uint8_t wire[NAME_WIRE];
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_host_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' ||
	       c == '_';
}

static bool label_ok(struct span s)
{
	if (s.n == 0 || s.n > NET_DNS_LABEL || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_host_byte(s.p[i]))
			return false;
	return true;
}

static bool all_digits(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return true;
}

static struct span without_last_dot(struct span s)
{
	return s.n > 0 && s.p[s.n - 1] == '.' ? span_head(s, s.n - 1) : s;
}

bool net_dns_name_ok(struct span name)
{
	struct span rest = without_last_dot(name), label = rest;
	if (rest.n == 0 || rest.n > NET_DNS_NAME)
		return false;
	bool several = span_find(rest, '.') < rest.n;
	while (rest.p != NULL) {
		label = span_cut(&rest, '.');
		if (!label_ok(label))
			return false;
	}
	return !(several && all_digits(label));
}

/* [text] is a host name. */
static void put_name(struct out *o, struct span text)
{
	struct span rest = without_last_dot(text);
	while (rest.p != NULL) {
		struct span label = span_cut(&rest, '.');
		out_byte(o, (uint8_t)label.n);
		out_span(o, label);
	}
	out_byte(o, 0);
}

static struct name name_of(struct span text)
{
	struct name name;
	struct out o = out_init(name.wire, sizeof name.wire);
	put_name(&o, text);
	name.n = o.n;
	return name;
}

/* The lengths of labels are below 'A', so both can be compared as one text. */
static bool same_name(const struct name *a, const struct name *b)
{
	return span_eq_nocase(span_of(a->wire, a->n), span_of(b->wire, b->n));
}

/*
 * A pointer at [at] (RFC 1035, 4.1.4): where it leads, or an error. Each must lead to a place
 * before the one where the piece with the pointer began, so following them comes to an end.
 */
static int follow(struct span msg, size_t at, size_t began)
{
	if (msg.n - at < 2)
		return NET_DNS_ECUT;
	size_t to = get_be16(msg.p + at) & 0x3fff;
	return to < HEADER || to >= began ? NET_DNS_EPOINTER : (int)to;
}

/* The name at [at], expanded; returns where the message goes on behind it, or an error. */
static int take_name(struct span msg, size_t at, struct name *name)
{
	size_t began = at, behind = 0;
	int pointers = 0;
	for (name->n = 0;;) {
		if (at >= msg.n)
			return NET_DNS_ECUT;
		size_t n = msg.p[at];
		if (n >= 0xc0) {
			int to = ++pointers > POINTERS ? NET_DNS_EPOINTER : follow(msg, at, began);
			if (to < 0)
				return to;
			behind = behind == 0 ? at + 2 : behind;
			at = began = (size_t)to;
			continue;
		}
		if (n > NET_DNS_LABEL)
			return NET_DNS_ELABEL;
		if (msg.n - at < n + 1)
			return NET_DNS_ECUT;
		if (name->n + n + 1 > NAME_WIRE)
			return NET_DNS_ELONG;
		memcpy(name->wire + name->n, msg.p + at, n + 1);
		name->n += n + 1;
		at += n + 1;
		if (n == 0)
			return (int)(behind == 0 ? at : behind);
	}
}

/* Queries. */

int net_dns_query_put(struct out *o, const struct net_dns_question *q)
{
	if (!net_dns_name_ok(q->name))
		return NET_DNS_ENAME;
	size_t before = o->n;
	out_be16(o, q->id);
	out_be16(o, RD);
	out_be16(o, 1);
	out_be16(o, 0);
	out_be16(o, 0);
	out_be16(o, 0);
	put_name(o, q->name);
	out_be16(o, q->type);
	out_be16(o, CLASS_IN);
	return o->over ? NET_DNS_EROOM : (int)(o->n - before);
}

/* Answers. */

struct record {
	struct name owner;
	uint16_t type, class;
	uint32_t ttl;
	size_t data, n; /* where the data stands, and its length */
};

static int take_record(struct span msg, size_t at, struct record *r)
{
	int rc = take_name(msg, at, &r->owner);
	if (rc < 0)
		return rc;
	at = (size_t)rc;
	if (msg.n - at < 10)
		return NET_DNS_ECUT;
	r->type = get_be16(msg.p + at);
	r->class = get_be16(msg.p + at + 2);
	r->ttl = get_be32(msg.p + at + 4);
	/* RFC 2181, 8: the highest bit set means zero. */
	if (r->ttl > INT32_MAX)
		r->ttl = 0;
	r->data = at + 10;
	r->n = get_be16(msg.p + at + 8);
	return msg.n - r->data < r->n ? NET_DNS_ECUT : (int)(r->data + r->n);
}

static int take_addr(struct span msg, const struct record *r, struct net_dns_answer *a)
{
	size_t n = r->type == NET_DNS_A ? 4 : 16;
	if (r->n != n)
		return NET_DNS_ERDATA;
	if (a->addrs == NET_DNS_ADDRS)
		return 0;
	struct net_addr *to = &a->addr[a->addrs++];
	*to = (struct net_addr){.family = n == 4 ? 4 : 6};
	memcpy(to->ip, msg.p + r->data, n);
	return 0;
}

static int take_alias(struct span msg, const struct record *r, struct name *alias)
{
	int rc = take_name(span_head(msg, r->data + r->n), r->data, alias);
	if (rc == NET_DNS_ECUT || (rc > 0 && (size_t)rc != r->data + r->n))
		return NET_DNS_ERDATA;
	return rc < 0 ? rc : 0;
}

/* What one look through the answer section is for. */
struct search {
	struct name owner; /* whose records */
	uint16_t type;
	size_t at; /* where the section begins */
	unsigned records;
};

/*
 * Takes the addresses that [s->owner] has. When it has none but a CNAME, that becomes the owner
 * and the result is 1: look again. Records may stand in any order, hence one look a name.
 */
static int look(struct span msg, struct search *s, struct net_dns_answer *a)
{
	struct name alias = {.n = 0};
	uint32_t alias_ttl = 0;
	size_t at = s->at;
	for (unsigned i = 0; i < s->records; i++) {
		struct record r;
		int rc = take_record(msg, at, &r);
		if (rc < 0)
			return rc;
		at = (size_t)rc;
		if (r.class != CLASS_IN || !same_name(&r.owner, &s->owner))
			continue;
		rc = 0;
		if (r.type == s->type) {
			rc = take_addr(msg, &r, a);
			a->ttl = r.ttl < a->ttl ? r.ttl : a->ttl;
		} else if (r.type == NET_DNS_CNAME && alias.n == 0) {
			rc = take_alias(msg, &r, &alias);
			alias_ttl = r.ttl;
		}
		if (rc < 0)
			return rc;
	}
	if (a->addrs > 0 || alias.n == 0)
		return 0;
	a->ttl = alias_ttl < a->ttl ? alias_ttl : a->ttl;
	s->owner = alias;
	return 1;
}

/* RCODEs other than these two say that the server failed, and some servers then say only that. */
static bool says_something(unsigned rcode)
{
	return rcode == NET_DNS_NOERROR || rcode == NET_DNS_NXDOMAIN;
}

/* The header and the echo of the question; where the answers begin, or EFOREIGN. */
static int take_question(struct span msg, const struct net_dns_question *q, const struct name *name)
{
	if (msg.n < HEADER || get_be16(msg.p) != q->id)
		return NET_DNS_EFOREIGN;
	unsigned flags = get_be16(msg.p + 2), questions = get_be16(msg.p + 4);
	if ((flags & (QR | OPCODE)) != QR)
		return NET_DNS_EFOREIGN;
	if (questions == 0 && !says_something(flags & RCODE))
		return HEADER;
	struct name asked;
	int at = questions == 1 ? take_name(msg, HEADER, &asked) : NET_DNS_EFOREIGN;
	if (at < 0 || msg.n - (size_t)at < 4 || !same_name(&asked, name))
		return NET_DNS_EFOREIGN;
	if (get_be16(msg.p + at) != q->type || get_be16(msg.p + at + 2) != CLASS_IN)
		return NET_DNS_EFOREIGN;
	return at + 4;
}

int net_dns_answer_parse(struct span msg, const struct net_dns_question *q,
			 struct net_dns_answer *a)
{
	if (!net_dns_name_ok(q->name))
		return NET_DNS_ENAME;
	struct search s = {.owner = name_of(q->name), .type = q->type};
	/* A message has a length of 16 bits at most, also by TCP (RFC 1035, 4.2.2). */
	int at = msg.n > UINT16_MAX ? NET_DNS_EFOREIGN : take_question(msg, q, &s.owner);
	if (at < 0)
		return at;
	unsigned flags = get_be16(msg.p + 2);
	*a = (struct net_dns_answer){.rcode = flags & RCODE, .truncated = (flags & TC) != 0};
	if (a->rcode != NET_DNS_NOERROR || a->truncated)
		return (int)msg.n;
	a->ttl = UINT32_MAX;
	s.at = (size_t)at;
	s.records = get_be16(msg.p + 6);
	if (s.records > NET_DNS_RECORDS)
		return NET_DNS_EMANY;
	int rc = look(msg, &s, a);
	for (int aliases = 1; rc == 1; aliases++)
		rc = aliases > NET_DNS_CHAIN ? NET_DNS_ECHAIN : look(msg, &s, a);
	if (a->addrs == 0)
		a->ttl = 0;
	return rc < 0 ? rc : (int)msg.n;
}

const char *net_dns_strerror(int rc)
{
	switch (rc) {
	case NET_DNS_ENAME:
		return "not a host name";
	case NET_DNS_EROOM:
		return "the output buffer is too small";
	case NET_DNS_EFOREIGN:
		return "not an answer to this question";
	case NET_DNS_ECUT:
		return "the message ends in the middle of a record";
	case NET_DNS_ELABEL:
		return "a label of a reserved kind";
	case NET_DNS_EPOINTER:
		return "a compression pointer that does not point back";
	case NET_DNS_ELONG:
		return "a name of more than 255 bytes";
	case NET_DNS_ERDATA:
		return "record data of a wrong length";
	case NET_DNS_EMANY:
		return "too many records";
	case NET_DNS_ECHAIN:
		return "too many CNAMEs";
	default:
		return "no error";
	}
}
