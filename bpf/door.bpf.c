/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Three programs for xt's match "bpf", which the rules of door = hash consult
 * packet by packet. Each takes one address out of the packet and answers
 * whether it is open: in the allow table, of the current epoch, and its time
 * is not over. Protocol, ports, user and connection state are the rules' to
 * ask; a program that finds a packet too short or strange answers no.
 *
 * A packet begins at its network header. What it claims of itself is not
 * believed: loads beyond its end fail.
 *
 * The reader is allow_lookup() once more, in what the kernel's verifier
 * takes: the epoch first and again last, every entry between two equal tags.
 * Its acquire loads are loads with order() behind them.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/kshared.h"

char licence[] SEC("license") = "ISC";

/* The one value is all of the table; user space maps the very memory. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct allow);
} allow_table SEC(".maps");

#define READ(word) (*(const volatile __typeof__(word) *)&(word))

#ifdef DOOR_TSO
/* x86 keeps loads in order; only the compiler must. */
static __always_inline void order(void)
{
	asm volatile("" ::: "memory");
}
#else
/* An atomic operation whose result is used is a full barrier; a load-acquire
 * exists only since Linux 6.15. */
static __always_inline void order(void)
{
	uint64_t word = 0;

	/* Not 0: that would become an or, which kernels learnt later. */
	asm volatile("" :: "r"(__sync_fetch_and_add(&word, 1)) : "memory");
}
#endif

union key {
	uint8_t octets[16];
	uint32_t words[4];
	uint64_t halves[2];
};

/* True and its expiry if e, of this tag, holds k. */
static __always_inline bool read_entry(const struct allow_entry *e,
				       uint64_t tag, const union key *k,
				       uint64_t *expiry)
{
	uint64_t hi = READ(e->key_hi), lo = READ(e->key_lo);

	*expiry = READ(e->expiry);
	order();
	return hi == k->halves[0] && lo == k->halves[1] &&
	       (uint32_t)tag != 0 && READ(e->tag) == tag;
}

static __always_inline int is_open(const union key *k)
{
	const uint32_t zero = 0;
	const struct allow *t = bpf_map_lookup_elem(&allow_table, &zero);
	uint64_t expiry = 0;
	const struct allow_entry *e;
	uint32_t epoch;

	if (!t)
		return 0;
	epoch = READ(t->epoch);
	/* A3, pairs with R3. */
	order();
	if (epoch == 0)
		return 0;
	e = &t->entries[allow_home(t->seed, k->halves[0], k->halves[1])];
#pragma unroll
	for (uint32_t i = 0; i < ALLOW_PROBES; i++, e++) {
		uint64_t tag = READ(e->tag);

		/* A1, A2, pair with R1, R2 in allow.c, here and above. */
		order();
		if (tag >> 32 != epoch)
			return 0;
		if (read_entry(e, tag, k, &expiry))
			break;
		expiry = 0;
	}
	order();
	return expiry > bpf_ktime_get_boot_ns() && READ(t->epoch) == epoch;
}

enum { V4_SOURCE = 12, V4_DESTINATION = 16, V4_HEADER = 20,
       V6_NEXT = 6, V6_SOURCE = 8, V6_DESTINATION = 24, V6_HEADER = 40,
       ICMP_ERROR = 8,		/* before the packet that it is about */
       ICMPV6 = 58 };

static __always_inline bool read_v4(struct __sk_buff *skb, uint32_t at,
				    union key *k)
{
	k->halves[0] = 0;
	k->words[2] = bpf_htonl(0xffff);
	return bpf_skb_load_bytes(skb, at, &k->words[3], 4) == 0;
}

/* Not ::ffff:0:0/96: on the wire that is no IPv4 address. */
static __always_inline bool read_v6(struct __sk_buff *skb, uint32_t at,
				    union key *k)
{
	return bpf_skb_load_bytes(skb, at, k->words, 16) == 0 &&
	       (k->halves[0] != 0 || k->words[2] != bpf_htonl(0xffff));
}

static __always_inline uint8_t octet(struct __sk_buff *skb, uint32_t at)
{
	uint8_t o;

	return bpf_skb_load_bytes(skb, at, &o, 1) == 0 ? o : 0;
}

/* The address at v4 or at v6 behind the packet's begin, as its version is. */
static __always_inline bool read_key(struct __sk_buff *skb, uint32_t v4,
				     uint32_t v6, union key *k)
{
	switch (octet(skb, 0) >> 4) {
	case 4:
		return read_v4(skb, v4, k);
	case 6:
		return read_v6(skb, v6, k);
	default:
		return false;
	}
}

/* Output: where it goes to. */
SEC("socket")
int door_to(struct __sk_buff *skb)
{
	union key k;

	return read_key(skb, V4_DESTINATION, V6_DESTINATION, &k) && is_open(&k);
}

/* Input: where it comes from. */
SEC("socket")
int door_from(struct __sk_buff *skb)
{
	union key k;

	return read_key(skb, V4_SOURCE, V6_SOURCE, &k) && is_open(&k);
}

/* The destination of the packet within. */
static __always_inline bool read_within(struct __sk_buff *skb, union key *k)
{
	uint8_t outer = octet(skb, 0);
	uint32_t at;

	switch (outer >> 4) {
	case 4:
		at = (outer & 15) * 4u + ICMP_ERROR;
		return at >= V4_HEADER + ICMP_ERROR &&
		       octet(skb, at) >> 4 == 4 &&
		       read_v4(skb, at + V4_DESTINATION, k);
	case 6:
		at = V6_HEADER + ICMP_ERROR;
		return octet(skb, V6_NEXT) == ICMPV6 &&
		       octet(skb, at) >> 4 == 6 &&
		       read_v6(skb, at + V6_DESTINATION, k);
	default:
		return false;
	}
}

/*
 * Input, ICMP errors: where the packet of ours went that it is about. Behind
 * IPv6 extension headers we do not look.
 */
SEC("socket")
int door_about(struct __sk_buff *skb)
{
	union key k;

	return read_within(skb, &k) && is_open(&k);
}
