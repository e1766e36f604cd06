#include "http/http.h"

/* Extension and type by turns, in one text: neither padding nor pointers, which cost relocations.
 */
static const char media[] = "html\0text/html; charset=utf-8\0"
			    "js\0text/javascript; charset=utf-8\0"
			    "css\0text/css; charset=utf-8\0"
			    "svg\0image/svg+xml; charset=utf-8\0"
			    "png\0image/png\0"
			    "json\0application/json; charset=utf-8\0"
			    "map\0application/json; charset=utf-8\0"
			    "mjs\0text/javascript; charset=utf-8\0"
			    "htm\0text/html; charset=utf-8\0"
			    "ico\0image/vnd.microsoft.icon\0"
			    "jpg\0image/jpeg\0"
			    "jpeg\0image/jpeg\0"
			    "gif\0image/gif\0"
			    "webp\0image/webp\0"
			    "avif\0image/avif\0"
			    "apng\0image/apng\0"
			    "bmp\0image/bmp\0"
			    "jxl\0image/jxl\0"
			    "heic\0image/heic\0"
			    "tif\0image/tiff\0"
			    "tiff\0image/tiff\0"
			    "woff2\0font/woff2\0"
			    "woff\0font/woff\0"
			    "ttf\0font/ttf\0"
			    "otf\0font/otf\0"
			    "ttc\0font/collection\0"
			    "wasm\0application/wasm\0"
			    "webmanifest\0application/manifest+json; charset=utf-8\0"
			    "jsonld\0application/ld+json; charset=utf-8\0"
			    "geojson\0application/geo+json; charset=utf-8\0"
			    "txt\0text/plain; charset=utf-8\0"
			    "log\0text/plain; charset=utf-8\0"
			    "md\0text/markdown; charset=utf-8\0"
			    "csv\0text/csv; charset=utf-8\0"
			    "ics\0text/calendar; charset=utf-8\0"
			    "vtt\0text/vtt; charset=utf-8\0"
			    "yaml\0application/yaml; charset=utf-8\0"
			    "yml\0application/yaml; charset=utf-8\0"
			    "xml\0text/xml; charset=utf-8\0"
			    "xhtml\0application/xhtml+xml; charset=utf-8\0"
			    "rss\0application/rss+xml; charset=utf-8\0"
			    "atom\0application/atom+xml; charset=utf-8\0"
			    "pdf\0application/pdf\0"
			    "rtf\0application/rtf\0"
			    "mp4\0video/mp4\0"
			    "m4v\0video/mp4\0"
			    "webm\0video/webm\0"
			    "mov\0video/quicktime\0"
			    "ogv\0video/ogg\0"
			    "m3u8\0application/vnd.apple.mpegurl\0"
			    "mp3\0audio/mpeg\0"
			    "m4a\0audio/mp4\0"
			    "aac\0audio/aac\0"
			    "ogg\0audio/ogg\0"
			    "oga\0audio/ogg\0"
			    "opus\0audio/ogg\0"
			    "flac\0audio/flac\0"
			    "wav\0audio/wav\0"
			    "weba\0audio/webm\0"
			    "zip\0application/zip\0"
			    "gz\0application/gzip\0"
			    "tgz\0application/gzip\0"
			    "tar\0application/x-tar\0"
			    "bz2\0application/x-bzip2\0"
			    "xz\0application/x-xz\0"
			    "7z\0application/x-7z-compressed\0"
			    "zst\0application/zstd\0"
			    "br\0application/x-brotli\0"
			    "epub\0application/epub+zip\0"
			    "glb\0model/gltf-binary\0"
			    "gltf\0model/gltf+json\0"
			    "bin\0application/octet-stream\0";

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
	const char *at = media;
	while (ext.n > 0 && *at != '\0') {
		struct span known = span_str(at), type = span_str(at + known.n + 1);
		if (span_eq_nocase(ext, known))
			return type;
		at += known.n + 1 + type.n + 1;
	}
	return SPAN("application/octet-stream");
}
