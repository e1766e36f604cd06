#include "drivers/redis_inner.h"
#include "resp/resp_error.h"

bool redis_is_unsent(int why)
{
	return why == REDIS_EDOWN || why == REDIS_EFULL || why == REDIS_EUNSENT ||
	       why == REDIS_EBLOCKING;
}

const char *redis_strerror(int why)
{
	switch (why) {
	case REDIS_EDOWN:
		return "not connected";
	case REDIS_EFULL:
		return "too much is waiting";
	case REDIS_ELOST:
		return "connection lost, perhaps executed";
	case REDIS_ELATE:
		return "deadline passed, perhaps executed";
	case REDIS_EUNSENT:
		return "lost or late before it was sent";
	case REDIS_EPROTO:
		return "protocol broken by the server, perhaps executed";
	case REDIS_EBLOCKING:
		return "not on this connection";
	case REDIS_EROOM:
		return "reply larger than the memory for it";
	default:
		return why >= 0 ? "no error" : "unknown error";
	}
}

void redis_put_words(char *to, size_t cap, const char *text, struct span words)
{
	struct out o = out_init(to, cap - 1);
	out_str(&o, text);
	words = span_head(words, o.cap - o.n);
	for (size_t i = 0; i < words.n; i++)
		out_byte(&o, words.p[i] >= ' ' && words.p[i] < 127 ? words.p[i] : '?');
	to[o.n] = '\0';
}

/* Nothing that is in flight loses its answer; what is sent after it would be refused again. */
static void leave(struct redis *r, struct span words)
{
	if (r->leaving)
		return;
	redis_put_words(r->why, sizeof r->why, "", words);
	r->ready = false;
	r->leaving = true;
	link_leave(&r->link);
}

static void tell(struct redis *r, enum resp_error_class class, const char *text, struct span words)
{
	char line[192];
	uint64_t now = r->link.loop->now;
	if (r->events->notice == NULL ||
	    (r->noticed == class && now - r->noticed_at < REDIS_NOTICE_MS))
		return;
	r->noticed = (uint8_t) class;
	r->noticed_at = now;
	redis_put_words(line, sizeof line, text, words);
	r->events->notice(r, line);
}

void redis_on_error(struct redis *r, struct span words)
{
	enum resp_error_class class = resp_error_class(words);
	switch (resp_error_action(class)) {
	case RESP_RETRY_ELSEWHERE:
	case RESP_LOG_IN:
		leave(r, words);
		break;
	case RESP_REDIRECT:
		tell(r, class, "this is one node of a cluster: ", words);
		break;
	case RESP_RETRY_LATER:
	case RESP_CALL_OPERATOR:
		tell(r, class, "", words);
		break;
	case RESP_GIVE_UP:
		break;
	}
}
