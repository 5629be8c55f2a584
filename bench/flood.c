/* SPDX-License-Identifier: ISC */
#include "bench/flood.h"

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/process.h"
#include "clock.h"
#include "compat.h"

enum {
	FRAME = 14 + 20 + 8 + 60,	/* an answer with an address or two */
	BATCH = 50,
	BATCHES = 10000,		/* a second, of rates that allow it */
};

const uint8_t flood_near[6] = { 2, 0, 0, 0, 0, 1 };
const uint8_t flood_far[6] = { 2, 0, 0, 0, 0, 2 };

static void run(const char *command)
{
	if (system(command) != 0)
		errx(2, "%s", command);
}

static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

static void make_frame(uint8_t f[static FRAME], uint16_t to)
{
	static const uint8_t ip[] = {
		0x45, 0, 0, FRAME - 14, 0, 0, 0x40, 0, 64, 17, 0, 0,
		10, 0, 0, 1, 10, 0, 0, 2,
		0, FLOOD_PORT, 0, 0, 0, FRAME - 34, 0, 0,
	};
	uint16_t sum;

	memset(f, 0, FRAME);
	memcpy(f, flood_near, 6);
	memcpy(f + 6, flood_far, 6);
	f[12] = 8;
	memcpy(f + 14, ip, sizeof(ip));
	f[36] = (uint8_t)(to >> 8);
	f[37] = (uint8_t)to;
	sum = checksum(f + 14, 20);
	f[24] = (uint8_t)(sum >> 8);
	f[25] = (uint8_t)sum;
}

static int open_far(void)
{
	struct sockaddr_ll sa = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex("far"),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on,
				 sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(2, "far");
	return fd;
}

/* All packets, a batch when its time has come. */
static void send_all(int fd, const struct flood *f)
{
	uint8_t frame[FRAME];
	struct iovec iov = { frame, FRAME };
	struct mmsghdr mm[BATCH];
	unsigned int batch = f->per_second / BATCHES;
	uint64_t begin = clock_boot();

	batch = batch > BATCH ? BATCH : batch > 0 ? batch : 1;
	make_frame(frame, f->port);
	for (unsigned int i = 0; i < batch; i++)
		mm[i].msg_hdr = (struct msghdr){ .msg_iov = &iov,
						 .msg_iovlen = 1 };
	for (uint64_t n = 0; n < f->packets; n += batch) {
		while (clock_boot() - begin < n * CLOCK_S / f->per_second)
			;
		if (sendmmsg(fd, mm, batch, 0) != (int)batch)
			err(2, "send");
	}
}

/* For each order, how long it took, in ns. */
static void serve(int from, int to)
{
	struct flood order;
	int fd = open_far();

	process_stay_on(1);
	while (read(from, &order, sizeof(order)) == sizeof(order)) {
		uint64_t begin = clock_boot(), took;

		send_all(fd, &order);
		took = clock_boot() - begin;
		(void)!write(to, &took, sizeof(took));
	}
}

static int ask[2], say[2];	/* pipes to the sender, and from it */

static NORETURN void be_sender(void)
{
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(ask[1]);
	if (unshare(CLONE_NEWNET) < 0)
		err(2, "unshare");
	(void)!write(say[1], "", 1);
	(void)!read(ask[0], &c, 1);
	run("ip link set far up");
	serve(ask[0], say[1]);
	_exit(0);
}

void flood_start(void)
{
	char command[256], c;
	pid_t pid;

	if (pipe(ask) < 0 || pipe(say) < 0)
		err(2, "pipe");
	pid = fork();
	if (pid == 0)
		be_sender();
	(void)!read(say[0], &c, 1);
	snprintf(command, sizeof(command), "ip link add near address "
		 "02:00:00:00:00:01 type veth peer name far netns %d", pid);
	run(command);
	run("ip link set near arp off up");
	(void)!write(ask[1], "", 1);
}

void flood_send(const struct flood *f)
{
	(void)!write(ask[1], f, sizeof(*f));
}

int flood_fd(void)
{
	return say[0];
}

uint64_t flood_took(void)
{
	uint64_t took;

	if (read(say[0], &took, sizeof(took)) != sizeof(took))
		errx(2, "the sender is gone");
	return took;
}
