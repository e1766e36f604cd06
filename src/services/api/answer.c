/* The shape of every answer: fields, sentences, problems (RFC 9457), whole JSON with an ETag. */
#include "services/api/api.h"
#include "services/common/json.h"

#include <string.h>

#define VALUE_SHOWN 100 /* bytes of an offending value that an answer repeats */
#define PROBLEM SPAN("application/problem+json")
#define PROBLEM_MAX 1024
#define TAG_SIZE 18

/*
 * Whether Accept names a problem, or [type], if any, or a range that it is in, and not with a
 * weight of 0 (RFC 9110, 12.4.2): 1 if so; -1 when it names nothing at all.
 */
static int names_type(const struct http_head *h, struct span type)
{
	int named = -1;
	for (unsigned i = 0; i < h->fields; i++) {
		struct span list = h->known[i] == HTTP_F_ACCEPT ? http_value(h, i) : SPAN_NONE;
		while (list.p != NULL) {
			struct span weight = span_cut(&list, ','), is = type;
			struct span range = span_trim(span_cut(&weight, ';'));
			if (range.n == 0)
				continue;
			if (type.n > 0 && span_ends(range, SPAN("/*"))) {
				range.n--;
				is = range.p[0] == '*' ? range : span_head(type, range.n);
			}
			weight = span_trim(weight);
			while (weight.n > 0 && span_find(SPAN("0."), weight.p[weight.n - 1]) < 2)
				weight.n--;
			named = 0;
			if ((span_eq_nocase(range, is) || span_eq_nocase(range, PROBLEM)) &&
			    !span_eq_nocase(weight, SPAN("q=")))
				return 1;
		}
	}
	return named;
}

/* The range for everything, which every browser sends, does not ask for it. */
static bool names_problem(const struct http_head *h)
{
	return names_type(h, SPAN_NONE) > 0;
}

bool api_accepts(const struct http_head *h, struct span type)
{
	return names_type(h, type) != 0;
}

static bool wants_problem(const struct http_exchange *x)
{
	const struct api_call *call = x->user;
	return x->head != NULL ? names_problem(x->head) : call != NULL && call->problem;
}

/* Nothing of what is too long. */
static uint8_t keep(uint8_t *to, size_t max, struct span s)
{
	if (s.n == 0 || s.n > max)
		return 0;
	memcpy(to, s.p, s.n);
	return (uint8_t)s.n;
}

/* What an answer that comes later must know of the request's head. */
void api_keep_wishes(struct api_call *call, const struct http_head *h)
{
	call->problem = names_problem(h);
	call->tags_n = keep(call->tags, sizeof call->tags, http_find(h, HTTP_F_IF_NONE_MATCH));
	call->trace_n = keep(call->trace, sizeof call->trace, http_find(h, HTTP_F_X_REQUEST_ID));
}

struct out api_open(struct http_exchange *x, unsigned status, struct span type)
{
	struct out o = http_open(x, status, 512);
	stats_count(x, status);
	if (type.n > 0)
		http_put_field(&o, SPAN("Content-Type"), type);
	http_put_field(&o, SPAN("Cache-Control"),
		       status == 200 || status == 304 ? SPAN("no-cache") : SPAN("no-store"));
	return o;
}

static void finish(struct http_exchange *x, struct out *o, struct span body)
{
	http_begin(x, o, body.n);
	if (x->answered)
		return;
	if (!http_send(x, body))
		http_abort(x);
	else
		http_end(x);
}

void api_answer_json(struct http_exchange *x, unsigned status, struct span body)
{
	struct out o = api_open(x, status, API_JSON);
	finish(x, &o, body);
}

/* A sentence for a person, or the same in a problem's detail. [allow] is for a 405. */
static void answer_sentence(struct http_exchange *x, unsigned status, struct span sentence,
			    struct span allow)
{
	uint8_t buf[PROBLEM_MAX];
	struct out text = out_init(buf, sizeof buf);
	bool problem = status >= 400 && wants_problem(x);
	if (problem) {
		out_str(&text, "{\"title\":");
		json_put_string(&text, span_str(http_reason(status)));
		out_str(&text, ",\"status\":");
		out_u64(&text, status);
		out_str(&text, ",\"detail\":");
		json_put_string(&text, sentence);
		out_byte(&text, '}');
	}
	struct out o = api_open(x, status, problem ? PROBLEM : SPAN("text/plain; charset=utf-8"));
	if (allow.n > 0)
		http_put_field(&o, SPAN("Allow"), allow);
	if (status == 429 || status == 503)
		http_put_field(&o, SPAN("Retry-After"), SPAN("1"));
	finish(x, &o, problem && !text.over ? out_span_of(&text) : sentence);
}

void api_answer_text(struct http_exchange *x, unsigned status, struct span sentence)
{
	answer_sentence(x, status, sentence, SPAN_NONE);
}

void api_answer_not_allowed(struct http_exchange *x, struct span allow)
{
	answer_sentence(x, 405, SPAN("This method is not for this address."), allow);
}

void api_answer_about(struct http_exchange *x, unsigned status, const char *before,
		      struct span value, const char *after)
{
	uint8_t buf[512];
	struct out o = out_init(buf, sizeof buf);
	out_str(&o, before);
	/* Whole characters: what is no ASCII is a character of somebody's language. */
	for (size_t i = 0; i < value.n && (i < VALUE_SHOWN || value.p[i] >> 6 == 2); i++)
		out_byte(&o, value.p[i] >= ' ' && value.p[i] != 0x7f ? value.p[i] : '?');
	if (value.n > VALUE_SHOWN)
		out_str(&o, "...");
	out_str(&o, after);
	api_answer_text(x, status, out_span_of(&o));
}

/* Whole JSON, whose ETag is a hash of it: 304 for who has it already. */

/* Eight bytes at a time; nobody gains by two lists that share a tag, which is 1 in 2^64. */
static uint64_t hash(struct span s)
{
	uint64_t h = s.n, word;
	for (; s.n >= sizeof word; s = span_tail(s, sizeof word)) {
		memcpy(&word, s.p, sizeof word);
		h = (h ^ word) * 0x9e3779b97f4a7c15;
		h ^= h >> 32;
	}
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 0x100000001b3;
	return h ^ h >> 29;
}

static struct span put_tag(uint8_t buf[static TAG_SIZE], struct span body)
{
	uint64_t h = hash(body);
	buf[0] = buf[TAG_SIZE - 1] = '"';
	for (int i = TAG_SIZE - 2; i > 0; i--, h >>= 4)
		buf[i] = (uint8_t) "0123456789abcdef"[h & 15];
	return span_of(buf, TAG_SIZE);
}

/* RFC 9110, 13.1.2. Ours is in its quotes, so it is in the list when its bytes are. */
static bool has_tag(const struct api_call *call, struct span tag)
{
	struct span tags = span_of(call->tags, call->tags_n);
	if (span_eq(tags, SPAN("*")))
		return true;
	for (; tags.n >= tag.n; tags = span_tail(tags, 1))
		if (span_starts(tags, tag))
			return true;
	return false;
}

void api_answer_whole(struct api_call *call, struct span body, struct span link)
{
	struct http_exchange *x = call->x;
	uint8_t buf[TAG_SIZE];
	struct span tag = put_tag(buf, body);
	bool known = has_tag(call, tag);
	struct out o = api_open(x, known ? 304 : 200, known ? SPAN_NONE : API_JSON);
	http_put_field(&o, SPAN("ETag"), tag);
	if (link.n > 0)
		http_put_field(&o, SPAN("Link"), link);
	finish(x, &o, known ? SPAN_NONE : body);
}
