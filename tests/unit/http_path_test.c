#include "harness/tap.h"
#include "http/http.h"

#include <string.h>

/* want NULL: refused */
static const struct {
	const char *title, *raw, *want;
} paths[] = {
	{"3986-5.2.4 root", "/", "/"},
	{"3986-5.2.4 plain", "/a/b.c", "/a/b.c"},
	{"3986-5.2.4 trailing slash", "/a/", "/a/"},
	{"3986-5.2.4 one dot", "/a/./b", "/a/b"},
	{"3986-5.2.4 one dot last", "/a/.", "/a/"},
	{"3986-5.2.4 one dot alone", "/.", "/"},
	{"3986-5.2.4 two dots", "/a/../b", "/b"},
	{"3986-5.2.4 two dots last", "/a/b/..", "/a/"},
	{"3986-5.2.4 two dots and a slash", "/a/b/../", "/a/"},
	{"3986-5.2.4 two dots alone", "/..", "/"},
	{"3986-5.2.4 above the root", "/../../a", "/a"},
	{"3986-5.2.4 above the root and back", "/a/../../b/..", "/"},
	{"3986-5.2.4 the example", "/a/b/c/./../../g", "/a/g"},
	{"3986-5.2.4 three dots are a name", "/.../a", "/.../a"},
	{"3986-5.2.4 names that begin with dots", "/..a/.b/c..", "/..a/.b/c.."},
	{"3986-5.2.4 empty segments stay", "//a//b", "//a//b"},
	{"3986-5.2.4 two dots take an empty one", "/a//../b", "/a/b"},
	{"3986-2.1 escapes", "/a%20b%C3%A4%7e", "/a b\303\244~"},
	{"3986-2.1 both cases", "/%4A%4a", "/JJ"},
	{"3986-2.4 decoded once", "/%252e%2525", "/%2e%25"},
	{"3986-2.1 no plus for a blank", "/a+b", "/a+b"},
	{"raw bytes are text too", "/\303\244", "/\303\244"},
	{"not a path", "a", NULL},
	{"nothing", "", NULL},
	{"asterisk", "*", NULL},
	{"3986-2.1 escape without digits", "/a%", NULL},
	{"3986-2.1 escape with one digit", "/a%4", NULL},
	{"3986-2.1 escape cut by a slash", "/%4/1", NULL},
	{"3986-2.1 escape with a letter", "/%4g", NULL},
	{"NUL by escape", "/a%00b", NULL},
	{"LF by escape", "/a%0Ab", NULL},
	{"DEL by escape", "/%7F", NULL},
	{"slash by escape", "/a%2Fb", NULL},
	{"slash by small escape", "/a%2fb", NULL},
	{"backslash by escape", "/a%5Cb", NULL},
	{"backslash", "/a\\b", NULL},
	{"control character", "/a\tb", NULL},
	{"dot segment by escapes", "/%2e%2e/a", NULL},
	{"dot segment by one escape", "/.%2E/a", NULL},
	{"dot segment by the other", "/%2E./a", NULL},
	{"single dot by escape", "/%2e/a", NULL},
	{"dot segment by escape, last", "/a/%2e%2E", NULL},
	{"dot by escape in a name", "/a%2eb", "/a.b"},
	{"3629-3 overlong slash", "/%C0%AF", NULL},
	{"3629-3 overlong of three", "/%E0%80%AF", NULL},
	{"3629-3 overlong of four", "/%F0%80%80%AF", NULL},
	{"3629-3 longest overlong of three", "/%E0%9F%BF", NULL},
	{"3629-3 first of three", "/%E0%A0%80", "/\340\240\200"},
	{"3629-3 surrogate", "/%ED%A0%80", NULL},
	{"3629-3 before the surrogates", "/%ED%9F%BF", "/\355\237\277"},
	{"3629-3 above U+10FFFF", "/%F4%90%80%80", NULL},
	{"3629-3 U+10FFFF", "/%F4%8F%BF%BF", "/\364\217\277\277"},
	{"3629-3 first byte F5", "/%F5%80%80%80", NULL},
	{"3629-3 continuation alone", "/%80", NULL},
	{"3629-3 continuation missing", "/%C3", NULL},
	{"3629-3 continuation behind a slash", "/%C3/%A4", NULL},
	{"3629-3 continuation is none", "/%C3a", NULL},
	{"3629-3 byte FE", "/%FE", NULL},
	{"a refused segment that dots would remove", "/%00/../a", NULL},
};

static void test_paths(void)
{
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct span raw = guarded(0, span_str(paths[i].raw));
		uint8_t buf[128];
		bool good = true, taken = false;
		for (size_t cap = 0; cap <= raw.n; cap++) {
			memset(buf, 0xee, sizeof buf);
			struct out o = out_init(buf, cap);
			taken = http_path_decode(raw, &o);
			good = check(o.n <= cap && buf[cap] == 0xee &&
					     (!taken || paths[i].want != NULL),
				     "%s: capacity %zu", paths[i].title, cap) &&
			       good;
			if (taken)
				good = check(span_eq(out_span_of(&o), span_str(paths[i].want)),
					     "%s: capacity %zu", paths[i].title, cap) &&
				       good;
		}
		ok(good && taken == (paths[i].want != NULL), "%s: %s", paths[i].title,
		   paths[i].raw);
	}
	uint8_t buf[32];
	struct out o = out_init(buf, sizeof buf);
	out_str(&o, "root");
	ok(http_path_decode(SPAN("/../../a"), &o), "a path behind other text");
	is_span(out_span_of(&o), SPAN("root/a"), "never takes that away");
}

/* rc 1 with a value, 0 or HTTP_ETARGET. */
static const struct {
	const char *query, *key;
	int rc;
	const char *value;
} queries[] = {
	{"a=1&b=2", "a", 1, "1"},
	{"a=1&b=2", "b", 1, "2"},
	{"a=1&a=2", "a", 1, "1"},
	{"a=1&b=2", "c", 0, ""},
	{"ab=1", "a", 0, ""},
	{"a=1", "ab", 0, ""},
	{"a", "a", 1, ""},
	{"a=", "a", 1, ""},
	{"a=b=c", "a", 1, "b=c"},
	{"&&a=1&", "a", 1, "1"},
	{"", "a", 0, ""},
	{"=1", "a", 0, ""},
	{"=1", "", 1, "1"},
	{"&a=1", "", 0, ""},
	{"A=1", "a", 0, ""},
	{"a=%41+%2B%26", "a", 1, "A +&"},
	{"a=%C3%A4%0a", "a", 1, "\303\244\n"},
	{"%61=1", "a", 1, "1"},
	{"a+b=1", "a b", 1, "1"},
	{"a%20b=1", "a b", 1, "1"},
	{"a=%4", "a", HTTP_ETARGET, ""},
	{"a=%", "a", HTTP_ETARGET, ""},
	{"a=%zz&b=1", "b", 1, "1"},
	{"%zz=1&b=1", "b", 1, "1"},
	{"%z=0&a=1", "%z", 0, ""},
};

static void test_queries(void)
{
	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
		struct span query = guarded(0, span_str(queries[i].query));
		struct span key = guarded(1, span_str(queries[i].key));
		struct span want = span_str(queries[i].value);
		uint8_t buf[64];
		bool good = true;
		int rc = 0;
		for (size_t cap = 0; cap < 32; cap++) {
			struct out o = out_init(buf, cap);
			rc = http_query_get(query, key, &o);
			good = check(rc == (queries[i].rc > 0 && cap < want.n ? HTTP_ETARGET
									      : queries[i].rc) &&
					     !o.over && o.n == (rc > 0 ? want.n : 0),
				     "%s: capacity %zu says %d", queries[i].query, cap, rc) &&
			       good;
			if (rc > 0)
				good = good && span_eq(out_span_of(&o), want);
		}
		ok(good, "query '%s', key '%s': %d '%s'", queries[i].query, queries[i].key, rc,
		   queries[i].value);
	}
	struct out o = out_init(NULL, 0);
	is_int(http_query_get(SPAN_NONE, SPAN("a"), &o), 0, "no query at all");
}

static void test_media(void)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"index.html", "text/html; charset=utf-8"},
		{"/static/js/main.4f3a.js", "text/javascript; charset=utf-8"},
		{"a.MJS", "text/javascript; charset=utf-8"},
		{"a.css", "text/css; charset=utf-8"},
		{"a.json", "application/json; charset=utf-8"},
		{"main.js.map", "application/json; charset=utf-8"},
		{"a.svg", "image/svg+xml; charset=utf-8"},
		{"site.webmanifest", "application/manifest+json; charset=utf-8"},
		{"a.txt", "text/plain; charset=utf-8"},
		{"README.md", "text/markdown; charset=utf-8"},
		{"a.wasm", "application/wasm"},
		{"a.png", "image/png"},
		{"a.JPeG", "image/jpeg"},
		{"a.avif", "image/avif"},
		{"a.webp", "image/webp"},
		{"favicon.ico", "image/vnd.microsoft.icon"},
		{"a.woff2", "font/woff2"},
		{"a.woff", "font/woff"},
		{"a.pdf", "application/pdf"},
		{"a.mp4", "video/mp4"},
		{"a.webm", "video/webm"},
		{"a.mp3", "audio/mpeg"},
		{"a.tar.gz", "application/gzip"},
		{"a.zst", "application/zstd"},
		{"a.bin", "application/octet-stream"},
		{"a.unknown", "application/octet-stream"},
		{"a.", "application/octet-stream"},
		{"html", "application/octet-stream"},
		{".html", "application/octet-stream"},
		{"/a/.html", "application/octet-stream"},
		{"/a.html/b", "application/octet-stream"},
		{"a.htmll", "application/octet-stream"},
		{"a.htm/", "application/octet-stream"},
		{"", "application/octet-stream"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		is_span(http_media_type(guarded(0, span_str(rows[i].name))), span_str(rows[i].want),
			"media type of '%s'", rows[i].name);
}

int main(void)
{
	test_paths();
	test_queries();
	test_media();
	return done();
}
