/* SPDX-License-Identifier: ISC */
/*
 * bench_replay SALLYPORT CAPTURE BIG [TSV]
 *
 * How long does sallyport replay take over a capture of a million packets,
 * against a loop over the same file that does nothing but let libpcap hand
 * its packets over? BIG is where the capture is written, CAPTURE what it is
 * made of, again and again. Processor time of whole processes, which take
 * turns.
 */
#include <err.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/process.h"

enum { PACKETS = 1000000, PACKETS_BRIEF = 10000, ROUNDS = 15,
       BURST_MAX = 4096 };

static unsigned int packets;

struct packet {
	struct pcap_pkthdr h;
	uint8_t *bytes;
};

/* ---- the capture */

static size_t load(const char *path, struct packet *p, int *dlt)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *in = pcap_open_offline(path, error);
	struct pcap_pkthdr *h;
	const u_char *bytes;
	size_t n = 0;

	if (in == NULL)
		errx(2, "%s", error);
	*dlt = pcap_datalink(in);
	while (n < BURST_MAX && pcap_next_ex(in, &h, &bytes) == 1) {
		p[n].h = *h;
		p[n].bytes = malloc(h->caplen);
		if (p[n].bytes == NULL)
			err(2, "malloc");
		memcpy(p[n++].bytes, bytes, h->caplen);
	}
	pcap_close(in);
	if (n == 0)
		errx(2, "%s: no packets", path);
	return n;
}

/* Seconds go on, so that what was open expires as it would. */
static void multiply(const char *from, const char *to)
{
	static struct packet p[BURST_MAX];
	int dlt;
	size_t n = load(from, p, &dlt);
	pcap_t *dead = pcap_open_dead(dlt, 65535);
	pcap_dumper_t *out = pcap_dump_open(dead, to);

	if (out == NULL)
		errx(2, "%s", pcap_geterr(dead));
	for (size_t i = 0; i < packets; i++) {
		struct packet *one = &p[i % n];

		pcap_dump((u_char *)out, &one->h, one->bytes);
		one->h.ts.tv_sec++;
	}
	if (pcap_dump_flush(out) != 0)
		err(2, "%s", to);
	pcap_dump_close(out);
	pcap_close(dead);
	for (size_t i = 0; i < n; i++)
		free(p[i].bytes);
}

/* ---- the rows */

static void nothing(u_char *n, const struct pcap_pkthdr *h, const u_char *b)
{
	(void)h;
	(void)b;
	++*(uint64_t *)(void *)n;
}

static void bare(const char *path, const char *filter)
{
	char error[PCAP_ERRBUF_SIZE];
	struct bpf_program program;
	uint64_t n = 0;
	pcap_t *in = pcap_open_offline(path, error);

	if (in == NULL)
		errx(2, "%s", error);
	if (filter != NULL &&
	    (pcap_compile(in, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0 ||
	     pcap_setfilter(in, &program) < 0))
		errx(2, "%s", pcap_geterr(in));
	if (pcap_dispatch(in, -1, nothing, (u_char *)&n) < 0 || n == 0)
		errx(2, "%s: %llu packets", path, (unsigned long long)n);
	exit(0);
}

int main(int argc, char **argv)
{
	static struct measure m = { .bench = "replay",
				    .unit = "ns of CPU a packet" };
	size_t row_bare, row_port, row_replay;
	unsigned int rounds = measure_times(ROUNDS, 2);
	FILE *tsv = measure_tsv(argc > 4 ? argv[4] : NULL);
	pid_t child;

	if (argc < 4)
		errx(2, "usage: bench_replay SALLYPORT CAPTURE BIG [TSV]");
	packets = measure_times(PACKETS, PACKETS_BRIEF);
	multiply(argv[2], argv[3]);
	row_bare = measure_row(&m, "libpcap, nothing done");
	row_port = measure_row(&m, "libpcap, filter port 53");
	row_replay = measure_row(&m, "sallyport replay --stats");
	/* The first round warms the page cache and does not count. */
	for (unsigned int i = 0; i <= rounds; i++) {
		double ns[3];

		fflush(stdout);
		if ((child = fork()) == 0)
			bare(argv[3], NULL);
		ns[0] = process_cost(child) / packets;
		if ((child = fork()) == 0)
			bare(argv[3], "port 53");
		ns[1] = process_cost(child) / packets;
		if ((child = fork()) == 0)
			process_replay(argv[1], argv[3]);
		ns[2] = process_cost(child) / packets;
		if (i == 0)
			continue;
		measure_add(&m, row_bare, ns[0]);
		measure_add(&m, row_port, ns[1]);
		measure_add(&m, row_replay, ns[2]);
	}
	measure_print(&m, m.row[row_bare].name, stdout, tsv);
	if (tsv != NULL)
		fclose(tsv);
	return 0;
}
