/* admin: the second listener of every service, for operators and probes only. */
#ifndef SERVICES_COMMON_ADMIN_H
#define SERVICES_COMMON_ADMIN_H

#include "drivers/http_server.h"
#include "services/common/service.h"

int admin_open(struct net_loop *loop, const struct service *s);
void admin_close(void);

/* The answer of /healthz, on this listener and on the public ports: the loop turns. */
void admin_answer_healthz(struct http_exchange *x);

#endif
