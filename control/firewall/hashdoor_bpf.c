/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * The map is created with the programs and lives as long as we do, over all
 * datapath processes; each of them maps it. Its descriptor can write to the
 * table, so no process but this one may keep it (datapath/shared/arena.c).
 *
 * That the kernel takes the programs does not say that they work: a clock
 * other than ours (a time namespace moves CLOCK_BOOTTIME for us, not for
 * them) would keep addresses open for too long. So each program is run, by
 * the kernel itself, on packets about an address before, while and after it
 * is open; whatever goes wrong here is found before anything depends on it.
 */
#include "firewall/hashdoor.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <door.skel.h>

#include "clock.h"
#include "log.h"
#include "shared/allow.h"

struct hashdoor {
	struct bpf_object *object;
	int table;
	struct nftrule rules[HASHDOOR_RULES];
};

/* ---- a trial */

enum {
	OPEN_S = 20,		/* the machine may stumble for so long */
	LINK = 14,		/* Ethernet's header: BPF_PROG_TEST_RUN's wish */
	TYPE = 12,		/* where it has the protocol */
	V4_SOURCE = 12, V4_DESTINATION = 16, V4_HEADER = 20,
	V6_NEXT = 6, V6_SOURCE = 8, V6_DESTINATION = 24, V6_HEADER = 40,
	ICMP_ERROR = 8, ICMPV6 = 58,
	PACKET = LINK + V6_HEADER + ICMP_ERROR + V6_HEADER,
};

struct packet {
	uint8_t b[PACKET];
};

/* Where each program looks for the address: IPv4, IPv6. */
static const unsigned int places[HASHDOOR_RULES][2] = {
	{ V4_DESTINATION, V6_DESTINATION },
	{ V4_SOURCE, V6_SOURCE },
	{ V4_HEADER + ICMP_ERROR + V4_DESTINATION,
	  V6_HEADER + ICMP_ERROR + V6_DESTINATION },
};

/* An ICMP error about a packet, in zeros; `a` is the one address in it. */
static void make_packet(struct packet *p, unsigned int rule,
			const struct ipaddr *a)
{
	bool v4 = ipaddr_is_v4(a);
	uint8_t *ip = p->b + LINK;

	memcpy(p->b + TYPE, v4 ? "\x08\x00" : "\x86\xdd", 2);
	ip[0] = v4 ? 0x45 : 0x60;
	ip[(v4 ? V4_HEADER : V6_HEADER) + ICMP_ERROR] = ip[0];
	if (v4) {
		memcpy(ip + places[rule][0], a->b + 12, 4);
	} else {
		ip[V6_NEXT] = ICMPV6;
		memcpy(ip + places[rule][1], a->b, 16);
	}
}

/* What the program says: 0 or 1, or -errno. */
static int run(const struct hashdoor *h, unsigned int rule,
	       const struct ipaddr *a)
{
	struct packet p = { { 0 } };
	struct bpf_test_run_opts o = {
		.sz = sizeof(o), .data_in = &p, .data_size_in = sizeof(p),
		.repeat = 1,
	};
	int error;

	make_packet(&p, rule, a);
	error = bpf_prog_test_run_opts(h->rules[rule].program, &o);
	return error < 0 ? error : o.retval != 0;
}

static int expect(const struct hashdoor *h, const struct ipaddr *a, int want,
		  const char *when, struct why *why)
{
	for (unsigned int i = 0; i < HASHDOOR_RULES; i++) {
		int got = run(h, i, a);

		if (got < 0)
			return why_set(why, got, "program %s does not run: %s",
				       h->rules[i].chain, strerror(-got));
		if (got != want)
			return why_set(why, -EPROTO, "program %s takes an "
				       "address that %s to be %s",
				       h->rules[i].chain, when,
				       got ? "open" : "shut");
	}
	return 0;
}

static int try_address(const struct hashdoor *h, struct allow *t,
		       const char *text, struct why *why)
{
	uint64_t now = clock_boot();
	struct ipaddr a;
	int error;

	if (!ipaddr_parse(text, &a))
		return why_set(why, -EINVAL, "%s is no address", text);
	error = expect(h, &a, 0, "was never open", why);
	if (!error && (error = allow_insert(t, &a, now + OPEN_S * CLOCK_S,
					    now)) == 0)
		error = expect(h, &a, 1, "was just opened", why);
	if (!error && (error = allow_insert(t, &a, now, now)) == 0)
		error = expect(h, &a, 0, "has just expired", why);
	return error;
}

static int try_table(const struct hashdoor *h, struct allow *t,
		     struct why *why)
{
	uint64_t now = clock_boot();
	struct ipaddr a;
	int error;

	allow_set_epoch(t, 1);
	error = try_address(h, t, "192.0.2.1", why);
	if (!error)
		error = try_address(h, t, "2001:db8::1", why);
	if (!error && ipaddr_parse("192.0.2.2", &a))
		error = allow_insert(t, &a, now + OPEN_S * CLOCK_S, now);
	allow_set_epoch(t, 2);
	if (!error)
		error = expect(h, &a, 0, "is of an older epoch", why);
	return error;
}

/* Leaves the table as arena_create() wants it. */
static int try_all(const struct hashdoor *h, struct why *why)
{
	struct allow *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
			       MAP_SHARED, h->table, 0);
	uint64_t seed;
	int error;

	if (t == MAP_FAILED)
		return why_set(why, -errno, "the map's memory: %s",
			       strerror(errno));
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		error = why_set(why, -EIO, "no random seed");
	} else {
		allow_init(t, seed);
		error = try_table(h, t, why);
		allow_init(t, seed);
	}
	munmap(t, sizeof(*t));
	return error;
}

/* ---- life cycle */

static int say(enum libbpf_print_level level, const char *fmt, va_list ap)
		PRINTF(2, 0);

static int say(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char text[256];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_debug("%s", text);
	return 0;
}

static int explain(int error, struct why *why)
{
	if (error == -EPERM || error == -EACCES)
		return why_set(why, error, "bpf() is not permitted here: it "
			       "needs CAP_BPF, and no lockdown or filter "
			       "against it");
	return why_set(why, error, "the kernel does not take our eBPF "
		       "programs: %s", strerror(-error));
}

/* The object lies in door.skel.h; the rest of that is not needed. */
static int load(struct hashdoor *h, struct why *why)
{
	static const char *const names[HASHDOOR_RULES] = {
		HASHDOOR_TO, HASHDOOR_FROM, HASHDOOR_ABOUT,
	};
	size_t size;
	const void *bytes = door__elf_bytes(&size);
	int error;

	h->object = bpf_object__open_mem(bytes, size, NULL);
	error = h->object == NULL ? -errno : bpf_object__load(h->object);
	if (error < 0)
		return explain(error, why);
	h->table = bpf_object__find_map_fd_by_name(h->object, "allow_table");
	for (unsigned int i = 0; i < HASHDOOR_RULES; i++) {
		struct bpf_program *p = bpf_object__find_program_by_name(
						h->object, names[i]);

		h->rules[i] = (struct nftrule){ names[i], -1 };
		if (p != NULL)
			h->rules[i].program = bpf_program__fd(p);
	}
	return 0;
}

int hashdoor_open(struct hashdoor **h, struct why *why)
{
	struct hashdoor *made = calloc(1, sizeof(*made));
	int error;

	if (made == NULL)
		return why_set(why, -ENOMEM, "no memory for it");
	libbpf_set_print(say);
	error = load(made, why);
	if (error == 0)
		error = try_all(made, why);
	if (error < 0) {
		hashdoor_close(made);
		return error;
	}
	*h = made;
	return 0;
}

void hashdoor_close(struct hashdoor *h)
{
	bpf_object__close(h->object);
	free(h);
}

int hashdoor_table(const struct hashdoor *h)
{
	return h->table;
}

void hashdoor_rules(const struct hashdoor *h,
		    struct nftrule r[static HASHDOOR_RULES])
{
	memcpy(r, h->rules, sizeof(h->rules));
}
