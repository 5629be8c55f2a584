/* SPDX-License-Identifier: ISC */
/*
 * record.h - what the fakes of a test were asked for, in order, and which of
 * it fails
 *
 * Every fake writes its calls into one record, so a test sees in which order
 * different parts were called, as one line of text.
 */
#ifndef RECORD_H
#define RECORD_H

#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "compat.h"
#include "os/netinfo.h"
#include "why.h"

/* Calls that begin with `call` fail: all behind the first `skip`, or as many
 * as `times` says. */
struct fault {
	const char *call;
	int error;
	unsigned int skip, times;
};

enum { RECORD_FAULTS = 4 };

static struct {
	char text[16384];	/* calls, each with a blank behind */
	size_t len;
	struct fault fault[RECORD_FAULTS];
} record;

static uint64_t record_clock = 1000 * CLOCK_S;	/* boot time, ns */

/* In place of the C library's: boot time stands still. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_BOOTTIME)
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = (time_t)(record_clock / CLOCK_S);
	ts->tv_nsec = (long)(record_clock % CLOCK_S);
	return 0;
}

static inline void record_reset(void)
{
	memset(&record, 0, sizeof(record));
}

/* Forgets the calls, not the faults. */
static inline void record_forget(void)
{
	record.len = 0;
	record.text[0] = '\0';
}

static inline void record_fault(const char *call, int error, unsigned int skip,
				unsigned int times)
{
	for (unsigned int i = 0; i < RECORD_FAULTS; i++) {
		if (record.fault[i].call != NULL)
			continue;
		record.fault[i] = (struct fault){ call, error, skip, times };
		return;
	}
	cr_assert_fail("too many faults");
}

static inline void record_repair(void)
{
	memset(record.fault, 0, sizeof(record.fault));
}

static inline int record_error(const char *call)
{
	for (unsigned int i = 0; i < RECORD_FAULTS; i++) {
		struct fault *f = &record.fault[i];

		if (f->call == NULL ||
		    strncmp(call, f->call, strlen(f->call)) != 0)
			continue;
		if (f->skip > 0) {
			f->skip--;
			continue;
		}
		if (f->times == 1)
			f->call = NULL;
		else if (f->times > 1)
			f->times--;
		return f->error;
	}
	return 0;
}

/* Writes a call down. 0, or the fault's error. */
static inline int record_call(const char *fmt, ...) PRINTF(1, 2);

static inline int record_call(const char *fmt, ...)
{
	size_t room = sizeof(record.text) - record.len;
	const char *call = record.text + record.len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(record.text + record.len, room, fmt, ap);
	va_end(ap);
	cr_assert((size_t)n + 2 < room, "the record is full");
	n = (n < 0 ? 0 : n);
	record.len += (size_t)n;
	record.text[record.len++] = ' ';
	record.text[record.len] = '\0';
	return record_error(call);
}

static inline void record_expect(const char *want, const char *what)
{
	cr_expect_str_eq(record.text, want, "%s:\n have %s\n want %s", what,
			 record.text, want);
}

/* In place of os/sockkill: no test ends a connection of its host. */
int sockkill(const struct ipaddr *a, unsigned int n)
{
	(void)a;
	return record_call("kill:%u", n) < 0 ? -EPERM : 0;
}

#endif /* RECORD_H */
