#include "services/web/web.h"

/*
 * Each file between two labels. The assembler looks for it from the folder in which the compiler
 * runs, the top of the source. %progbits: what others write as @progbits, which ARM takes for
 * a comment.
 */
#define EMBED(name, file)                                               \
	extern const uint8_t page_##name[], page_##name##_end[];        \
	__asm__(".pushsection .rodata.page_" #name ",\"a\",%progbits\n" \
		"page_" #name ":\n"                                     \
		".incbin \"src/services/web/page/" file "\"\n"          \
		"page_" #name "_end:\n"                                 \
		".popsection\n")

EMBED(index_html, "index.html");
EMBED(app_js, "app.js");
EMBED(app_css, "app.css");
EMBED(favicon_svg, "favicon.svg");

static const struct {
	struct span path;
	const uint8_t *at, *end;
} files[] = {
	{SPAN("/index.html"), page_index_html, page_index_html_end},
	{SPAN("/app.js"), page_app_js, page_app_js_end},
	{SPAN("/app.css"), page_app_css, page_app_css_end},
	{SPAN("/favicon.svg"), page_favicon_svg, page_favicon_svg_end},
};
#define FILES (sizeof files / sizeof *files)

static struct http_asset assets[FILES];
static uint8_t heads[FILES * 2 * (HTTP_ASSET_ROOM + sizeof WEB_FIELDS)];

void assets_init(void)
{
	struct out o = out_init(heads, sizeof heads);
	for (size_t i = 0; i < FILES; i++) {
		assets[i] = (struct http_asset){
			.path = files[i].path,
			.bytes = span_of(files[i].at, (size_t)(files[i].end - files[i].at)),
			/* Their names don't change with what is in them: always ask. */
			.cache = SPAN("no-cache"),
		};
		http_asset_init(&assets[i], SPAN(WEB_FIELDS), &o);
	}
}

const struct http_asset *assets_find(struct span path)
{
	if (span_eq(path, SPAN("/")))
		return &assets[0];
	return http_assets_find(assets, FILES, path);
}
