/* SPDX-License-Identifier: ISC */
/*
 * bench_delay NAMESPACE DEVICE NAMESPACE DEVICE
 *
 * A wire of a given length, for kernels without netem: a TAP device in each
 * namespace, and every frame that leaves one comes in at the other after half
 * of the round trip, in order. Each line on the standard input is another
 * round trip in us, and is answered with what was done with frames before it:
 * their number, by how much they were late (us: median, largest), and how
 * many found no room.
 *
 * What this cannot know is when a frame was sent, only when it was read; so
 * SEEN_NS is taken off, and bench/reconnect/rounds.sh has ping check the result.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	FRAME = 1536,
	FRAMES = 1024,		/* in flight, each way: 120 Mbit/s at 100 ms */
	LATE = 4096,		/* samples kept between two lines */
	SEEN_NS = 25000,	/* from its sending to our reading */
	EARLY_NS = 60000,	/* a sleeper may be late by so much */
};

struct frame {
	uint64_t due;		/* monotonic, ns */
	size_t len;
	uint8_t octets[FRAME];
};

/* One way; counts run free. */
struct way {
	int from, to;
	unsigned int head, tail;
	struct frame frame[FRAMES];
};

static struct way ways[2];
static uint64_t delay;			/* one way, ns */
static unsigned int frames, dropped, n_late;
static uint32_t late[LATE];		/* ns */

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int open_tap(const char *namespace, const char *device)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	char path[128];
	int ns, fd;

	snprintf(path, sizeof(path), "/run/netns/%s", namespace);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		err(2, "%s", path);
	close(ns);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0)
		err(2, "%s", device);
	return fd;
}

static void take(struct way *w)
{
	/* What shrinks: the room. */
	while (w->head - w->tail < FRAMES) {
		struct frame *f = &w->frame[w->head % FRAMES];
		ssize_t n = read(w->from, f->octets, sizeof(f->octets));

		if (n <= 0)
			return;
		f->len = (size_t)n;
		f->due = now() + (delay > SEEN_NS ? delay - SEEN_NS : 0);
		w->head++;
	}
	/* As a full queue of a router does. */
	if (read(w->from, &(uint8_t[FRAME]){ 0 }, FRAME) > 0)
		dropped++;
}

static uint64_t next_due(void)
{
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < 2; i++) {
		const struct way *w = &ways[i];

		if (w->head != w->tail && w->frame[w->tail % FRAMES].due < due)
			due = w->frame[w->tail % FRAMES].due;
	}
	return due;
}

static void hand_over(struct way *w)
{
	/* What shrinks: the frames that are due. */
	while (w->head != w->tail) {
		const struct frame *f = &w->frame[w->tail % FRAMES];
		uint64_t at = now();

		if (f->due > at)
			return;
		if (write(w->to, f->octets, f->len) < 0)
			dropped++;
		frames++;
		late[n_late++ % LATE] = (uint32_t)(at - f->due);
		w->tail++;
	}
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void say(void)
{
	unsigned int n = n_late < LATE ? n_late : LATE;

	qsort(late, n, sizeof(late[0]), by_value);
	printf("%u frames, late by %.1f us, at most %.1f, dropped %u\n",
	       frames, n == 0 ? 0 : late[n / 2] / 1e3,
	       n == 0 ? 0 : late[n - 1] / 1e3, dropped);
	frames = dropped = n_late = 0;
}

static void told(void)
{
	char line[32];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0)
		exit(0);
	line[n] = '\0';
	delay = strtoull(line, NULL, 10) * 1000 / 2;
	say();
}

/* Awake shortly before it is time, and then waiting for it. */
static void wait_until(int timer, uint64_t due)
{
	uint64_t at = due == UINT64_MAX ? 0 : due - EARLY_NS;
	const struct itimerspec when = {
		.it_value = { .tv_sec = (time_t)(at / 1000000000),
			      .tv_nsec = (long)(at % 1000000000) },
	};
	struct pollfd p[] = {
		{ .fd = ways[0].from, .events = POLLIN },
		{ .fd = ways[1].from, .events = POLLIN },
		{ .fd = timer, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
	poll(p, 4, due < now() + EARLY_NS ? 0 : -1);
	if (p[3].revents != 0)
		told();
	for (int i = 0; i < 2; i++)
		if (p[i].revents != 0)
			take(&ways[i]);
}

int main(int argc, char **argv)
{
	const struct sched_param first = { .sched_priority = 1 };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (argc != 5)
		errx(2, "usage: bench_delay NAMESPACE DEVICE NAMESPACE DEVICE");
	if (timer < 0)
		err(2, "timerfd_create");
	if (sched_setscheduler(0, SCHED_FIFO, &first) < 0 ||
	    prctl(PR_SET_TIMERSLACK, 1) < 0)
		warn("it may be late");
	ways[0].from = ways[1].to = open_tap(argv[1], argv[2]);
	ways[1].from = ways[0].to = open_tap(argv[3], argv[4]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	say();
	for (;;) {
		wait_until(timer, next_due());
		hand_over(&ways[0]);
		hand_over(&ways[1]);
	}
}
