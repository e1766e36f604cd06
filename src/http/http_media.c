#include "http/http.h"

/* Fixed sizes instead of pointers: no relocation in a position-independent binary. */
static const struct {
	char ext[12];
	char type[44];
} media[] = {
	{"html", "text/html; charset=utf-8"},
	{"js", "text/javascript; charset=utf-8"},
	{"css", "text/css; charset=utf-8"},
	{"svg", "image/svg+xml; charset=utf-8"},
	{"png", "image/png"},
	{"json", "application/json; charset=utf-8"},
	{"map", "application/json; charset=utf-8"},
	{"mjs", "text/javascript; charset=utf-8"},
	{"htm", "text/html; charset=utf-8"},
	{"ico", "image/vnd.microsoft.icon"},
	{"jpg", "image/jpeg"},
	{"jpeg", "image/jpeg"},
	{"gif", "image/gif"},
	{"webp", "image/webp"},
	{"avif", "image/avif"},
	{"apng", "image/apng"},
	{"bmp", "image/bmp"},
	{"jxl", "image/jxl"},
	{"heic", "image/heic"},
	{"tif", "image/tiff"},
	{"tiff", "image/tiff"},
	{"woff2", "font/woff2"},
	{"woff", "font/woff"},
	{"ttf", "font/ttf"},
	{"otf", "font/otf"},
	{"ttc", "font/collection"},
	{"wasm", "application/wasm"},
	{"webmanifest", "application/manifest+json; charset=utf-8"},
	{"jsonld", "application/ld+json; charset=utf-8"},
	{"geojson", "application/geo+json; charset=utf-8"},
	{"txt", "text/plain; charset=utf-8"},
	{"log", "text/plain; charset=utf-8"},
	{"md", "text/markdown; charset=utf-8"},
	{"csv", "text/csv; charset=utf-8"},
	{"ics", "text/calendar; charset=utf-8"},
	{"vtt", "text/vtt; charset=utf-8"},
	{"yaml", "application/yaml; charset=utf-8"},
	{"yml", "application/yaml; charset=utf-8"},
	{"xml", "text/xml; charset=utf-8"},
	{"xhtml", "application/xhtml+xml; charset=utf-8"},
	{"rss", "application/rss+xml; charset=utf-8"},
	{"atom", "application/atom+xml; charset=utf-8"},
	{"pdf", "application/pdf"},
	{"rtf", "application/rtf"},
	{"mp4", "video/mp4"},
	{"m4v", "video/mp4"},
	{"webm", "video/webm"},
	{"mov", "video/quicktime"},
	{"ogv", "video/ogg"},
	{"m3u8", "application/vnd.apple.mpegurl"},
	{"mp3", "audio/mpeg"},
	{"m4a", "audio/mp4"},
	{"aac", "audio/aac"},
	{"ogg", "audio/ogg"},
	{"oga", "audio/ogg"},
	{"opus", "audio/ogg"},
	{"flac", "audio/flac"},
	{"wav", "audio/wav"},
	{"weba", "audio/webm"},
	{"zip", "application/zip"},
	{"gz", "application/gzip"},
	{"tgz", "application/gzip"},
	{"tar", "application/x-tar"},
	{"bz2", "application/x-bzip2"},
	{"xz", "application/x-xz"},
	{"7z", "application/x-7z-compressed"},
	{"zst", "application/zstd"},
	{"br", "application/x-brotli"},
	{"epub", "application/epub+zip"},
	{"glb", "model/gltf-binary"},
	{"gltf", "model/gltf+json"},
	{"bin", "application/octet-stream"},
};

/* What follows the last dot of the last segment; a dot at its start makes no extension. */
static struct span extension(struct span name)
{
	size_t at = name.n;
	while (at > 0 && name.p[at - 1] != '.' && name.p[at - 1] != '/')
		at--;
	if (at < 2 || name.p[at - 1] == '/' || name.p[at - 2] == '/')
		return SPAN_NONE;
	return span_tail(name, at);
}

struct span http_media_type(struct span name)
{
	struct span ext = extension(name);
	for (size_t i = 0; i < sizeof media / sizeof *media && ext.n > 0; i++)
		if (span_eq_nocase(ext, span_str(media[i].ext)))
			return span_str(media[i].type);
	return SPAN("application/octet-stream");
}
