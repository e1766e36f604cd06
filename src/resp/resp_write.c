#include "resp/resp.h"

#include <string.h>

/* Type byte, decimal and CRLF: at most 23 bytes. */
static size_t put_head(uint8_t head[static 23], enum resp_type type, size_t n)
{
	size_t digits = 1;
	head[0] = (uint8_t)type;
	if (n < 10) {
		head[1] = (uint8_t)('0' + n);
	} else {
		uint8_t buf[20];
		struct span text = dec_put(buf, n);
		digits = text.n;
		memcpy(head + 1, text.p, digits);
	}
	head[digits + 1] = '\r';
	head[digits + 2] = '\n';
	return digits + 3;
}

void resp_put_array(struct out *o, size_t n)
{
	uint8_t head[23];
	out_mem(o, head, put_head(head, RESP_ARRAY, n));
}

void resp_put_bulk(struct out *o, struct span s)
{
	uint8_t head[23];
	size_t n = put_head(head, RESP_BULK, s.n);
	/* So that the sum below cannot wrap. */
	if (s.n > o->cap) {
		o->over = true;
		return;
	}
	uint8_t *at = out_room(o, n + s.n + 2);
	if (at == NULL)
		return;
	memcpy(at, head, n);
	if (s.n > 0)
		memcpy(at + n, s.p, s.n);
	memcpy(at + n + s.n, "\r\n", 2);
}

void resp_put_command(struct out *o, size_t argc, const struct span argv[])
{
	resp_put_array(o, argc);
	for (size_t i = 0; i < argc && !o->over; i++)
		resp_put_bulk(o, argv[i]);
}
