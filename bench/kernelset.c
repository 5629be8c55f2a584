/* SPDX-License-Identifier: ISC */
/*
 * bench_kernelset [TSV]
 *
 * How long does it take until an address is in the kernel's set? Our way
 * against a message that lies ready (the floor), libnftables in this process,
 * and nft started for it; one address and four at once, into sets of three
 * sizes. From the call to the kernel's acknowledgement, or nft's end. What
 * was added is taken out again, unmeasured. In a network namespace of its own.
 * Needs root.
 */
#include <endian.h>
#include <err.h>
#include <linux/netfilter.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/handset.h"
#include "bench/measure.h"
#include "bench/textset.h"
#include "clock.h"
#include "firewall/nftmsg.h"

enum {
	ROUNDS = 21, TIMES = 50, TIMES_SLOW = 2,
	SECONDS = 3600,
};

static const struct nftdoor door = {
	.family = NFPROTO_INET, .table = "bench", .set4 = "allow4",
	.set6 = "allow6",
};
static const char ruleset[] = "nft -f - <<END\n"
	"table inet bench {\n"
	"	set allow4 { type ipv4_addr; flags timeout; }\n"
	"	chain output {\n"
	"		type filter hook output priority 0;\n"
	"		ip daddr @allow4 accept\n"
	"	}\n"
	"}\n"
	"END\n";

static struct nftlink link_;

/* ---- addresses */

/* base + n, base in host order. */
static struct fw_element element(uint32_t base, uint32_t n)
{
	uint32_t be = htobe32(base + n);
	uint8_t octets[4];

	memcpy(octets, &be, sizeof(octets));
	return (struct fw_element){ .addr = ipaddr_v4(octets),
				    .seconds = SECONDS };
}

/* What is measured: others each time, 10.0.0.0/8. */
static void draw(struct fw_element *e, unsigned int n)
{
	static uint32_t next;

	for (unsigned int i = 0; i < n; i++)
		e[i] = element(0x0a000000, next++ & 0xffffff);
}

/* To n elements from where there are `have`, 172.16.0.0/12. */
static void fill(uint32_t have, uint32_t n)
{
	struct fw_element e[FW_BATCH];
	struct why why;

	while (have < n) {
		unsigned int k = 0;

		while (k < FW_BATCH && have < n)
			e[k++] = element(0xac100000, have++);
		if (nftmsg_add(&link_, &door, e, k, &why) < 0)
			errx(1, "%s", why.text);
	}
}

static void take_out(const struct fw_element *e, unsigned int n)
{
	struct ipaddr a[HANDSET_MAX];
	struct why why;

	for (unsigned int i = 0; i < n; i++)
		a[i] = e[i].addr;
	if (nftmsg_remove(&link_, &door, a, n, &why) < 0)
		errx(1, "%s", why.text);
}

/* ---- rows: each true if all are in */

static bool by_hand(const struct fw_element *e, unsigned int n)
{
	uint32_t addr[HANDSET_MAX];

	for (unsigned int i = 0; i < n; i++)
		memcpy(&addr[i], e[i].addr.b + IPADDR_V4_AT, sizeof(addr[i]));
	return handset_add(addr, n) == 0;
}

static bool by_us(const struct fw_element *e, unsigned int n)
{
	struct why why;

	return nftmsg_add(&link_, &door, e, n, &why) == 0;
}

static const char *command(const struct fw_element *e, unsigned int n)
{
	static char text[512];
	char addr[IPADDR_TEXT];
	int at = snprintf(text, sizeof(text),
			  "add element inet bench allow4 {");

	for (unsigned int i = 0; i < n; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at,
			       " %s timeout %ds,",
			       ipaddr_text(&e[i].addr, addr), SECONDS);
	snprintf(text + at, sizeof(text) - (size_t)at, " }");
	return text;
}

static bool by_library(const struct fw_element *e, unsigned int n)
{
	return textset_run(command(e, n));
}

static bool by_nft(const struct fw_element *e, unsigned int n)
{
	const char *const args[] = { "nft", command(e, n), NULL };
	int status;
	pid_t pid;

	return posix_spawnp(&pid, "nft", NULL, NULL, (char *const *)args,
			    environ) == 0 &&
	       waitpid(pid, &status, 0) == pid && status == 0;
}

static struct row {
	const char *name;
	bool (*add)(const struct fw_element *e, unsigned int n);
	unsigned int times;	/* a round */
} rows[] = {
	{ "hand-packed", by_hand, TIMES },
	{ "sallyport", by_us, TIMES },
	{ "nft started", by_nft, TIMES_SLOW },
	{ "libnftables", by_library, TIMES },	/* if there at all */
};
static size_t n_rows = NITEMS(rows);

/* ---- */

static double time_one(const struct row *r, unsigned int n)
{
	struct fw_element e[HANDSET_MAX];
	uint64_t begin;
	double us;

	draw(e, n);
	begin = clock_boot();
	if (!r->add(e, n))
		errx(1, "%s: not added", r->name);
	us = (double)(clock_boot() - begin) / 1e3;
	take_out(e, n);
	return us;
}

static void measure_size(uint32_t size, unsigned int n, FILE *tsv)
{
	struct measure m = { .unit = "us" };
	char bench[64];

	snprintf(bench, sizeof(bench), "kernelset %u into %u", n, size);
	m.bench = bench;
	for (size_t i = 0; i < n_rows; i++)
		measure_row(&m, rows[i].name);
	for (unsigned int left = measure_times(ROUNDS, 2); left > 0; left--) {
		measure_round(&m);
		for (unsigned int k = 0; k < TIMES; k++)
			for (size_t i = 0; i < n_rows; i++)
				if (k < rows[i].times)
					measure_add(&m, i,
						    time_one(&rows[i], n));
	}
	measure_print(&m, rows[0].name, stdout, tsv);
	measure_free(&m);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 0, 1000, 100000 };
	FILE *tsv = measure_tsv(argc > 1 ? argv[1] : NULL);
	uint32_t have = 0;
	struct why why;

	if (unshare(CLONE_NEWNET) < 0)
		err(77, "skipped: needs root");
	if (system(ruleset) != 0)
		errx(2, "nft does not take the ruleset");
	if (nftlink_open(&link_, 0, &why) < 0)
		errx(2, "%s", why.text);
	handset_open(door.table, door.set4, SECONDS);
	if (!textset_open()) {
		n_rows--;
		puts("left out: libnftables was not there (Debian: "
		     "libnftables-dev)");
	}
	for (size_t i = 0; i < NITEMS(sizes); i++) {
		fill(have, sizes[i]);
		have = sizes[i];
		measure_size(sizes[i], 1, tsv);
		measure_size(sizes[i], HANDSET_MAX, tsv);
	}
	if (tsv != NULL)
		fclose(tsv);
	return 0;
}
