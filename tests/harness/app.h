/*
 * app: the whole application for tests: both stores and the four services, each on ports of its
 * own, and short words for asking it something.
 *
 *	struct app app = {0};
 *	app_open(&app);
 *	app_run_all(&app);
 *	struct httpc_answer a = app_get(app.port[APP_ROUTER], "/api/values/all");
 */
#ifndef TESTS_APP_H
#define TESTS_APP_H

#include "harness/httpc.h"
#include "harness/stores.h"

enum app_service { APP_API, APP_WORKER, APP_WEB, APP_ROUTER, APP_SERVICES };

struct app {
	struct store *pg, *redis;
	struct proc *proc[APP_SERVICES];
	int port[APP_SERVICES], admin[APP_SERVICES];
	const char *const *extra; /* more variables for every service; NULL: none */
};

/* Fills the ports and makes both stores, running. Nothing else is started. */
void app_open(struct app *app);
/* Starts a service (again); returns when its admin port answers, unless it ended by itself. */
void app_run(struct app *app, enum app_service s);
void app_run_all(struct app *app);
/* Waits until /readyz of the service says 200. */
bool app_ready(struct app *app, enum app_service s, int ms);
/* app_open, then api and worker, ready. */
void app_open_api(struct app *app);
/* SIGTERM to all that run; true when each ended with status 0. */
bool app_stop_all(struct app *app);

/* One exchange on a connection of its own. status 0 when there was no answer. */
struct httpc_answer app_get(int port, const char *path);
struct httpc_answer app_post(int port, const char *path, const char *json);
/* The status alone. */
int app_status(int port, const char *path);
int app_post_status(int port, const char *path, const char *json);
/* Whether GET [path] holds [text] within [ms]. */
bool app_wait_text(int port, const char *path, const char *text, int ms);
/* How often [text] stands in the body. */
int count_text(struct span body, const char *text);

#endif
