/* SPDX-License-Identifier: ISC */
/*
 * datapath.h - the unprivileged process: every byte from a network ends here
 *
 * The public door of this folder. The process starts as root, opens what
 * needs root (worker.c), gives everything up (priv.h), and only then reads
 * its first packet (loop.c). It ends when control is gone.
 */
#ifndef DATAPATH_H
#define DATAPATH_H

#include <limits.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/types.h>

#include "compat.h"
#include "limits.h"
#include "shared/ipaddr.h"

/* Descriptors that control hands over, by number. */
enum {
	DATAPATH_CHANNEL = 3,	/* setup, report (shared/socket.h); EOF = the end */
	DATAPATH_ARENA_CONTROL,
	DATAPATH_ARENA_DATAPATH,
	DATAPATH_ARENA_ALLOW,
	DATAPATH_KICK_CONTROL,	/* a grant is in the ring */
	DATAPATH_KICK_DATAPATH,	/* an ack, or a new policy */
	DATAPATH_TUN,		/* bypass: the TUN device; else not open */
	DATAPATH_FDS
};

enum { DATAPATH_PORTS = 16, DATAPATH_WHY = 256 };

/* A link that upstreams are on, sent to and heard below the firewall. */
struct datapath_link {
	uint32_t ifindex;
	uint8_t xdp;		/* its driver is to hand us answers, if it can */
	char name[IF_NAMESIZE];
};

/* Control's first and only message. */
struct datapath_setup {
	uint32_t size;		/* sizeof(struct datapath_setup): same build */
	int32_t parent;		/* control's pid */
	uint32_t uid, gid;
	uint32_t firewall_port;	/* control's netlink port id; 0 = no tripwire */
	uint8_t bypass;		/* the TUN and links[], not port and listen[] */
	uint8_t from;		/* policies will say from which ports to ask */
	uint16_t n_links;
	struct datapath_link links[POLICY_UPSTREAMS];
	uint16_t port;
	uint16_t n_listen;
	struct ipaddr listen[POLICY_LISTEN];
	uint16_t n_ports;	/* of the door, for the tap */
	uint16_t ports[DATAPATH_PORTS];
	char root[PATH_MAX + 8];	/* an empty directory to chroot into */
};

/* The datapath's first and only message. */
struct datapath_report {
	int32_t error;		/* 0: ready */
	uint8_t absent;		/* bit i: the host does not have listen[i] */
	struct ipaddr addr;	/* of a failed bind */
	char step[32];		/* "bind", "arena", ... */
	uint8_t xdp;		/* bit i: links[i]'s driver does */
	char no_xdp[DATAPATH_WHY];	/* why not, of the last one that should */
	char note[DATAPATH_WHY];	/* ready, but without: why there is no tap */
};

/* The whole life of a datapath process; the exit status. */
int datapath_main(void);

#endif /* DATAPATH_H */
