/* SPDX-License-Identifier: ISC */
/*
 * bench_scale SALLYPORT CAPTURE >CURVES
 *
 * What does it cost when there is more of it? Each curve is measured at a few
 * sizes, which take turns; a line a point: curve TAB row TAB size TAB ns. Read
 * what bench/fit makes of them: flat is good, linear must be explained.
 * CAPTURE is where captures are written. A network namespace of its own; needs
 * root.
 */
#include <err.h>
#include <pcap/pcap.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accept.h"
#include "answer.h"
#include "bench/measure.h"
#include "bench/process.h"
#include "clock.h"
#include "tests/unit/wire.h"
#include "verdict.h"

enum {
	/* Many short timings: the median is of those that nobody interrupted. */
	ROUNDS = 101,
	CALLED = 25, REPLAYED = 5,	/* rounds of what takes longer */
	SIZES = 8,
	TURNS = 200,		/* in one timing, of what takes nanoseconds */
	CALLS = 40,		/* ... of what takes microseconds */
	PACKETS = 100000,	/* of captures that differ in flows alone */
	PACKETS_BRIEF = 2000,
	LIFE = 300,		/* seconds */
	MINE = ALLOW_MAX,	/* an address that is not among the first */
};

static const char *program, *capture;
static struct policy policy;

static struct ipaddr nth(unsigned int i)
{
	uint8_t b[4] = { 8, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };

	return ipaddr_v4(b);
}

static void insist(bool good, const char *what)
{
	if (!good)
		errx(1, "%s", what);
}

/* ---- a response: records in it */

static double cost_response(unsigned int records)
{
	static struct wire w;
	struct accept a;
	struct dnsmsg m;
	uint64_t begin;

	wire_start(&w, 1, DNSFLAG_QR | DNSFLAG_RD, "captive.apple.com",
		   DNSTYPE_A);
	for (unsigned int i = 0; i < records; i++) {
		struct ipaddr addr = nth(i);

		wire_rr(&w, WIRE_ANSWER, "captive.apple.com", DNSTYPE_A,
			DNSCLASS_IN, 60, addr.b + 12, 4);
	}
	begin = clock_boot();
	for (int i = 0; i < TURNS; i++) {
		insist(dnsmsg_read(wire_slice(&w), &m) == PARSE_OK, "response");
		accept_read(&a, &m, &policy);
	}
	insist(a.chain.n_addrs == records, "response: addresses");
	return (double)(clock_boot() - begin) / TURNS;
}

/* ---- a query: names in the policy */

static double cost_query(unsigned int names, const char *asked,
			 enum verdict want)
{
	static const struct learnt none;
	uint8_t out[DNSNAME_MAX];
	char text[64];
	struct wire w;
	struct dnsmsg m;
	enum verdict v = VERDICT__N;
	uint64_t begin;

	policy.n_names = 0;
	while (policy.n_names < names) {
		struct policy_name *n = &policy.names[policy.n_names++];

		snprintf(text, sizeof(text), "probe%u.example.com",
			 names - policy.n_names);
		n->len = (uint8_t)dnsname_from_text(text, n->wire);
	}
	wire_start(&w, 1, DNSFLAG_RD, asked, DNSTYPE_A);
	m = wire_view(&w);
	begin = clock_boot();
	for (int i = 0; i < TURNS; i++)
		v = verdict_query(&m, &policy, &none, begin, out);
	insist(v == want, "query: verdict");
	return (double)(clock_boot() - begin) / TURNS;
}

/* The one that stands last. */
static double cost_listed(unsigned int names)
{
	return cost_query(names, "probe0.example.com", VERDICT_ASK);
}

static double cost_stranger(unsigned int names)
{
	return cost_query(names, "probex.example.com", VERDICT_REFUSE);
}

/* ---- the allow table: entries in it */

static double cost_lookup(unsigned int entries, unsigned int from)
{
	static struct allow t;
	uint64_t now = clock_boot(), begin, found = 0;

	allow_init(&t, 7);
	allow_set_epoch(&t, 1);
	for (unsigned int i = 0; i < entries; i++) {
		struct ipaddr a = nth(i);

		insist(allow_insert(&t, &a, now + LIFE * CLOCK_S, now) == 0,
		       "allow: no room");
	}
	begin = clock_boot();
	for (unsigned int i = 0; i < TURNS; i++) {
		struct ipaddr a = nth(from + i % entries);

		found += allow_lookup(&t, &a, now) != 0;
	}
	insist(found == (from == 0 ? TURNS : 0), "allow: found");
	return (double)(clock_boot() - begin) / TURNS;
}

static double cost_hit(unsigned int entries)
{
	return cost_lookup(entries, 0);
}

static double cost_miss(unsigned int entries)
{
	return cost_lookup(entries, ALLOW_MAX);
}

/* ---- the kernel's set: elements in it */

static struct fw *fw;

static void load(void)
{
	static const struct fw_ruleset door = {
		.policy = FW_BLOCKED_ACTIVE, .n_ports = 1, .ports = { 80 },
		.upstream_port = 53,
	};
	struct why why;

	if (fw->ops->load(fw, &door, &why) != 0)
		errx(2, "%s", why.text);
}

static void open_firewall(void)
{
	struct conf c = { .firewall = { .mode = FWMODE_OWN,
					.table = "sallyport" } };
	struct why why;

	if (unshare(CLONE_NEWNET) < 0)
		err(2, "needs root");
	if (fw_nft_open(&fw, &c, &why) != 0)
		errx(2, "%s", why.text);
}

static double cost_element(unsigned int elements)
{
	static struct fw_element e[ALLOW_MAX];
	struct fw_element one = { nth(MINE), LIFE, false, false };
	uint64_t spent = 0;
	struct why why;

	insist(fw->ops->clear(fw, &why) == 0, "clear");
	for (unsigned int i = 0; i < elements; i++)
		e[i] = (struct fw_element){ nth(i), LIFE, false, false };
	insist(fw->ops->add(fw, e, elements, &why) == 0, "elements");
	for (int i = 0; i < CALLS; i++) {
		uint64_t begin = clock_boot();

		insist(fw->ops->add(fw, &one, 1, &why) == 0, "element");
		spent += clock_boot() - begin;
		insist(fw->ops->remove(fw, &one.addr, 1, &why) == 0, "remove");
	}
	return (double)spent / CALLS;
}

/* ---- a grant: addresses open, and grants that come at once */

static struct answer answer;
static struct ring grants, acks;

static void on_open(void *context, const struct allowed_entry *e,
		    const uint8_t *name)
{
	(void)context;
	(void)e;
	(void)name;
}

static int reload(void *context)
{
	(void)context;
	load();
	return 0;
}

static void open_answer(void)
{
	static struct arena control, datapath;

	if (arena_create(&control, -1) != 0 ||
	    arena_attach(&datapath, dup(control.control_fd),
			 dup(control.datapath_fd), dup(control.allow_fd)) != 0)
		errx(2, "arena");
	arena_grants(&datapath, &grants);
	arena_acks(&datapath, &acks);
	answer = (struct answer){
		.fw = fw, .max = ALLOW_MAX, .per_name = ALLOW_PER_NAME,
		.on_open = on_open, .reload = reload,
		.judge = { .private = PRIVATE_ANY },
	};
	answer_attach(&answer, &control);
}

static void ask_for(unsigned int first, unsigned int n)
{
	struct grant *g = ring_claim(&grants);

	insist(g != NULL, "ring");
	*g = (struct grant){
		.epoch = answer.epoch, .lifetime = LIFE, .n_addrs = (uint16_t)n,
		.deadline = clock_boot() + CLOCK_S,
		.name = "\7captive\5apple\3com", .name_len = 19,
	};
	for (unsigned int i = 0; i < n; i++)
		g->addrs[i] = nth(first + i);
	ring_publish(&grants);
}

/* ns until all n grants are acknowledged. */
static uint64_t granted(unsigned int n)
{
	uint64_t begin = clock_boot(), end;
	const void *record;
	int done = answer_grants(&answer);

	end = clock_boot();
	insist(done == (int)n, "grants");
	for (unsigned int i = 0; i < n; i++) {
		insist(ring_peek(&acks, &record) > 0 &&
		       ((const struct ack *)record)->error == 0, "ack");
		ring_release(&acks);
	}
	return end - begin;
}

/* The first grant of an episode is another matter. */
static void begin_episode(void)
{
	load();
	answer_start(&answer);
	ask_for(MINE, 1);
	(void)granted(1);
}

static void end_episode(void)
{
	struct why why;

	insist(answer_stop(&answer, &why) >= 0, "stop");
}

/* open: the first grant's address among them. */
static double cost_grant(unsigned int open)
{
	uint64_t spent;

	begin_episode();
	for (unsigned int at = 1; at < open; at += ALLOW_PER_NAME) {
		unsigned int left = open - at;

		ask_for(at, left < ALLOW_PER_NAME ? left : ALLOW_PER_NAME);
		(void)granted(1);
	}
	ask_for(MINE + 1, 1);
	spent = granted(1);
	end_episode();
	return (double)spent;
}

/* Of each of them. */
static double cost_burst(unsigned int burst)
{
	uint64_t spent;

	begin_episode();
	for (unsigned int i = 0; i < burst; i++)
		ask_for(i, 1);
	spent = granted(burst);
	end_episode();
	return (double)spent / burst;
}

/* ---- a capture: packets and flows in it */

/* IPv4 and UDP, no payload; checksums are not read. */
static void packet(uint8_t p[static 28], unsigned int flow)
{
	static const uint8_t start[28] = {
		0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0, 0,
		10, 0, 0, 2, 0, 0, 0, 0, 0xc3, 0x50, 0x01, 0xbb, 0, 8,
	};
	struct ipaddr to = nth(flow);

	memcpy(p, start, sizeof(start));
	memcpy(p + 16, to.b + 12, 4);
}

static double cost_replay(unsigned int packets, unsigned int flows)
{
	pcap_t *dead = pcap_open_dead(DLT_RAW, 65535);
	pcap_dumper_t *out = pcap_dump_open(dead, capture);
	struct pcap_pkthdr h = { .caplen = 28, .len = 28 };
	uint8_t p[28];
	pid_t child;

	if (out == NULL)
		errx(2, "%s", pcap_geterr(dead));
	for (unsigned int i = 0; i < packets; i++) {
		packet(p, i % flows);
		h.ts.tv_sec = i / 1000;
		h.ts.tv_usec = i % 1000 * 1000;
		pcap_dump((u_char *)out, &h, p);
	}
	pcap_dump_close(out);
	pcap_close(dead);
	fflush(stdout);
	child = fork();
	if (child == 0)
		process_replay(program, capture);
	return process_cost(child) / packets;
}

static double cost_packets(unsigned int packets)
{
	return cost_replay(packets, 64);
}

static double cost_flows(unsigned int flows)
{
	return cost_replay(measure_times(PACKETS, PACKETS_BRIEF), flows);
}

/* ---- all curves */

static const struct {
	const char *name, *row;
	unsigned int rounds;
	double (*cost)(unsigned int size);
	unsigned int size[SIZES];	/* ends with 0 */
} curves[] = {
	{ "ns a response, by its records", "read and judged", ROUNDS,
	  cost_response, { 1, 2, 4, 8, 16, 32, 64 } },
	{ "ns a query, by names in the policy", "the last of them", ROUNDS,
	  cost_listed, { 1, 4, 16, 32, 64 } },
	{ "ns a query, by names in the policy", "none of them", ROUNDS,
	  cost_stranger, { 1, 4, 16, 32, 64 } },
	{ "ns a look-up, by addresses open", "open", ROUNDS,
	  cost_hit, { 1, 4, 16, 64, 256 } },
	{ "ns a look-up, by addresses open", "not open", ROUNDS,
	  cost_miss, { 1, 4, 16, 64, 256 } },
	{ "ns an element, by elements in the set", "added", CALLED,
	  cost_element, { 1, 4, 16, 64, 255 } },
	{ "ns a grant, by addresses open", "opened", CALLED,
	  cost_grant, { 1, 4, 16, 64, 255 } },
	{ "ns a grant, by grants at once", "each opened", CALLED,
	  cost_burst, { 1, 2, 4, 8, 16, 32, 64 } },
	{ "ns of CPU a packet, by packets", "replayed", REPLAYED,
	  cost_packets, { 10000, 30000, 100000, 300000, 1000000 } },
	{ "ns of CPU a packet, by flows", "replayed", REPLAYED,
	  cost_flows, { 1, 16, 256, 4096, 65536 } },
};

static void draw(size_t i)
{
	struct measure m = { .bench = curves[i].name, .unit = "ns" };
	unsigned int rounds = measure_times(curves[i].rounds, 1);
	size_t n = 0;

	/* The greatest captures are too long for a brief look. */
	while (n < SIZES && curves[i].size[n] != 0 &&
	       (!measure_smoke() || curves[i].size[n] <= 30000)) {
		(void)measure_row(&m, curves[i].row);
		n++;
	}
	for (unsigned int round = 0; round < rounds; round++)
		for (size_t k = 0; k < n; k++)
			measure_add(&m, k, curves[i].cost(curves[i].size[k]));
	for (size_t k = 0; k < n; k++)
		printf("%s\t%s\t%u\t%.3f\n", curves[i].name, curves[i].row,
		       curves[i].size[k], measure_percentile(&m.row[k], 50));
	measure_free(&m);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: bench_scale SALLYPORT CAPTURE >CURVES");
	program = argv[1];
	capture = argv[2];
	policy.judge.private = PRIVATE_ANY;
	policy.per_name = ALLOW_PER_NAME;
	open_firewall();
	load();
	open_answer();
	for (size_t i = 0; i < NITEMS(curves); i++)
		draw(i);
	fw->ops->close(fw);
	return 0;
}
