#include "services/web/web.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool take_text(struct span text, void *field, struct out *want)
{
	struct web_text *to = field;
	if (text.n > WEB_TEXT_MAX) {
		out_str(want, "a text of at most ");
		out_u64(want, WEB_TEXT_MAX);
		out_str(want, " bytes");
		return false;
	}
	memcpy(to->s, text.p, text.n);
	to->s[text.n] = '\0';
	return true;
}

bool web_take_root(const struct config_var *var, struct span text, void *field, struct out *want)
{
	struct web_text path;
	(void)var;
	if (!take_text(text, &path, want))
		return false;
	int fd = open(path.s, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		out_str(want, "a folder that is there");
		return false;
	}
	close(fd);
	return take_text(text, field, want);
}

bool web_take_csp(const struct config_var *var, struct span text, void *field, struct out *want)
{
	uint8_t buf[WEB_TEXT_MAX + 64];
	struct out o = out_init(buf, sizeof buf);
	(void)var;
	http_put_field(&o, SPAN("Content-Security-Policy"), text);
	if (text.n <= WEB_TEXT_MAX && o.over) {
		out_str(want, "the value of a field");
		return false;
	}
	return take_text(text, field, want);
}

bool web_take_headers(const struct config_var *var, struct span text, void *field, struct out *want)
{
	(void)var;
	const char *expected = text.n <= WEB_TEXT_MAX ? fields_mistake(text) : NULL;
	if (expected != NULL) {
		out_str(want, expected);
		return false;
	}
	return take_text(text, field, want);
}
