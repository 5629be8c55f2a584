/* SPDX-License-Identifier: ISC */
/*
 * process.h - what whole processes cost
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "compat.h"

/* ns of processor time that the child took, which is waited for. It must end
 * with exit code 0 or 1. */
double process_cost(pid_t child);

/* In a child: becomes sallyport replay --stats of a capture, unheard. */
NORETURN void process_replay(const char *program, const char *capture);

/* Who calls, from here on. */
void process_stay_on(int cpu);
/* Of processes that run, as text with blanks between; NULL: of none. */
void process_place(const char *pids, int cpu);
/* ns that their threads have been on a CPU. */
uint64_t process_time(const char *pids);

#endif /* PROCESS_H */
