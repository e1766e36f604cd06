#include "services/web/web.h"

/*
 * Each file between two labels. The assembler looks for it from the folder in which the compiler
 * runs, the top of the source. %progbits: what others write as @progbits, which ARM takes for
 * a comment.
 */
#define EMBED_AS(name, file)                                            \
	extern const uint8_t page_##name[], page_##name##_end[];        \
	__asm__(".pushsection .rodata.page_" #name ",\"a\",%progbits\n" \
		"page_" #name ":\n"                                     \
		".incbin \"" file "\"\n"                                \
		"page_" #name "_end:\n"                                 \
		".popsection\n")

/* And compressed, out of a folder of the build; empty where there was no gzip. */
#ifdef WEB_GZIP
#define EMBED_GZIP(name, file) EMBED_AS(gzip_##name, WEB_GZIP "/" file ".gz")
#else
#define EMBED_GZIP(name, file) EMBED_AS(gzip_##name, "/dev/null")
#endif
#define EMBED(name, file)                              \
	EMBED_AS(name, "src/services/web/page/" file); \
	EMBED_GZIP(name, file)

EMBED(index_html, "index.html");
EMBED(app_js, "app.js");
EMBED(live_js, "live.js");
EMBED(values_js, "values.js");
EMBED(plot_js, "plot.js");
EMBED(app_css, "app.css");
EMBED(favicon_svg, "favicon.svg");

#define ROW(path, name)                                                       \
	{                                                                     \
		SPAN(path), page_##name, page_##name##_end, page_gzip_##name, \
			page_gzip_##name##_end                                \
	}

static const struct {
	struct span path;
	const uint8_t *at, *end, *gzip, *gzip_end;
} files[] = {
	ROW("/index.html", index_html),   ROW("/app.js", app_js),   ROW("/live.js", live_js),
	ROW("/values.js", values_js),     ROW("/plot.js", plot_js), ROW("/app.css", app_css),
	ROW("/favicon.svg", favicon_svg),
};
#define FILES (sizeof files / sizeof *files)

static struct http_asset assets[FILES];
static uint8_t heads[FILES * 4 * (HTTP_ASSET_ROOM + WEB_FIELDS_MAX)];

void assets_init(void)
{
	struct out o = out_init(heads, sizeof heads);
	for (size_t i = 0; i < FILES; i++) {
		uint8_t buf[WEB_FIELDS_MAX];
		struct out fields = out_init(buf, sizeof buf);
		fields_put(NULL, files[i].path, &fields);
		assets[i] = (struct http_asset){
			.path = files[i].path,
			.bytes = span_of(files[i].at, (size_t)(files[i].end - files[i].at)),
			.gzip = span_of(files[i].gzip, (size_t)(files[i].gzip_end - files[i].gzip)),
		};
		http_asset_init(&assets[i], out_span_of(&fields), &o);
	}
}

const struct http_asset *assets_find(struct span path)
{
	if (span_eq(path, SPAN("/")))
		return &assets[0];
	return http_assets_find(assets, FILES, path);
}
