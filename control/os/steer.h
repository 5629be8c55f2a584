/* SPDX-License-Identifier: ISC */
/*
 * steer.h - the host's DNS, led into a TUN device: on Linux by policy routing,
 * elsewhere by a rule of the firewall's
 *
 * Whoever asks whatever server at port 53 reaches the device, and nothing
 * else does. The device is there from open to close, up and with addresses
 * only while steering is on: whoever reads it can write nothing else into
 * the host. Rules, routes and device are found again by what they are called
 * below; those of a daemon that died are told apart from nobody's.
 */
#ifndef STEER_H
#define STEER_H

#include <stdbool.h>

#include "compat.h"
#include "shared/ipaddr.h"
#include "why.h"

#define STEER_DEVICE TUN_DEVICE

enum {
	/* "sald": ours in the DNS direction. FW_MARK is the tunnel's. */
	STEER_TABLE = 0x73616c64,
	STEER_MARK = 0x73616c64,	/* of sockets tied to another link */
	/* Before the rules of VPNs: those that we know begin at 5000. */
	STEER_PREFERENCE = 53,
	STEER_PROTOCOL = 53,		/* rtnetlink(7); nobody's in rt_protos */
	STEER_ADDRESSES = 2,
};

/* Nets of the device, of no use to anybody else: RFC 2544's, and ours by
 * RFC 4193. The first address behind each net's own is the host's. */
extern const struct ipnet steer_nets[STEER_ADDRESSES];
struct ipaddr steer_address(unsigned int i);
/* ... and the second is nobody's: the next hop of what is led there. */
struct ipaddr steer_peer(unsigned int i);

struct steer;

/* Takes away what a dead daemon has left: rules, or an address of lo0's. */
NODISCARD int steer_heal(struct why *why);
/* The device is there, and down. */
NODISCARD int steer_open(struct steer **s, struct why *why);
/* Of the device, for a new reader: what nobody has read is gone. */
int steer_fd(const struct steer *s);
/* 0 or -errno; off() never leaves some rules and says 0. */
NODISCARD int steer_on(struct steer *s, struct why *why);
NODISCARD int steer_off(struct steer *s, struct why *why);
/* False: somebody has removed or renamed it. */
bool steer_alive(const struct steer *s);
/* While on. 1: somebody had changed it, and it is put right; 0: nothing was
 * wrong; -ENODEV: the device is gone, only another one helps. */
NODISCARD int steer_verify(struct steer *s, struct why *why);
void steer_close(struct steer *s);

#endif /* STEER_H */
