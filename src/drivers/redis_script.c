#include "drivers/redis_script.h"

#include "resp/resp_error.h"

#include <string.h>

static struct redis_script *script_of(struct redis_request *q)
{
	return (struct redis_script *)((char *)q - offsetof(struct redis_script, load));
}

static void load_item(struct redis_request *q, const struct resp_item *it)
{
	struct redis_script *s = script_of(q);
	s->asked = false;
	if (it->type != RESP_BULK || it->depth != 0 || it->str.n != sizeof s->sha1)
		return;
	memcpy(s->sha1, it->str.p, sizeof s->sha1);
	s->known = true;
}

static void load_failed(struct redis_request *q, int why)
{
	(void)why;
	script_of(q)->asked = false;
}

/* Should it not be possible now, the next call tries again. */
static void load(struct redis *r, struct redis_script *s)
{
	const struct span argv[] = {SPAN("SCRIPT"), SPAN("LOAD"), s->source};
	if (s->asked)
		return;
	s->load = (struct redis_request){load_item, load_failed};
	s->asked = redis_send(r, &s->load, r->cfg->link.connect_ms, 3, argv) == 0;
}

static int send_eval(struct redis_eval *e, bool whole)
{
	e->whole = whole;
	e->argv[0] = whole ? SPAN("EVAL") : SPAN("EVALSHA");
	e->argv[1] = whole ? e->script->source : span_of(e->script->sha1, sizeof e->script->sha1);
	return redis_send_with(e->r, &e->request, &e->options, e->argc, e->argv);
}

static void eval_item(struct redis_request *q, const struct resp_item *it)
{
	struct redis_eval *e = (struct redis_eval *)q;
	if (e->whole || !redis_is_error(it) || resp_error_class(it->str) != RESP_ERR_NOSCRIPT) {
		e->user->item(e->user, it);
		return;
	}
	uint64_t now = e->r->link.loop->now;
	e->options.ms = e->due > now ? (uint32_t)(e->due - now) : 0;
	if (send_eval(e, true) < 0)
		e->user->failed(e->user, REDIS_EUNSENT);
}

static void eval_failed(struct redis_request *q, int why)
{
	struct redis_eval *e = (struct redis_eval *)q;
	e->user->failed(e->user, why);
}

int redis_eval(struct redis *r, struct redis_eval *e, struct redis_request *q,
	       const struct redis_options *o, struct redis_script *script, size_t keys, size_t argc,
	       struct span argv[])
{
	*e = (struct redis_eval){
		.request = {eval_item, eval_failed},
		.r = r,
		.user = q,
		.script = script,
		.options = *o,
		.due = r->link.loop->now + o->ms,
		.argc = argc,
		.argv = argv,
	};
	argv[2] = dec_put(e->keys, keys);
	if (!script->known)
		load(r, script);
	return send_eval(e, !script->known);
}
