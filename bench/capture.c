/* SPDX-License-Identifier: ISC */
/*
 * bench_capture [TSV [CURVES]]
 *
 * 500,000 packets a second come in over a veth pair: what does it cost to have
 * each in one's hands, and are they all there? They are answers to a question
 * of the wire's. The sender has one CPU, with the kernel's part of it; the
 * reader the other, and its processor time counts. CURVES: the same at lower
 * rates.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/flood.h"
#include "bench/measure.h"
#include "bench/process.h"
#include "clock.h"
#include "sockaddr.h"
#include "source/source_pcap.h"
#include "watcher.h"
#include "wire.h"

enum {
	RATE = 500000, PACKETS = 250000, PACKETS_BRIEF = 10000, ROUNDS = 10,
	CURVE_ROUNDS = 3, CURVE_MS = 150, CURVE_MS_BRIEF = 20, RATES = 5,
	QUIET_MS = WATCHER_BLOCK_MS + 20,	/* nothing more comes then */
	BLOCK = 128 << 10, BLOCKS = WATCHER_RING / BLOCK,
};

static struct policy policy = { .n_upstreams = 1 };
static struct counters counters;
static uint16_t port;
static struct flood flood;
static uint64_t seen;

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
		{ .fd = flood_fd(), .events = POLLIN },
	};
	uint64_t took = 0, end = UINT64_MAX;

	/* What shrinks, when the sender is done: the time left. */
	while ((poll(p, took == 0 ? 2 : 1, QUIET_MS) > 0 || took == 0) &&
	       clock_boot() < end) {
		if (p[0].revents != 0)
			ways[i].read(ways[i].way);
		if (took == 0 && p[1].revents != 0)
			took = flood_took();
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
	flood.port = port;
	flood_send(&flood);
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
	measure_add(&lost, i, seen > flood.packets ? 0 :
		    (double)(flood.packets - seen));
	measure_add(&rate, i, (double)flood.packets * 1e9 / (double)took);
	return true;
}

/* A way right after itself would find its ring busy still: rates come round
 * more slowly than ways. */
static void curves(size_t n, FILE *out)
{
	static const unsigned int rates[RATES] = {
		5000, 20000, 80000, 200000, RATE,
	};
	struct measure m = { .bench = "" };
	unsigned int rounds = measure_times(CURVE_ROUNDS, 1);
	unsigned int ms = measure_times(CURVE_MS, CURVE_MS_BRIEF);
	uint64_t took;

	for (size_t at = 0; at < RATES * n; at++)
		measure_row(&m, ways[at % n].name);
	for (size_t i = 0; i < rounds * RATES * n; i++) {
		size_t at = i % (RATES * n);
		double ns;

		flood.per_second = rates[at / n];
		flood.packets = flood.per_second / 1000 * ms;
		ns = one(at % n, &took);
		if (ns > 0)
			measure_add(&m, at, ns);
	}
	for (size_t i = 0; i < RATES * n; i++) {
		const struct measure_row *r = &m.row[i % RATES * n + i / RATES];

		if (r->n > 0)
			fprintf(out, "ns of CPU a packet, by packets a second"
				"\t%s\t%u\t%.3f\n", r->name, rates[i % RATES],
				measure_percentile(r, 50));
	}
	measure_free(&m);
}

int main(int argc, char **argv)
{
	FILE *tsv = measure_tsv(argc > 1 ? argv[1] : NULL);
	FILE *points = measure_tsv(argc > 2 ? argv[2] : NULL);
	struct policy_upstream *u = &policy.upstreams[0];
	unsigned int rounds = measure_times(ROUNDS, 1);
	size_t n = sizeof(ways) / sizeof(ways[0]);

	flood.packets = measure_times(PACKETS, PACKETS_BRIEF);
	flood.per_second = RATE;
	if (unshare(CLONE_NEWNET) < 0)
		err(2, "needs root");
	flood_start();
	process_stay_on(0);
	u->addr = u->hop = ipaddr_v4((const uint8_t[]){ 10, 0, 0, 1 });
	u->source = ipaddr_v4((const uint8_t[]){ 10, 0, 0, 2 });
	u->port = FLOOD_PORT;
	u->ifindex = if_nametoindex("near");
	memcpy(u->mac, flood_far, sizeof(flood_far));
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
	if (points != NULL)
		curves(n, points);
	if (points != NULL)
		fclose(points);
	if (tsv != NULL)
		fclose(tsv);
	return 0;
}
