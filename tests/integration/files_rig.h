/* What the tests of static files share: a folder made for the test, and questions about it. */
#ifndef TESTS_INTEGRATION_FILES_RIG_H
#define TESTS_INTEGRATION_FILES_RIG_H

#include "harness/httpc.h"
#include "harness/proc.h"
#include "harness/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS 60000
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Writes a file of the folder "www", which is there; folders between are made. */
static inline void write_file(const char *name, struct span bytes)
{
	char *path = temp_path("www/%s", name);
	for (char *at = path + strlen(temp_dir()) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
	FILE *f = fopen(path, "we");
	if (f == NULL || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0)
		bail("can't write %s", path);
	free(path);
}

static inline void write_text(const char *name, const char *text)
{
	write_file(name, span_str(text));
}

/* A file in which each place can be told from its neighbours. */
static inline uint8_t big_byte(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static inline void write_big(const char *name, size_t n)
{
	uint8_t *all = malloc(n);
	if (all == NULL)
		bail("no memory");
	for (size_t i = 0; i < n; i++)
		all[i] = big_byte(i);
	write_file(name, span_of(all, n));
	free(all);
}

/* Starts web with a port of its own; [first] goes before it on the command line, or NULL. */
static inline struct proc *start_web(uint16_t *port, const char *const *first,
				     const char *const *last, const char *const *settings)
{
	char own[32], off[] = "ADMIN_PORT=0";
	const char *env[16] = {own, off}, *argv[16];
	size_t n = 0;
	*port = (uint16_t)free_port();
	snprintf(own, sizeof own, "PORT=%d", *port);
	for (; first != NULL && *first != NULL; first++)
		argv[n++] = *first;
	argv[n++] = proc_bin("web");
	for (; last != NULL && *last != NULL; last++)
		argv[n++] = *last;
	argv[n] = NULL;
	for (n = 2; settings != NULL && *settings != NULL; settings++)
		env[n++] = *settings;
	struct proc *web = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	if (!wait_port(*port, MS))
		bail("web does not start: %s", proc_log(web));
	return web;
}

/* One request; [fields] are whole lines or "". */
static inline struct httpc_answer ask(uint16_t port, const char *method, const char *target,
				      const char *fields)
{
	char text[8192];
	struct httpc c;
	struct httpc_answer a = {0};
	snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: t\r\n%s\r\n", method, target, fields);
	if (!httpc_dial(&c, "127.0.0.1", port, MS))
		bail("no connection");
	httpc_send(&c, span_str(text), MS);
	int rc = strcmp(method, "HEAD") == 0 ? httpc_read_head(&c, &a, MS) : httpc_read(&c, &a, MS);
	if (rc != HTTPC_OK)
		a.status = rc;
	httpc_close(&c);
	return a;
}

/* Asks, and does not read; little of the answer has room on its way. */
static inline int begin(uint16_t port, const char *target, struct httpc *c)
{
	char text[200];
	if (!httpc_dial(c, "127.0.0.1", port, MS))
		bail("no connection");
	int small = 65536;
	setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: t\r\n\r\n", target);
	return httpc_send(c, span_str(text), MS);
}

/* Until some of the answer has come, so that the rest is on its way; nothing of it is read. */
static inline void begun(const struct httpc *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	check(poll(&p, 1, MS) == 1, "an answer begins");
}

static inline bool has_field(const struct httpc_answer *a, const char *name, const char *value)
{
	struct span got = httpc_field(a, name);
	return check(span_eq(got, span_str(value)) && (got.p == NULL) == (value == NULL),
		     "%s is \"%.*s\", not \"%s\"", name, (int)got.n, (const char *)got.p,
		     value != NULL ? value : "(none)");
}

/* A copy of a field's value. */
static inline const char *field_text(const struct httpc_answer *a, const char *name, char *buf,
				     size_t n)
{
	struct span got = httpc_field(a, name);
	snprintf(buf, n, "%.*s", (int)got.n, (const char *)got.p);
	return buf;
}

#endif
