/*
 * The server that `make bench-http` measures: our drivers and nothing else, built as the services
 * are. It answers /1k and /100k from the binary, /plaintext from a handler, and, with a FOLDER, all
 * else from there. server PORT [FOLDER]
 */
#include "drivers/http_assets.h"
#include "drivers/http_files.h"

#include <stdio.h>
#include <string.h>

static uint8_t filling[100 << 10], heads[2048];

static struct http_asset files[] = {
	{.path = SPAN("/1k"), .type = SPAN("text/html"), .bytes = {filling, 1 << 10}},
	{.path = SPAN("/100k"), .type = SPAN("text/html"), .bytes = {filling, 100 << 10}},
};
#define FILES (sizeof files / sizeof *files)

static struct http_files folder;
static bool has_folder;

static void on_request(struct http_exchange *x)
{
	struct span path = x->head->path;
	const struct http_asset *file = http_assets_find(files, FILES, path);
	if (file != NULL)
		http_asset_answer(x, file);
	else if (span_eq(path, SPAN("/plaintext")))
		http_answer(x, 200, SPAN("text/plain"), SPAN("Hello, World!"));
	else if (!has_folder || http_files_answer(&folder, x, path) <= 0)
		http_answer(x, 404, SPAN("text/plain"), SPAN("not found\n"));
}

static const struct http_handler handler = {
	.request = on_request, .writable = http_static_writable, .gone = http_static_gone};

int main(int argc, char **argv)
{
	static struct net_loop loop;
	static struct http_server server;
	uint64_t port;
	if (argc < 2 || argc > 3 || !dec_u64(span_str(argv[1]), &port) || port > UINT16_MAX) {
		fprintf(stderr, "usage: %s PORT [FOLDER]\n", argv[0]);
		return 2;
	}
	struct out o = out_init(heads, sizeof heads);
	memset(filling, 'x', sizeof filling);
	for (size_t i = 0; i < FILES; i++)
		http_asset_init(&files[i], SPAN_NONE, &o);
	int rc = net_loop_open(&loop);
	has_folder = argc == 3;
	if (rc == 0 && has_folder)
		rc = http_files_open(&folder, &loop, argv[2], &http_files_defaults);
	if (rc == 0)
		rc = http_server_open(&server, &loop, &handler, &http_server_defaults, "127.0.0.1",
				      (uint16_t)port, NET_LISTEN_DEFER);
	if (rc < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], net_strerror(rc));
		return 1;
	}
	net_loop_run(&loop);
	return 0;
}
