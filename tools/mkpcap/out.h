/* SPDX-License-Identifier: ISC */
/*
 * out.h - a capture being written, frame by frame
 *
 * libnet makes the headers, ldns the messages; what neither would make is
 * patched in afterwards. A frame lies in frame[0..len] until it is written.
 */
#ifndef OUT_H
#define OUT_H

#include <libnet.h>
#include <ldns/ldns.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>

#include "compat.h"

enum { FRAME_MAX = 70000, SLL2_LEN = 20, SLL_LEN = 16 };
enum { CLIENT_PORT = 50000, DNS_PORT = 53 };
enum { ROUTING = 43, FRAGMENT = 44, AH = 51, DESTINATION = 60, MOBILITY = 135 };

struct out {
	int dlt;
	unsigned int tags;		/* of Ethernet */
	bool v6;
	const char *host4[2], *host6[2];	/* client, server */
	uint16_t port[2];
	uint8_t exts[8];		/* of IPv6, in their order */
	unsigned int n_exts;
	uint16_t id;			/* of messages */
	bool back;			/* from server to client */
	bool big_endian;		/* of DLT_NULL's first word */
	unsigned int packets;
	unsigned int ms;		/* since the first packet; moves by itself */
	size_t snaplen;			/* 0 = everything is captured */
	libnet_t *l;
	pcap_dumper_t *dump;
	FILE *pcapng;			/* the same once more */
	uint8_t frame[FRAME_MAX];
	size_t len;
};

struct exchange {
	const char *name;
	ldns_rr_type type;
	const char *answers[6];		/* as in a zone file */
};

#define CDN "captive-cdn.origin-apple.com.akadns.net."
#define EDGE "captive.g.aaplimg.com."
#define CAPTIVE "captive.apple.com."
#define CHAIN CAPTIVE " 7200 IN CNAME " CDN, CDN " 60 IN CNAME " EDGE

/* What a Mac asks, and what it hears. */
extern const struct exchange out_probe;

NORETURN void out_die(const char *what, const char *why);
void out_built(const struct out *o, libnet_ptag_t tag);

/* Names and ports of a client and its DNS server. */
void out_reset(struct out *o);

/* Puts IP and link headers before what libnet holds, and fills the frame. */
void out_headers(struct out *o, uint8_t protocol, size_t len,
		 uint16_t fragment);
/* A frame that carries these octets behind its IP header. */
void out_octets(struct out *o, uint8_t protocol, const uint8_t *p, size_t n);
void out_udp(struct out *o, const uint8_t *payload, size_t n);
void out_tcp(struct out *o, uint8_t flags, uint32_t seq,
	     const uint8_t *payload, size_t n);
/* A query, or with o->back the response to it; in UDP. */
void out_message(struct out *o, const struct exchange *e);
/* The same without headers, in a fresh allocation. */
uint8_t *out_wire(const struct out *o, const struct exchange *e, size_t *n);

void out_write(struct out *o);
void out_write_exchange(struct out *o, const struct exchange *e);
/* From the client to a port that is not its DNS server's. */
void out_write_syn(struct out *o, const char *host, uint16_t port);

/* Octets of the link's header. */
size_t out_link_len(const struct out *o);

/* The cases: each writes one capture. */
void captive(struct out *o);
void vlan(struct out *o);
void v6(struct out *o);
void cooked(struct out *o);
void link_types(struct out *o);
void chains(struct out *o);
void portal(struct out *o);
void nat64(struct out *o);
void spoof(struct out *o);
void fragments(struct out *o);
void malformed(struct out *o);
void cut(struct out *o);
void tcp(struct out *o);
void leaks(struct out *o);
void quiet(struct out *o);
void clock_back(struct out *o);

#endif /* OUT_H */
