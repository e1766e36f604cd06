#include "http/http_scan.h"

struct span http_name(const struct http_head *h, unsigned i)
{
	return (struct span){h->at + h->field[i].name, h->field[i].name_n};
}

struct span http_value(const struct http_head *h, unsigned i)
{
	return (struct span){h->at + h->field[i].value, h->field[i].value_n};
}

struct span http_find(const struct http_head *h, enum http_known kind)
{
	if ((h->has >> kind & 1) == 0)
		return SPAN_NONE;
	unsigned i = 0;
	while (h->known[i] != kind)
		i++;
	return http_value(h, i);
}

struct span http_find_name(const struct http_head *h, struct span name)
{
	for (unsigned i = 0; i < h->fields; i++)
		if (span_eq_nocase(http_name(h, i), name))
			return http_value(h, i);
	return SPAN_NONE;
}

bool http_list_has(const struct http_head *h, enum http_known kind, struct span token)
{
	if ((h->has >> kind & 1) == 0)
		return false;
	for (unsigned i = 0; i < h->fields; i++) {
		struct span list = h->known[i] == kind ? http_value(h, i) : SPAN_NONE;
		while (list.p != NULL)
			if (span_eq_nocase(span_trim(span_cut(&list, ',')), token))
				return true;
	}
	return false;
}

/* Fields that Connection can't take away: those that frame, route or authenticate. */
static bool stays(enum http_known kind, struct span name)
{
	static const char names[][18] = {"authorization",    "cookie",        "set-cookie",
					 "cache-control",    "content-range", "content-encoding",
					 "www-authenticate", "location"};
	const uint32_t kinds = 1u << HTTP_F_HOST | 1u << HTTP_F_CONTENT_LENGTH |
			       1u << HTTP_F_CONTENT_TYPE | 1u << HTTP_F_EXPECT | 1u << HTTP_F_DATE |
			       1u << HTTP_F_X_FORWARDED_FOR | 1u << HTTP_F_X_FORWARDED_PROTO |
			       1u << HTTP_F_X_FORWARDED_HOST | 1u << HTTP_F_X_FORWARDED_PORT |
			       1u << HTTP_F_FORWARDED | 1u << HTTP_F_X_REQUEST_ID;
	if (kind != HTTP_F_OTHER)
		return (kinds >> kind & 1) != 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (span_eq_nocase(name, span_str(names[i])))
			return true;
	return false;
}

bool http_is_hop_by_hop(const struct http_head *h, unsigned i)
{
	const uint32_t always = 1u << HTTP_F_CONNECTION | 1u << HTTP_F_KEEP_ALIVE |
				1u << HTTP_F_PROXY_CONNECTION | 1u << HTTP_F_TE |
				1u << HTTP_F_TRAILER | 1u << HTTP_F_TRANSFER_ENCODING |
				1u << HTTP_F_UPGRADE;
	enum http_known kind = (enum http_known)h->known[i];
	if ((always >> kind & 1) != 0)
		return true;
	return http_list_has(h, HTTP_F_CONNECTION, http_name(h, i)) &&
	       !stays(kind, http_name(h, i));
}
