/* SPDX-License-Identifier: ISC */
/*
 * bench_wire [TSV]
 *
 * A question and its answer over a veth pair, whose other end echoes: through
 * a socket, through frames and the capture, through AF_XDP. Two network
 * namespaces of our own. Needs root.
 */
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "clock.h"
#include "sockaddr.h"
#include "wire.h"

enum { ROUNDS = 100, BATCH = 50, PORT = 5353, QUESTION = 40, WAIT_MS = 1000 };

static struct policy_upstream upstream;
static struct counters counters;

/* ---- two namespaces */

static void run(const char *command)
{
	if (system(command) != 0)
		errx(2, "%s", command);
}

static void echo(int ready)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_port = htons(PORT) };
	struct sockaddr_storage from;
	char p[512];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(2, "echo");
	(void)!write(ready, "", 1);
	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, p, sizeof(p), 0,
				     (struct sockaddr *)&from, &len);

		if (n > 0)
			(void)!sendto(fd, p, (size_t)n, 0,
				      (struct sockaddr *)&from, len);
	}
}

/* The echo's side is a child, which moves its end of the pair to itself. */
static void other_side(void)
{
	char command[256], c;
	int go[2], ready[2];
	pid_t pid;

	if (pipe(go) < 0 || pipe(ready) < 0)
		err(2, "pipe");
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0)
			err(2, "unshare");
		(void)!write(ready[1], "", 1);
		(void)!read(go[0], &c, 1);
		run("ip link set far up && ip addr add 10.0.0.1/24 dev far");
		echo(ready[1]);
	}
	(void)!read(ready[0], &c, 1);
	snprintf(command, sizeof(command),
		 "ip link add near type veth peer name far netns %d", pid);
	run(command);
	run("ip link set near up && ip addr add 10.0.0.2/24 dev near");
	(void)!write(go[1], "", 1);
	(void)!read(ready[0], &c, 1);
}

/* ---- the ways */

struct way {
	struct wire *wire;	/* NULL: a socket */
	struct poller poller;
	int fd;			/* the socket, or what keeps the port */
	uint16_t port;
	bool heard;
};

static void response(void *context, uint32_t ifindex, const struct frame *f)
{
	struct way *w = context;

	(void)ifindex;
	w->heard = w->heard || f->dport == w->port;
}

static void neighbour(void *context, uint32_t ifindex,
		      const struct ipaddr *hop)
{
	(void)context;
	(void)ifindex;
	(void)hop;
}

static void open_socket(struct way *w)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_port = htons(PORT) };

	memcpy(&sa.sin_addr, upstream.addr.b + 12, 4);
	w->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&sa,
				 sizeof(sa)) < 0 ||
	    poller_open(&w->poller) < 0 || poller_add(&w->poller, w->fd, 0) < 0)
		err(2, "socket");
}

static bool open_wire(struct way *w, bool xdp)
{
	struct policy p = { .n_upstreams = 1, .upstreams = { upstream } };
	char why[256];

	if (poller_open(&w->poller) < 0 ||
	    wire_open(&w->wire, &w->poller, &counters, 0) < 0 ||
	    wire_link(w->wire, "near", upstream.ifindex, why,
		      sizeof(why)) < 0)
		errx(2, "wire");
	w->fd = sockaddr_reserve(true, &w->port);
	if (w->fd < 0)
		errx(2, "port");
	if (xdp && wire_xdp(w->wire, why, sizeof(why)) < 0) {
		printf("left out: %s\n", why);
		return false;
	}
	wire_adopt(w->wire, &p);
	return true;
}

static void send_one(struct way *w, const uint8_t *p)
{
	const struct wire_message m = {
		.to = &upstream, .port = w->port, .msg = p, .len = QUESTION,
	};
	int error = 0;

	if (w->wire == NULL)
		error = send(w->fd, p, QUESTION, 0) < 0 ? -errno : 0;
	else
		error = wire_send(w->wire, &m, clock_boot());
	if (error < 0 && error != -EINPROGRESS)
		errx(2, "send: %s", strerror(-error));
}

static void read_one(struct way *w, uint64_t token)
{
	const struct wire_reader r = { response, neighbour, w };
	uint8_t p[512];

	if (w->wire == NULL)
		w->heard = recv(w->fd, p, sizeof(p), 0) > 0;
	else
		wire_read(w->wire, (unsigned int)token, clock_boot(), &r);
}

/* us; without an answer, 0 */
static double ask(struct way *w)
{
	static const uint8_t question[QUESTION];
	uint64_t since = clock_boot(), token;

	w->heard = false;
	send_one(w, question);
	while (!w->heard) {
		if (poller_wait(&w->poller, &token, 1, WAIT_MS) != 1)
			return 0;
		read_one(w, token);
	}
	return (double)(clock_boot() - since) / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A round is the median of a batch. */
static double round_of(struct way *w)
{
	double us[BATCH];

	for (unsigned int i = 0; i < BATCH; i++)
		us[i] = ask(w);
	qsort(us, BATCH, sizeof(us[0]), by_value);
	return us[BATCH / 2];
}

int main(int argc, char **argv)
{
	static struct measure m = { .bench = "wire", .unit = "us" };
	static const char *const names[] = { "socket", "frames, capture",
					     "frames, AF_XDP" };
	static struct way way[3];
	unsigned int rounds = measure_times(ROUNDS, 3);
	FILE *tsv = measure_tsv(argc > 1 ? argv[1] : NULL);
	size_t n = 3;

	if (unshare(CLONE_NEWNET) < 0)
		err(2, "needs root");
	other_side();
	upstream.addr = ipaddr_v4((const uint8_t[]){ 10, 0, 0, 1 });
	upstream.hop = upstream.addr;
	upstream.source = ipaddr_v4((const uint8_t[]){ 10, 0, 0, 2 });
	upstream.port = PORT;
	upstream.ifindex = if_nametoindex("near");
	open_socket(&way[0]);
	(void)open_wire(&way[1], false);
	n -= !open_wire(&way[2], true);
	for (size_t i = 0; i < n; i++) {
		(void)measure_row(&m, names[i]);
		/* The hop's hardware address, asked for and learnt. */
		(void)ask(&way[i]);
		(void)ask(&way[i]);
	}
	for (unsigned int r = 0; r < rounds; r++)
		for (size_t i = 0; i < n; i++)
			measure_add(&m, i, round_of(&way[i]));
	measure_print(&m, names[0], stdout, tsv);
	if (tsv != NULL)
		fclose(tsv);
	return 0;
}
