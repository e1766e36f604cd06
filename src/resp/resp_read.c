#include "resp/resp.h"

/* The few functions every item passes through: half of the instructions would be their calls. */
/* Inlined for speed, unless the whole is compiled for size. */
#ifdef __OPTIMIZE_SIZE__
#define HOT static
#else
#define HOT static inline __attribute__((always_inline))
#endif

/*
 * A frame is an open aggregate or streamed string. IN_ATTR and IN_PUSH are inherited by what is
 * opened inside, which makes them the flags of every item read there.
 */
enum {
	STREAM = 1, /* ends by RESP_END; left[] is what limits.items still allows */
	PAIRS = 2,  /* of a streamed map: RESP_END may not stand behind a key */
	RAW = 4,    /* the bytes of a long bulk, r->body of them to come */
	PARTS = 8,  /* the parts of `$?`, r->body bytes of them had */
	ATTR = 16,
	PUSH = 32,
	IN_ATTR = 64,
	IN_PUSH = 128,
};

/* Of streamed(): what comes is read as anywhere else. No other function returns it. */
#define ELEMENT INT32_MIN

static uint32_t at_most(uint32_t v, uint32_t max)
{
	return v < max ? v : max;
}

void resp_reader_init(struct resp_reader *r, const struct resp_limits *lim)
{
	*r = (struct resp_reader){.lim = lim != NULL ? *lim : resp_default_limits};
	r->lim.line = at_most(r->lim.line, RESP_LENGTH_MAX);
	r->lim.bulk = at_most(r->lim.bulk, RESP_LENGTH_MAX);
	r->lim.items = at_most(r->lim.items, UINT32_MAX - 1);
	r->lim.depth = at_most(r->lim.depth, RESP_DEPTH_MAX);
	if (r->lim.part == 0)
		r->lim.part = RESP_LENGTH_MAX;
	/* No sum of bytes seen can wrap below it. */
	if (r->lim.reply > INT64_MAX)
		r->lim.reply = INT64_MAX;
}

/* Compilers make one load of it. */
HOT uint64_t get_le64(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

/*
 * Index of the first CR or LF from [at] on, or [n]: eight bytes a step. A byte of x that is zero
 * sets its top bit in (x - ones) & ~x; so may bytes above it, hence the lowest bit is the answer.
 */
HOT size_t find_eol(const uint8_t *p, size_t at, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	for (; n - at >= 8; at += 8) {
		uint64_t w = get_le64(p + at), cr = w ^ ones * '\r', lf = w ^ ones * '\n';
		uint64_t hit = (((cr - ones) & ~cr) | ((lf - ones) & ~lf)) & ones << 7;
		if (hit != 0)
			return at + (size_t)__builtin_ctzll(hit) / 8;
	}
	while (at < n && p[at] != '\r' && p[at] != '\n')
		at++;
	return at;
}

/* A line of text behind the type byte. */
HOT int line(struct resp_reader *r, struct span in, struct span *str)
{
	size_t window = (size_t)r->lim.line + 2;
	size_t end = in.n < window ? in.n : window;
	size_t at = find_eol(in.p, r->scanned != 0 ? r->scanned : 1, end);
	if (at == window)
		return RESP_ETOOBIG;
	if (at < end && in.p[at] == '\n')
		return RESP_ELINE;
	if (at + 1 >= in.n) {
		r->scanned = (uint32_t)at;
		return RESP_MORE;
	}
	if (in.p[at + 1] != '\n')
		return RESP_ELINE;
	*str = (struct span){in.p + 1, at - 1};
	return (int)(at + 2);
}

/*
 * Digits from [at] up to CRLF; the index behind it. At most 19 of them: so many cannot overflow
 * the sum, no length or int64 has more, and what is looked at again after a short read is bounded.
 */
HOT int digits(struct span in, size_t at, uint64_t *v)
{
	size_t i = at, end = in.n - at < 19 ? in.n : at + 19;
	uint64_t sum = 0;
	for (; i < end; i++) {
		uint8_t d = (uint8_t)(in.p[i] - '0');
		if (d > 9)
			break;
		sum = sum * 10 + d;
	}
	if (i == in.n)
		return RESP_MORE;
	if (in.p[i] != '\r')
		return in.p[i] == '\n' ? RESP_ELINE : RESP_ENUMBER;
	if (i == at)
		return RESP_ENUMBER;
	if (i + 1 == in.n)
		return RESP_MORE;
	if (in.p[i + 1] != '\n')
		return RESP_ELINE;
	*v = sum;
	return (int)(i + 2);
}

/* Exactly [text] from [at] on; the index behind it. */
static int literal(struct span in, size_t at, struct span text)
{
	for (size_t i = 0; i < text.n; i++, at++) {
		if (at >= in.n)
			return RESP_MORE;
		if (in.p[at] != text.p[i])
			return text.p[i] == '\n' || in.p[at] == '\n' ? RESP_ELINE : RESP_ENUMBER;
	}
	return (int)at;
}

HOT int integer(struct span in, int64_t *num)
{
	uint64_t v, max = INT64_MAX;
	size_t at = 1;
	bool minus = in.n > 1 && in.p[1] == '-';
	if (minus)
		max++;
	if (minus || (in.n > 1 && in.p[1] == '+'))
		at++;
	int used = digits(in, at, &v);
	if (used <= 0)
		return used;
	if (v > max)
		return RESP_ENUMBER;
	*num = minus ? (int64_t)(0 - v) : (int64_t)v;
	return used;
}

static int boolean(struct span in, int64_t *num)
{
	if (in.n < 2)
		return RESP_MORE;
	*num = in.p[1] == 't';
	return literal(in, 1, *num != 0 ? SPAN("t\r\n") : SPAN("f\r\n"));
}

static size_t skip_digits(struct span s, size_t at)
{
	while (at < s.n && (uint8_t)(s.p[at] - '0') <= 9)
		at++;
	return at;
}

static size_t skip_sign(struct span s, size_t at)
{
	return at + (at < s.n && (s.p[at] == '+' || s.p[at] == '-'));
}

static bool is_bignum(struct span s)
{
	size_t at = skip_sign(s, 0), end = skip_digits(s, at);
	return end > at && end == s.n;
}

/* [+-]digits[.digits][e[+-]digits], or a name; -nan is what servers before Redis 7.2 may print. */
static bool is_double(struct span s)
{
	size_t at = skip_sign(s, 0), end = skip_digits(s, at);
	if (end == at)
		return span_eq(s, SPAN("inf")) || span_eq(s, SPAN("-inf")) ||
		       span_eq(s, SPAN("nan")) || span_eq(s, SPAN("-nan"));
	if (end < s.n && s.p[end] == '.') {
		at = end + 1;
		end = skip_digits(s, at);
	}
	if (end > at && end < s.n && (s.p[end] == 'e' || s.p[end] == 'E')) {
		at = skip_sign(s, end + 1);
		end = skip_digits(s, at);
	}
	return end > at && end == s.n;
}

static int number_line(struct resp_reader *r, struct span in, struct span *str,
		       bool (*valid)(struct span))
{
	int used = line(r, in, str);
	return used > 0 && !valid(*str) ? RESP_ENUMBER : used;
}

/* What surrounds an item: where it stands and whom it belongs to. */
HOT void stand(const struct resp_reader *r, struct resp_item *it, uint8_t how)
{
	it->depth = (uint8_t)(r->depth - r->base);
	it->push = (how & IN_PUSH) != 0;
	it->attribute = (how & IN_ATTR) != 0;
	it->last = false;
}

/* The frame at r->depth has had its last element, and so perhaps has the one around it. */
static void close_frames(struct resp_reader *r, struct resp_item *it)
{
	do {
		uint8_t how = r->how[r->depth];
		r->depth--;
		if (how & ATTR) {
			it->last = (r->how[r->depth] & IN_ATTR) == 0;
			r->owed = true;
			return;
		}
		if (how & PUSH) {
			it->last = true;
			r->base = 0;
			if (r->depth == 0)
				r->reply = 0;
			return;
		}
	} while (r->depth > 0 && --r->left[r->depth] == 0);
	if (r->depth > 0)
		return;
	it->last = true;
	r->reply = 0;
}

HOT void count_element(struct resp_reader *r, struct resp_item *it)
{
	if (r->depth == 0) {
		it->last = true;
		r->reply = 0;
	} else if (--r->left[r->depth] == 0) {
		close_frames(r, it);
	}
}

/* An element without others inside. */
HOT int leaf(struct resp_reader *r, struct resp_item *it, size_t used)
{
	uint64_t reply = r->reply + used;
	if (reply > r->lim.reply)
		return RESP_ETOOBIG;
	r->reply = reply;
	r->scanned = 0;
	r->owed = false;
	stand(r, it, r->how[r->depth]);
	count_element(r, it);
	return (int)used;
}

/* An element whose [n] parts come as items of their own; it takes [used] now, [all] in the end. */
static int open_frame(struct resp_reader *r, struct resp_item *it, uint8_t how, uint32_t n,
		      int used, uint64_t all)
{
	uint8_t outer = r->how[r->depth];
	if ((how & PUSH) && (outer & IN_PUSH))
		return RESP_ENEST;
	if (r->depth >= r->lim.depth && !(how & (RAW | PARTS)))
		return RESP_EDEPTH;
	if (all > r->lim.reply - r->reply)
		return RESP_ETOOBIG;
	r->reply += all;
	r->owed = false;
	if (how & PUSH) {
		r->base = r->depth;
		how |= IN_PUSH;
	} else {
		how = (uint8_t)(how | (outer & (IN_ATTR | IN_PUSH)) | (how & ATTR ? IN_ATTR : 0));
	}
	stand(r, it, how);
	r->depth++;
	r->how[r->depth] = how;
	r->left[r->depth] = n;
	if (n == 0)
		close_frames(r, it);
	return used;
}

/* $-1 and *-1, and the streamed types, which have a `?` for their length. */
static int special(struct resp_reader *r, struct span in, struct resp_item *it)
{
	uint8_t type = in.p[0];
	if (in.p[1] == '-' && (type == RESP_BULK || type == RESP_ARRAY)) {
		int used = literal(in, 1, SPAN("-1\r\n"));
		it->type = RESP_NULL;
		return used > 0 ? leaf(r, it, (size_t)used) : used;
	}
	if (in.p[1] != '?' ||
	    (type != RESP_BULK && type != RESP_ARRAY && type != RESP_SET && type != RESP_MAP))
		return RESP_ENUMBER;
	int used = literal(in, 1, SPAN("?\r\n"));
	if (used <= 0)
		return used;
	it->stream = true;
	it->num = -1;
	r->body = 0;
	if (type == RESP_BULK)
		return open_frame(r, it, PARTS, 1, used, (uint64_t)used);
	uint8_t how = type == RESP_MAP ? STREAM | PAIRS : STREAM;
	/* One more than may come, so that the count never says that the aggregate is full. */
	return open_frame(r, it, how, r->lim.items + 1, used, (uint64_t)used);
}

/* The [len] bytes behind a length line, and their CRLF. */
HOT int body(struct span in, int head, uint64_t len, struct span *str)
{
	size_t end = (size_t)head + (size_t)len;
	if (in.n < end + 2)
		return in.n > end && in.p[end] != '\r' ? RESP_ETRAILER : RESP_MORE;
	if (in.p[end] != '\r' || in.p[end + 1] != '\n')
		return RESP_ETRAILER;
	*str = (struct span){in.p + head, (size_t)len};
	return (int)(end + 2);
}

HOT int bulk(struct resp_reader *r, struct span in, struct resp_item *it)
{
	uint64_t len;
	int head = digits(in, 1, &len);
	if (head <= 0)
		return head == RESP_ENUMBER ? special(r, in, it) : head;
	uint64_t all = (uint64_t)head + len + 2;
	if (len > r->lim.bulk || all > r->lim.reply - r->reply)
		return RESP_ETOOBIG;
	if (len > r->lim.part) {
		if (it->type != RESP_BULK)
			return RESP_ETOOBIG;
		it->stream = true;
		it->num = (int64_t)len;
		r->body = (uint32_t)len;
		return open_frame(r, it, RAW, 1, head, all);
	}
	int used = body(in, head, len, &it->str);
	if (used <= 0)
		return used;
	if (it->type == RESP_VERBATIM) {
		if (len < 4 || it->str.p[3] != ':')
			return RESP_EVERBATIM;
		it->str = span_tail(it->str, 4);
	}
	return leaf(r, it, (size_t)used);
}

static int aggregate(struct resp_reader *r, struct span in, struct resp_item *it)
{
	uint64_t n;
	int used = digits(in, 1, &n);
	if (used <= 0)
		return used == RESP_ENUMBER ? special(r, in, it) : used;
	if (n > r->lim.items)
		return RESP_ETOOBIG;
	if (it->type == RESP_MAP || it->type == RESP_ATTRIBUTE)
		n *= 2;
	if (n > r->lim.items)
		return RESP_ETOOBIG;
	uint8_t how = it->type == RESP_ATTRIBUTE ? ATTR : it->type == RESP_PUSH ? PUSH : 0;
	it->num = (int64_t)n;
	return open_frame(r, it, how, (uint32_t)n, used, (uint64_t)used);
}

HOT int element(struct resp_reader *r, struct span in, struct resp_item *it)
{
	int used;
	switch (in.p[0]) {
	case RESP_BULK:
	case RESP_BLOB_ERROR:
	case RESP_VERBATIM:
		return bulk(r, in, it);
	case RESP_ARRAY:
	case RESP_MAP:
	case RESP_SET:
	case RESP_ATTRIBUTE:
	case RESP_PUSH:
		return aggregate(r, in, it);
	case RESP_SIMPLE:
	case RESP_ERROR:
		used = line(r, in, &it->str);
		break;
	case RESP_INTEGER:
		used = integer(in, &it->num);
		it->str = (struct span){in.p + 1, used > 0 ? (size_t)used - 3 : 0};
		break;
	case RESP_NULL:
		used = literal(in, 1, SPAN("\r\n"));
		break;
	case RESP_BOOL:
		used = boolean(in, &it->num);
		break;
	case RESP_DOUBLE:
		used = number_line(r, in, &it->str, is_double);
		break;
	case RESP_BIGNUM:
		used = number_line(r, in, &it->str, is_bignum);
		break;
	case RESP_PART:
	case RESP_END:
		return RESP_ENEST;
	default:
		return RESP_ETYPE;
	}
	return used > 0 ? leaf(r, it, (size_t)used) : used;
}

/* The streamed string or aggregate at r->depth is complete. */
static int end_stream(struct resp_reader *r, struct resp_item *it, int used)
{
	it->type = RESP_END;
	stand(r, it, r->how[r->depth]);
	r->depth--;
	count_element(r, it);
	return used;
}

/* Its bytes were counted when its length was read. */
static int raw_part(struct resp_reader *r, struct span in, struct resp_item *it)
{
	if (r->body == 0) {
		int used = literal(in, 0, SPAN("\r\n"));
		if (used <= 0)
			return used < 0 ? RESP_ETRAILER : used;
		return end_stream(r, it, used);
	}
	it->type = RESP_PART;
	it->str = span_head(in, r->body);
	r->body -= (uint32_t)it->str.n;
	stand(r, it, r->how[r->depth]);
	return (int)it->str.n;
}

static int string_part(struct resp_reader *r, struct span in, struct resp_item *it)
{
	uint64_t len;
	if (in.p[0] != RESP_PART)
		return RESP_ENEST;
	int used = digits(in, 1, &len);
	if (used <= 0)
		return used;
	uint64_t all = (uint64_t)used + (len != 0 ? len + 2 : 0);
	if (len > r->lim.part || len > r->lim.bulk - r->body || all > r->lim.reply - r->reply)
		return RESP_ETOOBIG;
	if (len != 0)
		used = body(in, used, len, &it->str);
	if (used <= 0)
		return used;
	r->reply += all;
	if (len == 0)
		return end_stream(r, it, used);
	r->body += (uint32_t)len;
	stand(r, it, r->how[r->depth]);
	return used;
}

/* What may stand in a streamed string or aggregate; of the latter only its end is read here. */
static int streamed(struct resp_reader *r, struct span in, struct resp_item *it)
{
	uint8_t how = r->how[r->depth];
	if (how & RAW)
		return raw_part(r, in, it);
	if (how & PARTS)
		return string_part(r, in, it);
	uint32_t left = r->left[r->depth], had = r->lim.items + 1 - left;
	if (in.p[0] != RESP_END) {
		bool aside = in.p[0] == RESP_ATTRIBUTE || in.p[0] == RESP_PUSH;
		return left == 1 && !aside ? RESP_ETOOBIG : ELEMENT;
	}
	if (r->owed || ((how & PAIRS) && had % 2 != 0))
		return RESP_ENEST;
	int used = literal(in, 1, SPAN("\r\n"));
	if (used <= 0)
		return used;
	r->reply += (uint64_t)used;
	return r->reply > r->lim.reply ? RESP_ETOOBIG : end_stream(r, it, used);
}

int resp_next(struct resp_reader *r, struct span in, struct resp_item *it)
{
	if (r->error != 0)
		return r->error;
	if (in.n == 0)
		return RESP_MORE;
	it->type = (enum resp_type)in.p[0];
	it->stream = false;
	it->num = 0;
	it->str = SPAN_NONE;
	bool inner = (r->how[r->depth] & (STREAM | RAW | PARTS)) != 0;
	int used = inner ? streamed(r, in, it) : ELEMENT;
	if (used == ELEMENT)
		used = element(r, in, it);
	if (used < 0)
		r->error = (int8_t)used;
	return used;
}
