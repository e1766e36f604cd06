/* What the files of proc share. */
#ifndef TESTS_PROC_TEMP_H
#define TESTS_PROC_TEMP_H

#include <stddef.h>
#include <sys/types.h>

/* Pids of all descendants of [root], parents before children, from malloc; the count in *n. */
pid_t *proc_tree(pid_t root, size_t *n);
/* Hands the temporary folder to the guard, which removes it, and waits for that. */
void temp_close(void);
/* malloc and friends that bail. */
void *need(void *memory);

#endif
