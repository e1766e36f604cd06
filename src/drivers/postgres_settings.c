#include "drivers/postgres_settings.h"

#include <string.h>

/* The text is "name\0value\0" again and again. Where [name] begins, or s->n. */
static size_t find(const struct postgres_settings *s, struct span name)
{
	size_t at = 0;
	while (at < s->n) {
		struct span this = span_str(s->text + at);
		if (span_eq(this, name))
			break;
		at += this.n + 1;
		at += strlen(s->text + at) + 1;
	}
	return at;
}

static void drop(struct postgres_settings *s, size_t at)
{
	if (at == s->n)
		return;
	size_t end = at + strlen(s->text + at) + 1;
	end += strlen(s->text + end) + 1;
	memmove(s->text + at, s->text + end, s->n - end);
	s->n = (uint16_t)(s->n - (end - at));
}

static void keep(struct postgres_settings *s, const struct pgwire_setting *setting)
{
	drop(s, find(s, setting->name));
	struct out o = out_init(s->text + s->n, sizeof s->text - s->n);
	out_span(&o, setting->name);
	out_byte(&o, 0);
	out_span(&o, setting->value);
	out_byte(&o, 0);
	if (!o.over)
		s->n = (uint16_t)(s->n + o.n);
	s->over |= o.over;
}

static bool on_event(struct postgres_watcher *w, struct postgres *p, const struct pgwire_event *ev)
{
	(void)p;
	if (ev->kind == PGWIRE_EV_PARAMETER)
		keep((struct postgres_settings *)w, &ev->setting);
	return false;
}

void postgres_settings_open(struct postgres_settings *s, struct postgres *p)
{
	s->n = 0;
	s->over = false;
	s->watcher.event = on_event;
	postgres_watch(p, &s->watcher);
}

struct span postgres_parameter(const struct postgres_settings *s, struct span name)
{
	size_t at = find(s, name);
	return at == s->n ? SPAN_NONE : span_str(s->text + at + name.n + 1);
}
