/* Lists and objects that are sent as they are read, to all who asked in one turn: see api.h. */
#include "services/api/api.h"

#include <string.h>

void api_put_part(struct api_call *call, struct span s, uint32_t max)
{
	if (!net_buf_room(api_loop, &call->text, s.n, max)) {
		call->at.lost = true;
		return;
	}
	memcpy(call->text.p + call->text.len, s.p, s.n);
	call->text.len += (uint32_t)s.n;
}

/* One that is whole has an ETag. */
static void send_part(struct api_call *call, struct span text, bool last)
{
	struct http_exchange *x = call->x;
	if (x->status == 0 && last) {
		api_answer_whole(call, text, SPAN_NONE);
		return;
	}
	if (x->status == 0) {
		struct out o = api_open(x, 200, API_JSON);
		http_begin(x, &o, HTTP_STREAMED);
	}
	if (x->answered)
		return;
	if (!http_send(x, text))
		http_abort(x);
	else if (last)
		http_end(x);
	else
		http_want_writable(x);
}

void api_send_parts(struct api_call *first, bool last)
{
	struct net_buf part = first->text;
	const struct api_place at = first->at;
	first->text = (struct net_buf){NULL, 0, 0, 0};
	for (struct api_call *call = first, *next; call != NULL; call = next) {
		next = call->next;
		call->next = NULL;
		call->waiting = false;
		call->at = at;
		if (call->x != NULL)
			send_part(call, span_of(part.p, part.len), last);
		if (last || call->x == NULL || call->x->answered)
			api_call_free(call);
	}
	net_buf_drop(api_loop, &part);
}
