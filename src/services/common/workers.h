/*
 * workers: several processes of one service behind one port (SO_REUSEPORT). The parent only
 * watches: it starts a worker again when one dies, and passes SIGTERM and SIGINT on. A worker that
 * can't start (its port is taken) ends them all.
 */
#ifndef SERVICES_COMMON_WORKERS_H
#define SERVICES_COMMON_WORKERS_H

#include <stdint.h>

#define WORKERS_MAX 64

/* The number of this process, from 0; one that is started again has the number of the dead one. */
extern uint32_t workers_number;

/* Runs [body] in [n] processes until a signal to stop; returns the exit status. */
int workers_run(uint32_t n, int (*body)(void));

#endif
