#include "services/common/admin.h"

#include "services/common/metrics.h"

#define READY_MAX 4096 /* of /readyz: a pair for each dependency */

static const struct service *self;
static struct http_server server;
static bool stopping;

void admin_answer_healthz(struct http_exchange *x)
{
	http_answer(x, 200, SPAN("text/plain; charset=utf-8"), SPAN("ok\n"));
}

static void answer_readyz(struct http_exchange *x)
{
	uint8_t buf[READY_MAX];
	struct out o = out_init(buf, sizeof buf);
	bool ready = !stopping;
	out_str(&o, "{");
	if (self->ready != NULL)
		ready = self->ready(&o) && ready;
	if (o.n > 1)
		out_byte(&o, ',');
	out_str(&o, ready ? "\"ready\":true}\n" : "\"ready\":false}\n");
	http_answer(x, ready ? 200 : 503, SPAN("application/json"), out_span_of(&o));
}

static void on_request(struct http_exchange *x)
{
	struct span path = x->head->path;
	bool reads = x->method == HTTP_GET || x->method == HTTP_HEAD;
	if (!reads)
		http_answer(x, 405, SPAN("text/plain"), SPAN("only GET\n"));
	else if (span_eq(path, SPAN("/healthz")))
		admin_answer_healthz(x);
	else if (span_eq(path, SPAN("/readyz")))
		answer_readyz(x);
	else if (self->metrics != NULL && span_eq(path, SPAN("/metrics")))
		self->metrics(x);
	else
		http_answer(x, 404, SPAN("text/plain"), SPAN("here are /healthz and /readyz\n"));
}

static const struct http_handler handler = {.request = on_request};
static const struct http_server_limits limits = {
	.parse = {.line = 1024, .head = 4096, .fields = 40, .chunk_ext = 256},
	.body = 0,
	.out = METRICS_MAX + 4096,
	.connections = 64,
	.idle_ms = 75000,
	.head_ms = 5000,
	.body_ms = 5000,
	.stall_ms = 5000,
};

int admin_open(struct net_loop *loop, const struct service *s)
{
	self = s;
	return service_listen(&server, loop, &handler, &limits, s->config->admin_port);
}

void admin_close(void)
{
	/* Probes shall still see that it stops: only readiness changes, the listener stays. */
	stopping = true;
}
