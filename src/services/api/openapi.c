/*
 * GET /openapi.json: this interface in the words of OpenAPI 3.1, from the file beside this one,
 * made small by the build. Where its path comes from there is none (a compiler alone, for its
 * warnings).
 */
#include "services/api/api.h"

#ifndef API_OPENAPI
#define API_OPENAPI "/dev/null"
#endif

extern const uint8_t openapi_json[], openapi_json_end[];
__asm__(".pushsection .rodata.openapi,\"a\",%progbits\n"
	"openapi_json:\n"
	".incbin \"" API_OPENAPI "\"\n"
	"openapi_json_end:\n"
	".popsection\n");

static const struct {
	const uint8_t *at, *end;
} document = {openapi_json, openapi_json_end};

void openapi_document(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	size_t n = (size_t)(document.end - document.at);
	struct out o = api_open(x, 200, SPAN("application/json"));
	http_begin(x, &o, n);
	if (x->answered)
		return;
	http_send_ref(x, span_of(document.at, n));
	http_end(x);
}
