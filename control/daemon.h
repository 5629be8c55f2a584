/* SPDX-License-Identifier: ISC */
/*
 * daemon.h - the control process: one object, one thread, one loop; what its
 * parts are for is in their headers
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <event2/event.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "alias.h"
#include "answer.h"
#include "change.h"
#include "bypass.h"
#include "capport.h"
#include "child.h"
#include "conf.h"
#include "firewall/fw.h"
#include "follow.h"
#include "hostdns/hostdns.h"
#include "leakwatch.h"
#include "methods.h"
#include "netcheck.h"
#include "nm.h"
#include "opened.h"
#include "os/netinfo.h"
#include "os/onecpu.h"
#include "portrange.h"
#include "router.h"
#include "settings.h"
#include "supervise.h"
#include "timeline.h"
#include "tunnel.h"
#include "uplink.h"
#include "wake.h"
#include "why.h"

struct daemon {
	struct event_base *base;
	char conf_path[PATH_MAX];
	struct conf conf;
	struct settings settings;
	struct tunnel tunnel;
	struct tunnel known;		/* as last told: such addresses stay shut */
	uid_t uid;			/* the datapath's */
	gid_t gid;
	struct fw *fw;
	struct fw_ruleset ruleset;	/* as loaded */
	bool loaded, verified;		/* loaded: once, so ruleset counts */
	struct event *fw_event, *hostdns_event, *net_event, *tick_event;
	struct hostdns *hostdns;
	struct hostdns_servers servers;	/* upstreams, as told to the datapath */
	bool misled;			/* the last look at DNS failed */
	bool astray;			/* DNS could not be put back: tried again */
	const struct daemon_resolver *resolver;
	struct child child;
	struct event *kick_event, *gone_event, *restart_event;
	bool running;			/* a datapath listens */
	uint8_t absent;			/* bit i: but not on conf.listen[i] */
	struct alias alias;
	unsigned int restarts;		/* since start */
	unsigned int crashes;		/* in a row, without a quiet minute */
	uint64_t started;		/* boot time, ns */
	struct why resolver_problem;	/* "" = none */
	uint64_t counters[COUNT__N];	/* of datapaths that are gone */
	struct bypass bypass;
	struct leakwatch leaks;
	bool active;			/* the door's steps are done */
	struct portrange from;		/* of our own questions, this time */
	bool latched;			/* ... one failed: not before a change */
	struct answer answer;
	struct opened opened;
	struct netinfo net;
	struct netmon *netmon;
	uint64_t second;		/* tick.c: the next look; UINT64_MAX = none */
	char uplink[IF_NAMESIZE];	/* the last there was, and its */
	struct gateway gateway[2];	/* of IPv6, of IPv4 */
	char link[IF_NAMESIZE];		/* the last one that came up; "" = none */
	uint32_t network, prefetch;	/* of struct policy */
	uint64_t linked, addressed, routed;	/* boot time, ns, of the last events */
	struct uplink_pending pending;
	struct onecpu onecpu;		/* with the datapath, in a reconnect */
	struct wake wake;
	struct nm nm;
	struct follow follow;
	bool portal;			/* suspected on this network */
	struct capport capport;
	struct timeline timeline;
	struct why problem;		/* the last failure that still matters */
	struct ctl *ctl;
};

/* Of all zeros, a shut one; its other parts are yet to be opened. */
void daemon_init(struct daemon *d, const struct conf *conf);
/* Its parts are open: makes the machine fit the settings. */
NODISCARD int daemon_start(struct daemon *d, struct why *why);
NODISCARD int daemon_open(struct daemon *d, const char *conf_path,
			  const struct conf *conf, struct why *why);
/* A stop: the block stays only with lockdown on. Handing over: another one
 * follows, and rules stay as they are. */
enum daemon_end { DAEMON_STOP, DAEMON_HAND_OVER };
void daemon_close(struct daemon *d, enum daemon_end how);
int daemon_reload(struct daemon *d, bool *changed, struct why *why);
bool daemon_blocking(const struct daemon *d);
/* Is it the tunnel's, as configured or last told? */
bool daemon_tunnels(const struct daemon *d, const char *ifname);
/* The ruleset that d should have now. */
void daemon_ruleset(const struct daemon *d, struct fw_ruleset *r);
/* Loads it unless it is loaded; addresses stay open if the door does. */
NODISCARD int daemon_load(struct daemon *d, struct why *why);
/* Loads what is loaded; the door's sets are empty then. Says what fails. */
int daemon_load_again(struct daemon *d);
/* Remembers, logs and tells subscribers. */
void daemon_problem(struct daemon *d, const char *step, const char *text);

#endif /* DAEMON_H */
