/* port: is it ours to take? */
#ifndef SERVICES_COMMON_PORT_H
#define SERVICES_COMMON_PORT_H

#include <stdint.h>

/*
 * 0, or -EADDRINUSE when somebody listens on [port] already, or what else forbids us to. Our
 * listeners set SO_REUSEPORT, for the sake of WORKERS: a second instance of a service by the same
 * user would get every other connection of the first, without an error. So this asks once, at
 * the start and without that option, before the first worker listens.
 */
int port_check(uint16_t port);

#endif
