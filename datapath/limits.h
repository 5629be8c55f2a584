/* SPDX-License-Identifier: ISC */
/*
 * limits.h - every fixed size, with its reason
 *
 * Nothing on the hot path is allocated after start: what does not fit here
 * is refused and counted.
 */
/* This folder is searched before the system's: whoever meant <limits.h>, and
 * the compiler's own headers do, gets that one as well. */
#pragma GCC system_header
#include_next <limits.h>

#ifndef SALLYPORT_LIMITS_H
#define SALLYPORT_LIMITS_H

/* Another size for bench/allow.c. */
#ifndef SALLYPORT_ALLOW_SLOTS
#define SALLYPORT_ALLOW_SLOTS 4096
#endif

enum {
	/* A slot holds one DNS message. 64 AAAA records and 16 CNAMEs fit. */
	SLOT_SIZE = 4096,
	SLOT_COUNT = 512,		/* twice the questions and clients in flight */

	/* Records of the two rings; a power of two, one for each question. */
	RING_GRANTS = 128,
	RING_ACKS = 128,

	/* 16 times ALLOW_MAX: with fewer, now and then a window of eight is full
	 * (256 of 1024: once in 80 fillings; of 4096: never seen). */
	ALLOW_SLOTS = SALLYPORT_ALLOW_SLOTS,
	ALLOW_MAX = 256,		/* live addresses in all */
	ALLOW_PER_NAME = 64,

	POLICY_NAMES = 64,		/* probe names of all profiles: about 40 */
	POLICY_UPSTREAMS = 4,		/* resolv.conf knows 3 */
	POLICY_NETS = 64,		/* own addresses, on-link nets, and so on */
	POLICY_LISTEN = 8,

	QUESTIONS_MAX = 80,		/* upstream questions in flight */
	QUESTIONS_EXACT = 16,		/* places that names below a suffix never get */
	ASKERS_MAX = 512,		/* clients waiting for one of them */
	ASKERS_SURE = 4,		/* ... of each question, whatever others do */
	CACHE_MAX = 128,		/* every name as A and AAAA */
	LEARNT_MAX = 128,		/* CNAME targets that may be asked for */
	TCP_CLIENTS = 32,
	CNAME_HOPS = 16,

	/* Of captures: what is put together, and leaks told apart. */
	DEFRAG_MAX = 32,		/* datagrams at a time, 64 KiB each */
	DEFRAG_PARTS = 64,		/* of one; an MTU of 1280 needs 52 */
	STREAM_MAX = 256,		/* one way of a connection each */
	STREAM_WINDOW = 16384,		/* octets; four slots */
	STREAM_AHEAD = 8,		/* ranges behind a gap */
	LEAKS_MAX = 4096,		/* flows with a line of their own */

	/* Of the bypass datapath's intake: every packet fits a slot, and every
	 * reply one packet. */
	TUN_MTU = SLOT_SIZE,
	TUN_HEAD = 4,			/* an address family, where it comes first */

	ACK_DEADLINE_MS = 100,		/* then SERVFAIL, and nothing is open */
	UPSTREAM_DEADLINE_MS = 3000,	/* then SERVFAIL */
	TCP_IDLE_MS = 10000,		/* RFC 7766, 6.2.3: in the order of seconds */

	TTL_MIN = 30, TTL_MAX = 300,	/* seconds, defaults and hard bounds */
	TTL_NEGATIVE = 3,		/* SOA minimum of what we refuse; spoofed A */
	TTL_FAILURE = 1,		/* ... of what servers refuse; RFC 9520, 3.2 */
	CACHE_FRESH = 10,		/* a reply with less left is asked anew */
};

#endif /* SALLYPORT_LIMITS_H */
