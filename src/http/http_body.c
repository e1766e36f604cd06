#include "http/http_scan.h"

/*
 * chunk = chunk-size *( BWS ";" BWS name [ BWS "=" BWS value ] ) CRLF data CRLF  (9112, 7.1).
 * Each state names what the next byte may be.
 */
enum state {
	SIZE,      /* a digit, or what ends them */
	SIZE_LF,   /* the LF of a size line */
	EXT,       /* after blanks: ';' */
	EXT_NAME,  /* blanks, then the first byte of a name */
	EXT_NAMED, /* more of the name, or what ends it */
	EXT_EQUAL, /* after name and blanks: '=' or ';' */
	EXT_VALUE, /* blanks, then a token or a quoted string */
	EXT_TOKEN,
	EXT_QUOTED,
	EXT_ESCAPED, /* after a backslash in a quoted string */
	EXT_END,     /* blank, ';' or CR: a value is complete */
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER, /* first byte of a field line, or the CR of the empty one */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
	FAILED,
};

/* May never come as trailers (9110, 6.5.1; the list is the one of RFC 7230, 4.1.2). 32 at most. */
static const char forbidden[] =
	"transfer-encoding\0content-length\0host\0connection\0keep-alive\0proxy-connection\0te\0"
	"trailer\0upgrade\0authorization\0proxy-authorization\0www-authenticate\0set-cookie\0"
	"cookie\0content-encoding\0content-type\0content-range\0cache-control\0expect\0"
	"max-forwards\0pragma\0range\0if-match\0if-none-match\0if-modified-since\0"
	"if-unmodified-since\0if-range\0age\0expires\0location\0retry-after\0vary\0";

/*
 * Those of [mask] whose i-th byte is [c], 0 for the end: a name comes in pieces of any size and is
 * kept nowhere.
 */
static uint32_t still_forbidden(uint32_t mask, unsigned i, uint8_t c)
{
	uint32_t still = 0;
	const char *name = forbidden;
	for (uint32_t bit = 1; mask != 0 && *name != '\0'; bit <<= 1) {
		size_t n = strlen(name);
		if (i <= n && (uint8_t)name[i] == c)
			still |= mask & bit;
		name += n + 1;
	}
	return still;
}

static int on_size(struct http_body *b, uint8_t c)
{
	if (http_is(c, HTTP_C_HEX)) {
		if (b->at == 16 || b->left > (uint64_t)INT64_MAX >> 4)
			return HTTP_ECHUNK;
		b->left = b->left << 4 | http_hex(c);
		b->at++;
		return SIZE;
	}
	if (b->at == 0)
		return HTTP_ECHUNK;
	return c == '\r' ? SIZE_LF : c == ';' ? EXT_NAME : http_is_blank(c) ? EXT : HTTP_ECHUNK;
}

/* Between the parts of an extension, and in its name. */
static int on_ext(enum state state, uint8_t c)
{
	switch (state) {
	case EXT:
		return http_is_blank(c) ? EXT : c == ';' ? EXT_NAME : HTTP_ECHUNK;
	case EXT_NAME:
		if (http_is(c, HTTP_C_TOKEN))
			return EXT_NAMED;
		return http_is_blank(c) ? EXT_NAME : HTTP_ECHUNK;
	case EXT_NAMED:
		if (http_is(c, HTTP_C_TOKEN))
			return EXT_NAMED;
		if (c == '\r')
			return SIZE_LF;
		/* fall through */
	default: /* EXT_EQUAL */
		if (http_is_blank(c))
			return EXT_EQUAL;
		return c == '=' ? EXT_VALUE : c == ';' ? EXT_NAME : HTTP_ECHUNK;
	}
}

static int on_ext_value(enum state state, uint8_t c)
{
	switch (state) {
	case EXT_VALUE:
		if (c == '"')
			return EXT_QUOTED;
		if (http_is_blank(c))
			return EXT_VALUE;
		return http_is(c, HTTP_C_TOKEN) ? EXT_TOKEN : HTTP_ECHUNK;
	case EXT_QUOTED:
		if (http_is(c, HTTP_C_QUOTED))
			return EXT_QUOTED;
		return c == '"' ? EXT_END : c == '\\' ? EXT_ESCAPED : HTTP_ECHUNK;
	case EXT_ESCAPED:
		return http_is(c, HTTP_C_VALUE) ? EXT_QUOTED : HTTP_ECHUNK;
	case EXT_TOKEN:
		if (http_is(c, HTTP_C_TOKEN))
			return EXT_TOKEN;
		/* fall through */
	default: /* EXT_END */
		if (http_is_blank(c))
			return EXT;
		return c == '\r' ? SIZE_LF : c == ';' ? EXT_NAME : HTTP_ECHUNK;
	}
}

static int on_trailer_name(struct http_body *b, uint8_t c)
{
	if (c == ':') {
		b->forbidden = still_forbidden(b->forbidden, b->at, 0);
		return b->at == 0 || b->forbidden != 0 ? HTTP_ECHUNK : TRAILER_VALUE;
	}
	if (!http_is(c, HTTP_C_TOKEN))
		return HTTP_ECHUNK;
	b->forbidden = still_forbidden(b->forbidden, b->at, c | 0x20);
	b->at = (uint8_t)(b->at + (b->at < UINT8_MAX));
	return TRAILER_NAME;
}

static int on_trailer(struct http_body *b, uint8_t c)
{
	switch (b->state) {
	case TRAILER:
		if (c == '\r')
			return LAST_LF;
		b->at = 0;
		b->forbidden = UINT32_MAX;
		/* fall through */
	case TRAILER_NAME:
		return on_trailer_name(b, c);
	case TRAILER_VALUE:
		if (http_is(c, HTTP_C_VALUE))
			return TRAILER_VALUE;
		return c == '\r' ? TRAILER_LF : HTTP_ECHUNK;
	case TRAILER_LF:
		return c == '\n' ? TRAILER : HTTP_ECHUNK;
	default: /* LAST_LF */
		b->done = c == '\n';
		return b->done ? LAST_LF : HTTP_ECHUNK;
	}
}

/* One byte of what stands around the data: the next state or an error. */
static int on_framing(struct http_body *b, uint8_t c)
{
	switch (b->state) {
	case SIZE:
		return on_size(b, c);
	case SIZE_LF:
		if (c != '\n')
			return HTTP_ECHUNK;
		return b->left > 0 ? DATA : TRAILER;
	case DATA_CR:
		return c == '\r' ? DATA_LF : HTTP_ECHUNK;
	case DATA_LF:
		b->at = 0;
		return c == '\n' ? SIZE : HTTP_ECHUNK;
	case EXT:
	case EXT_NAME:
	case EXT_NAMED:
	case EXT_EQUAL:
		return on_ext((enum state)b->state, c);
	case EXT_VALUE:
	case EXT_TOKEN:
	case EXT_QUOTED:
	case EXT_ESCAPED:
	case EXT_END:
		return on_ext_value((enum state)b->state, c);
	default:
		return on_trailer(b, c);
	}
}

/* Whether [next] is reached by a byte that counts against the limit. */
static bool is_extra(int next)
{
	return (next >= EXT && next <= EXT_END) || (next >= TRAILER_NAME && next <= TRAILER_LF);
}

static int step(struct http_body *b, uint8_t c)
{
	int next = on_framing(b, c);
	if (next >= 0 && is_extra(next)) {
		if (b->ext >= b->ext_max)
			next = HTTP_ECHUNK;
		b->ext++;
	}
	b->state = next < 0 ? FAILED : (uint8_t)next;
	return next < 0 ? next : 1;
}

static struct span take_data(struct http_body *b, struct span in)
{
	if (b->framing == HTTP_UNTIL_CLOSE)
		return in;
	struct span piece = in.n <= b->left ? in : span_head(in, (size_t)b->left);
	b->left -= piece.n;
	if (b->left == 0 && b->framing == HTTP_CHUNKED)
		b->state = DATA_CR;
	b->done = b->left == 0 && b->framing == HTTP_LENGTH;
	return piece;
}

void http_body_init(struct http_body *b, const struct http_head *h, const struct http_limits *lim)
{
	*b = (struct http_body){.ext_max = lim->chunk_ext, .framing = (uint8_t)h->framing};
	b->state = h->framing == HTTP_CHUNKED ? SIZE : DATA;
	b->left = h->framing == HTTP_LENGTH ? h->length : 0;
	b->done = h->framing == HTTP_NO_BODY || (h->framing == HTTP_LENGTH && h->length == 0);
}

int http_body_next(struct http_body *b, struct span in, struct span *piece)
{
	size_t at = 0;
	in = span_head(in, INT32_MAX); /* the count is an int */
	*piece = span_head(in, 0);
	if (b->state == FAILED)
		return HTTP_ECHUNK;
	while (at < in.n && !b->done) {
		if (b->state == DATA) {
			*piece = take_data(b, span_tail(in, at));
			return (int)(at + piece->n);
		}
		int rc = step(b, in.p[at++]);
		if (rc < 0)
			return rc;
	}
	return (int)at;
}

uint64_t http_body_due(const struct http_body *b)
{
	return b->state == DATA ? b->left : 0;
}
