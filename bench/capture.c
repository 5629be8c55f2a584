/* SPDX-License-Identifier: ISC */
/*
 * bench_capture [TSV]
 *
 * 500,000 packets a second come in over a veth pair: what does it cost to have
 * each in one's hands, and are they all there? They are answers to a question
 * of the wire's. The sender has one CPU, with the kernel's part of it; the
 * reader the other, and its processor time counts.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"
#include "clock.h"
#include "sockaddr.h"
#include "source/source_pcap.h"
#include "watcher.h"
#include "wire.h"

enum {
	RATE = 500000, PACKETS = 250000, PACKETS_BRIEF = 10000, ROUNDS = 10,
	FRAME = 14 + 20 + 8 + 60,	/* an answer with an address or two */
	BATCH = 50,
	SERVER = 53,
	QUIET_MS = 50,			/* nothing more comes then */
	BLOCK = 128 << 10, BLOCKS = WATCHER_RING / BLOCK,
};

static const uint8_t near_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t far_mac[6] = { 2, 0, 0, 0, 0, 2 };
static struct policy policy = { .n_upstreams = 1 };
static struct counters counters;
static uint16_t port;
static unsigned int packets;
static uint64_t seen;

static void run(const char *command)
{
	if (system(command) != 0)
		errx(2, "%s", command);
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		err(2, "CPU %d", cpu);
}

/* ---- the sender */

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
		0, SERVER, 0, 0, 0, FRAME - 34, 0, 0,
	};
	uint16_t sum;

	memset(f, 0, FRAME);
	memcpy(f, near_mac, 6);
	memcpy(f + 6, far_mac, 6);
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
static void send_all(int fd, uint16_t to)
{
	uint8_t frame[FRAME];
	struct iovec iov = { frame, FRAME };
	struct mmsghdr mm[BATCH];
	uint64_t begin = clock_boot();

	make_frame(frame, to);
	for (unsigned int i = 0; i < BATCH; i++)
		mm[i].msg_hdr = (struct msghdr){ .msg_iov = &iov,
						 .msg_iovlen = 1 };
	for (unsigned int n = 0; n < packets; n += BATCH) {
		while (clock_boot() - begin < n * (CLOCK_S / RATE))
			;
		if (sendmmsg(fd, mm, BATCH, 0) != BATCH)
			err(2, "send");
	}
}

/* For each port that is told: all packets, and how long it took, in ns. */
static void serve(int from, int to)
{
	uint16_t told;
	int fd = open_far();

	stay_on(1);
	while (read(from, &told, sizeof(told)) == sizeof(told)) {
		uint64_t begin = clock_boot(), took;

		send_all(fd, told);
		took = clock_boot() - begin;
		(void)!write(to, &took, sizeof(took));
	}
	_exit(0);
}

static int go, done;		/* pipes to the sender, and from it */

static void start_sender(void)
{
	char command[256], c;
	int ask[2], say[2];
	pid_t pid;

	if (pipe(ask) < 0 || pipe(say) < 0)
		err(2, "pipe");
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ask[1]);
		if (unshare(CLONE_NEWNET) < 0)
			err(2, "unshare");
		(void)!write(say[1], "", 1);
		(void)!read(ask[0], &c, 1);
		run("ip link set far up");
		serve(ask[0], say[1]);
	}
	(void)!read(say[0], &c, 1);
	snprintf(command, sizeof(command), "ip link add near address "
		 "02:00:00:00:00:01 type veth peer name far netns %d", pid);
	run(command);
	run("ip link set near arp off up");
	(void)!write(ask[1], "", 1);
	go = ask[1];
	done = say[0];
}

/* ---- a bare ring */

struct bare {
	int fd;
	uint8_t *ring;
	unsigned int block;
};

static bool bare_open(void *way)
{
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK, .tp_block_nr = BLOCKS,
		.tp_frame_size = 2048, .tp_frame_nr = BLOCK / 2048 * BLOCKS,
		.tp_retire_blk_tov = WATCHER_BLOCK_MS,
	};
	struct sockaddr_ll sa = {
		.sll_family = AF_PACKET, .sll_protocol = htons(0x0003),
		.sll_ifindex = (int)if_nametoindex("near"),
	};
	struct bare *b = way;
	int version = TPACKET_V3;

	b->block = 0;
	b->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (b->fd < 0 || setsockopt(b->fd, SOL_PACKET, PACKET_VERSION,
				    &version, sizeof(version)) < 0 ||
	    setsockopt(b->fd, SOL_PACKET, PACKET_RX_RING, &req,
		       sizeof(req)) < 0)
		err(2, "ring");
	b->ring = mmap(NULL, WATCHER_RING, PROT_READ | PROT_WRITE, MAP_SHARED,
		       b->fd, 0);
	if (b->ring == MAP_FAILED ||
	    bind(b->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(2, "ring");
	return true;
}

static void bare_read(void *way)
{
	struct bare *b = way;

	for (;;) {
		struct tpacket_block_desc *d =
			(void *)(b->ring + (size_t)b->block * BLOCK);

		if (!(__atomic_load_n(&d->hdr.bh1.block_status,
				      __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			return;
		seen += d->hdr.bh1.num_pkts;
		__atomic_store_n(&d->hdr.bh1.block_status, TP_STATUS_KERNEL,
				 __ATOMIC_RELEASE);
		b->block = (b->block + 1) % BLOCKS;
	}
}

static int bare_fd(void *way)
{
	return ((struct bare *)way)->fd;
}

static void bare_close(void *way)
{
	struct bare *b = way;

	munmap(b->ring, WATCHER_RING);
	close(b->fd);
}

/* ---- libpcap, with the ledger's ring */

static void see(void *context, enum link link, struct slice packet,
		uint64_t time)
{
	(void)context;
	(void)link;
	(void)time;
	seen += packet.len >= 14;
}

static bool pcap_way_open(void *way)
{
	static const struct sock_filter all = {
		.code = BPF_RET | BPF_K, .k = WATCHER_SNAPLEN,
	};
	struct source_pcap **s = way;
	char why[256];

	if (source_pcap_ring(s, &all, 1, WATCHER_SNAPLEN, WATCHER_RING,
			     WATCHER_BLOCK_MS, why, sizeof(why)) < 0)
		errx(2, "%s", why);
	return true;
}

static void pcap_way_read(void *way)
{
	struct source_pcap **s = way;

	if (source_pcap_read(*s, PACKETS, see, NULL) < 0)
		errx(2, "libpcap");
}

static int pcap_way_fd(void *way)
{
	return source_pcap_fd(*(struct source_pcap **)way);
}

static void pcap_way_close(void *way)
{
	source_pcap_close(*(struct source_pcap **)way);
}

/* ---- the wire */

struct frames {
	bool xdp;
	struct wire *wire;
	struct poller poller;
	int keeps;		/* the port */
};

static void response(void *context, uint32_t ifindex, const struct frame *f)
{
	(void)context;
	(void)ifindex;
	seen += f->dport == port;
}

static void neighbour(void *context, uint32_t ifindex,
		      const struct ipaddr *hop)
{
	(void)context;
	(void)ifindex;
	(void)hop;
}

/* One question, so that answers are waited for. */
static void ask(const struct frames *f)
{
	static const uint8_t question[40];
	const struct wire_message m = {
		.to = &policy.upstreams[0], .port = port, .msg = question,
		.len = sizeof(question),
	};

	if (wire_send(f->wire, &m, clock_boot()) < 0)
		errx(2, "no question");
}

static bool frames_open(void *way)
{
	struct frames *f = way;
	char why[256];

	if (poller_open(&f->poller) < 0 ||
	    wire_open(&f->wire, &f->poller, &counters, 0) < 0 ||
	    wire_link(f->wire, "near", policy.upstreams[0].ifindex, why,
		      sizeof(why)) < 0)
		errx(2, "wire");
	f->keeps = sockaddr_reserve(true, &port);
	if (f->keeps < 0)
		errx(2, "port");
	if (f->xdp && wire_xdp(f->wire, why, sizeof(why)) < 0) {
		printf("left out: %s\n", why);
		return false;
	}
	wire_adopt(f->wire, &policy);
	ask(f);
	return true;
}

static void frames_read(void *way)
{
	static const struct wire_reader r = { response, neighbour, NULL };
	struct frames *f = way;
	uint64_t tokens[WIRE_TOKENS];
	int n = poller_wait(&f->poller, tokens, WIRE_TOKENS, 0);

	for (int i = 0; i < n; i++)
		if (!wire_read(f->wire, (unsigned int)tokens[i], clock_boot(),
			       &r))
			errx(2, "wire");
}

static int frames_fd(void *way)
{
	return ((struct frames *)way)->poller.fd;
}

static void frames_close(void *way)
{
	struct frames *f = way;

	wire_close(f->wire);
	close(f->keeps);
	close(f->poller.fd);
}

/* ---- all of them */

static struct bare bare;
static struct source_pcap *ring;
static struct frames by_capture, by_xdp = { .xdp = true };

static const struct {
	const char *name;
	void *way;
	bool (*open)(void *way);
	void (*read)(void *way);
	int (*fd)(void *way);
	void (*close)(void *way);
} ways[] = {
	{ "bare TPACKET_V3, counted", &bare, bare_open, bare_read, bare_fd,
	  bare_close },
	{ "libpcap, ledger's ring", &ring, pcap_way_open, pcap_way_read,
	  pcap_way_fd, pcap_way_close },
	{ "wire, libpcap", &by_capture, frames_open, frames_read, frames_fd,
	  frames_close },
	{ "wire, AF_XDP", &by_xdp, frames_open, frames_read, frames_fd,
	  frames_close },
};

static uint64_t processor_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_S + (uint64_t)ts.tv_nsec;
}

/* Until the sender is done and nothing more comes; how long it took, ns. */
static uint64_t receive(size_t i)
{
	struct pollfd p[] = {
		{ .fd = ways[i].fd(ways[i].way), .events = POLLIN },
		{ .fd = done, .events = POLLIN },
	};
	uint64_t took = 0, end = UINT64_MAX;

	/* What shrinks, when the sender is done: the time left. */
	while ((poll(p, took == 0 ? 2 : 1, QUIET_MS) > 0 || took == 0) &&
	       clock_boot() < end) {
		if (p[0].revents != 0)
			ways[i].read(ways[i].way);
		if (took == 0 && p[1].revents != 0 &&
		    read(done, &took, sizeof(took)) != sizeof(took))
			errx(2, "the sender is gone");
		if (took != 0 && end == UINT64_MAX)
			end = clock_boot() + CLOCK_S;
	}
	ways[i].read(ways[i].way);
	return took;
}

static struct measure cost = { .bench = "capture", .unit = "ns of CPU a packet" };
static struct measure lost = { .bench = "capture-lost", .unit = "packets" };
static struct measure rate = { .bench = "capture-rate", .unit = "packets/s",
			       .more = true };

/* ns of CPU a packet; 0: that way is not to be had here. */
static double one(size_t i, uint64_t *took)
{
	uint64_t before;

	if (!ways[i].open(ways[i].way))
		return 0;
	seen = 0;
	before = processor_time();
	(void)!write(go, &port, sizeof(port));
	*took = receive(i);
	ways[i].close(ways[i].way);
	return (double)(processor_time() - before) /
	       (double)(seen > 0 ? seen : 1);
}

static bool round_of(size_t i)
{
	uint64_t took;
	double ns = one(i, &took);

	if (ns == 0)
		return false;
	measure_add(&cost, i, ns);
	measure_add(&lost, i, seen > packets ? 0 : (double)(packets - seen));
	measure_add(&rate, i, (double)packets * 1e9 / (double)took);
	return true;
}

int main(int argc, char **argv)
{
	FILE *tsv = measure_tsv(argc > 1 ? argv[1] : NULL);
	struct policy_upstream *u = &policy.upstreams[0];
	unsigned int rounds = measure_times(ROUNDS, 1);
	size_t n = sizeof(ways) / sizeof(ways[0]);

	packets = measure_times(PACKETS, PACKETS_BRIEF);
	if (unshare(CLONE_NEWNET) < 0)
		err(2, "needs root");
	start_sender();
	stay_on(0);
	u->addr = u->hop = ipaddr_v4((const uint8_t[]){ 10, 0, 0, 1 });
	u->source = ipaddr_v4((const uint8_t[]){ 10, 0, 0, 2 });
	u->port = SERVER;
	u->ifindex = if_nametoindex("near");
	memcpy(u->mac, far_mac, sizeof(far_mac));
	for (size_t i = 0; i < n; i++) {
		measure_row(&cost, ways[i].name);
		measure_row(&lost, ways[i].name);
		measure_row(&rate, ways[i].name);
	}
	for (unsigned int r = 0; r < rounds; r++)
		for (size_t i = 0; i < n; i++)
			if (!round_of(i))
				n = i;
	measure_print(&cost, ways[0].name, stdout, tsv);
	measure_print(&lost, ways[0].name, stdout, tsv);
	measure_print(&rate, ways[0].name, stdout, tsv);
	if (tsv != NULL)
		fclose(tsv);
	return 0;
}
