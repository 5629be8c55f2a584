/* SPDX-License-Identifier: ISC */
/*
 * daemon.h - the control process: one object, one thread, one loop
 *
 * daemon.c knows how the machine should be, change.c changes it;
 * netcheck.c has the steps that open and shut the door; supervise.c keeps
 * a datapath running and tells it the policy; uplink.c follows the network;
 * methods.c is what the control socket may ask for.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <event2/event.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "answer.h"
#include "child.h"
#include "conf.h"
#include "ctl.h"
#include "firewall/fw.h"
#include "hostdns/hostdns.h"
#include "os/netinfo.h"
#include "settings.h"
#include "steps.h"
#include "timeline.h"
#include "tunnel.h"
#include "why.h"

struct daemon;

/* How a datapath is run; tests put their own in its place. */
struct daemon_resolver {
	/* 0: it listens; 1: it did already. */
	int (*start)(struct daemon *d, struct why *why);
	void (*stop)(struct daemon *d);
	/* It takes d's policy from now on. */
	void (*tell)(struct daemon *d);
};

struct daemon {
	struct event_base *base;
	char conf_path[PATH_MAX];
	struct conf conf;
	struct settings settings;
	struct tunnel tunnel;
	/* Relays, interface and DNS as last told, in whatever state: such
	 * addresses are never opened. */
	struct tunnel known;
	uid_t uid;			/* the datapath's */
	gid_t gid;

	struct fw *fw;
	struct fw_ruleset ruleset;	/* as loaded */
	bool loaded;			/* something was loaded, so ruleset counts */
	bool verified;
	struct event *fw_event;

	struct hostdns *hostdns;
	struct hostdns_servers servers;	/* upstreams, as told to the datapath */
	bool astray;			/* DNS could not be put back: tried again */

	const struct daemon_resolver *resolver;
	struct child child;
	struct event *kick_event, *gone_event, *restart_event;
	bool running;			/* a datapath listens */
	unsigned int restarts;		/* since start */
	unsigned int crashes;		/* in a row, without a quiet minute */
	uint64_t started;		/* boot time, ns */
	struct why resolver_problem;	/* "" = none */
	uint64_t counters[COUNT__N];	/* of datapaths that are gone */

	bool active;			/* the door's steps are done */
	bool latched;			/* ... one failed: not before a change */
	struct answer answer;
	struct event *tick_event;

	struct netinfo net;
	struct netmon *netmon;
	struct event *net_event;
	char uplink[IF_NAMESIZE];	/* the last interface and gateway there were */
	struct ipaddr gateway;
	uint32_t network, prefetch;	/* of struct policy */
	uint64_t linked, addressed, routed;	/* boot time, ns, of the last events */
	bool portal;			/* suspected on this network */

	struct timeline timeline;
	struct why problem;		/* the last failure that still matters */
	struct ctl *ctl;
};

/* A shut one with the usual resolver; its other parts are yet to be opened. */
void daemon_init(struct daemon *d, const struct conf *conf);
/* Its parts are open: reads the settings and makes the machine fit them. */
NODISCARD int daemon_start(struct daemon *d, struct why *why);
/* All of it. */
NODISCARD int daemon_open(struct daemon *d, const char *conf_path,
			  const struct conf *conf, struct why *why);
enum daemon_end {
	DAEMON_STOP,		/* the block stays only with lockdown on */
	DAEMON_HAND_OVER,	/* another one follows: rules stay as they are */
};
void daemon_close(struct daemon *d, enum daemon_end how);

/*
 * change.c: makes the machine fit the tunnel state `to` and the settings as
 * they are now. -errno if the rules of a state without door cannot be loaded:
 * what was loaded before is still in force then, with its door shut.
 */
NODISCARD int daemon_settle(struct daemon *d, const struct tunnel *to,
			    struct why *why);
/* For the control socket. 0, or -errno with the sentence and the step. */
int daemon_set_netcheck(struct daemon *d, bool on, const char **step,
			struct why *why);
int daemon_set_lockdown(struct daemon *d, bool on, const char **step,
			struct why *why);
int daemon_set_lan(struct daemon *d, bool on, const char **step,
		   struct why *why);
int daemon_set_state(struct daemon *d, const struct tunnel *to,
		     const char **step, struct why *why);
int daemon_reload(struct daemon *d, bool *changed, struct why *why);

bool daemon_blocking(const struct daemon *d);
/* The ruleset that d should have now. */
void daemon_ruleset(const struct daemon *d, struct fw_ruleset *r);
/* Loads it unless it is loaded; addresses stay open if the door does. */
NODISCARD int daemon_load(struct daemon *d, struct why *why);
/* Loads what is loaded; the door's sets are empty then. Says what fails. */
int daemon_load_again(struct daemon *d);
/* Fails the state over to error(cause), which keeps the block. */
void daemon_fail(struct daemon *d, enum tunnel_cause cause);
/* Remembers, logs and tells subscribers. */
void daemon_problem(struct daemon *d, const char *step, const char *text);

/* netcheck.c: the steps. */
extern const struct step netcheck_steps[];
enum { NETCHECK_FIREWALL, NETCHECK_LISTEN, NETCHECK_READ, NETCHECK_POINT,
       NETCHECK__N };
/* Runs them all; on success the door is open. */
NODISCARD int netcheck_enter(struct daemon *d, const char *reason,
			     const struct step **failed, struct why *why);
/* Host DNS back, addresses closed; the rules are the caller's to load. What
 * fails is said, and does not keep the rest from being done. */
void netcheck_leave(struct daemon *d, const char *reason);
/* For the switch: the same and rules without a door, or nothing of it. */
NODISCARD int netcheck_exit(struct daemon *d, const struct step **failed,
			    struct why *why);
/* Nothing that was opened stays open; the door's steps are not undone. */
void netcheck_shut(struct daemon *d, const char *reason);
/* A new episode in the same state: everything learnt is closed. */
void netcheck_restart(struct daemon *d, const char *reason, uint64_t since);
/* Takes over the times that the datapath has noted. */
void netcheck_marks(struct daemon *d);

/* supervise.c */
extern const struct daemon_resolver supervise_resolver;
/* Watches the firewall and the clock. */
NODISCARD int supervise_open(struct daemon *d, struct why *why);
/* The ruleset changed, by us or by others: look, repair, tell. */
void supervise_verify(struct daemon *d);

/* uplink.c */
NODISCARD int uplink_open(struct daemon *d, struct why *why);
void uplink_close(struct daemon *d);
/* Reads the upstreams anew. 1 if they are others than before. */
NODISCARD int uplink_servers(struct daemon *d, struct why *why);

/* methods.c: a ctl_call; context is the daemon. */
ctl_call methods_call;
/* Events for subscribers; no-ops without a control socket. */
void methods_condition(struct daemon *d, const char *event);
void methods_event(struct daemon *d, const char *event, const char *fmt, ...);

#endif /* DAEMON_H */
