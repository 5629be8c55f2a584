/* SPDX-License-Identifier: ISC */
/*
 * Packets of a cooked capture: a length of two octets, a step of time of one
 * (16 ms each), and the packet, over and over. Whatever they are, each is
 * counted once, and each leak belongs to a flow or to none.
 */
#include <assert.h>
#include <string.h>

#include "capture.h"
#include "clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct book_control control;
static struct book_entries entries;
static struct book_rules rules;
static struct capture capture;

static void set_up(void)
{
	static const uint8_t name[] = "\7captive\5apple\3com";
	struct policy *p = &rules.policy;
	struct ipaddr open;
	bool good = ipaddr_parse("192.168.1.1", &p->upstreams[0].addr) &&
		    ipaddr_parse("203.0.113.1", &open);

	assert(good);
	memset(&control, 0, sizeof(control));
	memset(&entries, 0, sizeof(entries));
	allow_init(&control.allow, 1);
	allow_set_epoch(&control.allow, 1);
	good = allow_insert(&control.allow, &open, 3 * CLOCK_S, 1) == 0;
	assert(good);
	(void)good;
	memcpy(p->names[0].wire, name, sizeof(name));
	p->names[0].len = sizeof(name);
	p->n_names = p->n_upstreams = 1;
	p->upstreams[0].port = 53;
	rules.door = 1;
	rules.n_ports = 1;
	rules.ports[0] = 80;
	book_publish(&control, &rules);
	capture_init(&capture, &control, &entries);
}

static void check(void)
{
	uint64_t all = entries.settling, leaks = 0, kinds = 0, told = 0;

	for (unsigned int i = 0; i < LEDGER__N; i++) {
		all += entries.classes[i];
		leaks += ledger_leaks(i) ? entries.classes[i] : 0;
	}
	for (unsigned int i = 0; i < BOOK__N; i++)
		kinds += entries.kinds[i];
	assert(entries.n <= LEAKS_MAX);
	for (unsigned int i = 0; i < entries.n; i++)
		told += entries.flow[i].packets;
	assert(all == entries.packets);
	assert(kinds == leaks && told + entries.untold == leaks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { data, size };
	uint64_t time = 1;

	set_up();
	/* What shrinks: the rest. */
	while (slice_has(rest, 0, 3)) {
		size_t n = slice_be16(rest, 0);

		time += rest.p[2] * 16 * CLOCK_MS;
		rest = slice_sub(rest, 3, rest.len - 3);
		if (n > rest.len)
			n = rest.len;
		capture_packet(&capture, slice_sub(rest, 0, n), time);
		rest = slice_sub(rest, n, rest.len - n);
	}
	check();
	return 0;
}
