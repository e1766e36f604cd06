/*
 * healthcheck: asks the service that runs beside this process whether it lives, because an image
 * from scratch has neither shell nor curl. Blocking, two seconds at most.
 */
#ifndef SERVICES_COMMON_HEALTHCHECK_H
#define SERVICES_COMMON_HEALTHCHECK_H

#include <stdint.h>

/*
 * GET /healthz on [address], the loopback address when that is empty: exit status 0 when it is
 * answered 200, else 1.
 */
int healthcheck(const char *address, uint16_t port);

#endif
