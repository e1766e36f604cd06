/*
 * For tests of the loop: a loop that counts its turns, and the story, one letter for each thing
 * that happened, in order.
 *
 *	open_loop();
 *	...                     // callbacks that tell('a'), tell('b')
 *	run_for(50);            // or until [enough] has been told
 *	is_str(story, "ab", "a comes before b");
 *	net_loop_close(&loop);
 */
#ifndef TESTS_NET_STORY_H
#define TESTS_NET_STORY_H

#include "harness/tap.h"
#include "net/net.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 300

static struct net_loop loop;
static unsigned turns;
static char story[512];
static size_t told;
static size_t enough; /* stop when so much has been told */

static inline void tell(char c)
{
	if (told < sizeof story - 1)
		story[told++] = c;
	story[told] = '\0';
	if (told == enough)
		net_loop_stop(&loop);
}

static inline void begin_story(void)
{
	turns = 0;
	told = enough = 0;
	story[0] = '\0';
}

static inline void count_turn(void)
{
	turns++;
}

/* A turn_end that tells where turns end. */
static inline void tell_turn(void)
{
	turns++;
	tell('|');
}

static inline void open_loop(void)
{
	if (net_loop_open(&loop) != 0)
		bail("no loop");
	loop.turn_end = count_turn;
	ends_within(PATIENCE_S); /* a loop that hangs is a failure, not a long wait */
	begin_story();
}

static inline uint64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static inline void stop_by_timer(struct net_timer *t)
{
	(void)t;
	net_loop_stop(&loop);
}

static inline void run_for(uint32_t ms)
{
	struct net_timer end = {.link = NULL};
	net_timer_set(&loop, &end, ms, stop_by_timer);
	net_loop_run(&loop);
	net_timer_stop(&end);
}

static inline unsigned descriptors(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/fd");
	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n;
}

#endif
