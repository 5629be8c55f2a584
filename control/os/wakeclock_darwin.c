/* SPDX-License-Identifier: ISC */
/*
 * The kernel sends a message to whoever has asked for it when the calendar is
 * set anew, as it does at every wake (XNU: clock_wakeup_calendar()). A kqueue
 * makes a descriptor of the port that it comes to. One for each process.
 */
#include "os/wakeclock.h"

#include <errno.h>
#include <fcntl.h>
#include <mach/mach.h>
#include <mach/mach_host.h>
#include <stddef.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

/* Nothing sleeps for less; the two clocks never drift apart otherwise. */
const int64_t wakeclock_shortest = 1000000;

static mach_port_t port = MACH_PORT_NULL;

void wakeclock_read(void *context, struct wakewatch_clocks *c)
{
	(void)context;
	/* The one stands still during sleep, the other does not. */
	c->before = clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
	c->boot = clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW);
	c->after = clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
}

/* For the next message; each request is for one. */
static int ask(void)
{
	kern_return_t kr = host_request_notification(mach_host_self(),
		HOST_NOTIFY_CALENDAR_CHANGE, port);

	return kr == KERN_SUCCESS ? 0 : -EIO;
}

static int watch(int fd)
{
	struct kevent ev;

	if (port == MACH_PORT_NULL &&
	    mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE,
			       &port) != KERN_SUCCESS)
		return -ENOMEM;
	EV_SET(&ev, port, EVFILT_MACHPORT, EV_ADD, 0, 0, NULL);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    kevent(fd, &ev, 1, NULL, 0, NULL) < 0)
		return -errno;
	return ask();
}

int wakeclock_open(void)
{
	int fd = kqueue(), error;

	if (fd < 0)
		return -errno;
	error = watch(fd);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

void wakeclock_looked(int fd)
{
	struct {
		mach_msg_header_t header;
		char rest[256];
	} m = { 0 };

	(void)fd;
	if (mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m),
		     port, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		return;
	mach_msg_destroy(&m.header);
	(void)ask();
}
