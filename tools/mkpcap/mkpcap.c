/* SPDX-License-Identifier: ISC */
/*
 * mkpcap FOLDER: writes the captures of tests/replay, one file per case, so
 * that none of them is a mystery.
 */
#include <stdio.h>

#include "out.h"
#include "pcapng.h"

static const struct {
	const char *name;
	int dlt;
	void (*write)(struct out *o);
} cases[] = {
	{ "captive", DLT_EN10MB, captive },
	{ "vlan", DLT_EN10MB, vlan },
	{ "v6", DLT_RAW, v6 },
	{ "sll", DLT_LINUX_SLL, cooked },
	{ "sll2", DLT_LINUX_SLL2, cooked },
	{ "null", DLT_NULL, link_types },
	{ "loop", DLT_LOOP, link_types },
	{ "portal", DLT_EN10MB, portal },
	{ "nat64", DLT_EN10MB, nat64 },
	{ "spoof", DLT_EN10MB, spoof },
	{ "chains", DLT_EN10MB, chains },
	{ "fragments", DLT_EN10MB, fragments },
	{ "malformed", DLT_EN10MB, malformed },
	{ "cut", DLT_EN10MB, cut },
	{ "tcp", DLT_EN10MB, tcp },
	{ "leaks", DLT_EN10MB, leaks },
	{ "quiet", DLT_EN10MB, quiet },
	{ "clock", DLT_EN10MB, clock_back },
};

/* In files, raw IP and LOOP have numbers of their own (pcap-linktype(7)). */
static int linktype(int dlt)
{
	return dlt == DLT_RAW ? 101 : dlt == DLT_LOOP ? 108 : dlt;
}

static void write_case(const char *folder, size_t i, libnet_t *l)
{
	static struct out o;
	pcap_t *dead;
	char path[4096], other[4096];

	o = (struct out){ .dlt = cases[i].dlt, .l = l };
	out_reset(&o);
	dead = pcap_open_dead(o.dlt, FRAME_MAX);
	snprintf(path, sizeof(path), "%s/%s.pcap", folder, cases[i].name);
	o.dump = dead == NULL ? NULL : pcap_dump_open(dead, path);
	if (o.dump == NULL)
		out_die(path, "cannot create");
	snprintf(other, sizeof(other), "%s/%s.pcapng", folder, cases[i].name);
	o.pcapng = fopen(other, "wb");
	if (o.pcapng == NULL)
		out_die(other, "cannot create");
	pcapng_begin(o.pcapng, linktype(o.dlt), FRAME_MAX);
	cases[i].write(&o);
	if (pcap_dump_flush(o.dump) != 0)
		out_die(path, "cannot write");
	if (fclose(o.pcapng) != 0)
		out_die(other, "cannot write");
	pcap_dump_close(o.dump);
	pcap_close(dead);
}

int main(int argc, char **argv)
{
	char error[LIBNET_ERRBUF_SIZE];
	libnet_t *l;

	if (argc != 2)
		out_die("usage", "mkpcap FOLDER");
	l = libnet_init(LIBNET_NONE, NULL, error);
	if (l == NULL)
		out_die("libnet", error);
	for (size_t i = 0; i < NITEMS(cases); i++)
		write_case(argv[1], i, l);
	libnet_destroy(l);
	return 0;
}
