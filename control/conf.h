/* SPDX-License-Identifier: ISC */
/*
 * conf.h - the configuration file
 *
 * libconfuse syntax; every key has a default. A file is taken whole or not
 * at all: an error names file, line, key and what is allowed.
 */
#ifndef CONF_H
#define CONF_H

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "compat.h"
#include "endpoint.h"
#include "limits.h"
#include "log.h"
#include "shared/ipaddr.h"
#include "shared/policy.h"
#include "why.h"

enum conf_datapath { DATAPATH_AUTO, DATAPATH_SOCKET, DATAPATH_BYPASS };
enum conf_wire { WIRE_PACKET, WIRE_XDP };
enum conf_door { DOOR_SET, DOOR_HASH };
enum conf_hostdns { HOSTDNS_AUTO, HOSTDNS_RESOLVED, HOSTDNS_NETWORKMANAGER,
	HOSTDNS_RESOLVCONF, HOSTDNS_FILE, HOSTDNS_NONE, HOSTDNS_SYSTEMCONFIGURATION };
enum conf_exempt { EXEMPT_GROUP, EXEMPT_PORTS };	/* portrange.h */
enum conf_fwmode { FWMODE_OWN, FWMODE_GUEST, FWMODE_MEMORY };

enum { CONF_PORTS = 16, CONF_ENDPOINTS = 16, CONF_WORD = 64 };

struct conf {
	/* The names of all profiles and the user's own, compiled. */
	uint16_t n_names;
	struct policy_name names[POLICY_NAMES];
	char profiles[CONF_WORD];	/* as resolved, for people: "networkmanager,gnome" */

	enum policy_mode mode;
	enum policy_refuse refuse;
	enum conf_datapath datapath;
	enum conf_wire wire;		/* of bypass: AF_XDP? */
	enum conf_door door;
	enum conf_hostdns hostdns;
	char resolv_conf[PATH_MAX];	/* of the file backend */

	uint16_t n_listen;		/* default 127.0.0.1 and ::1 */
	struct ipaddr listen[POLICY_LISTEN];
	uint16_t port;			/* default 53 */
	uint16_t n_upstreams;		/* 0: the host's */
	struct ipaddr upstreams[POLICY_UPSTREAMS];
	uint16_t upstream_port;		/* default 53 */

	bool capture;			/* keep the leak ledger */
	bool lan;			/* the setting's first value */
	enum conf_exempt exempt;
	enum log_level log_level;

	struct {
		uint16_t n_ports;	/* default 80, 443 */
		uint16_t ports[CONF_PORTS];
		bool any_uid, portal_api;	/* uid = "any"; the network's host */
		uid_t uid;		/* default 0 */
		uint32_t ttl_min, ttl_max;
		uint16_t max_addresses, per_name;
		enum judge_private private;
	} allow;

	struct {
		char interface[IF_NAMESIZE];
		uint16_t n_endpoints;
		struct endpoint endpoints[CONF_ENDPOINTS];
		bool follow;		/* its state is seen, not told */
	} tunnel;

	struct {
		enum conf_fwmode mode;
		char table[CONF_WORD];	/* own: "sallyport"; guest: "FAMILY NAME" */
		char set4[CONF_WORD], set6[CONF_WORD];
	} firewall;

	struct {
		char socket[108];	/* sun_path (unix(7)) */
		char admin_group[CONF_WORD];
	} control;

	char state_dir[PATH_MAX];	/* /var/lib/sallyport */
	char run_dir[PATH_MAX];		/* /run/sallyport */
};

/* With the names of the profile "auto". */
void conf_defaults(struct conf *c);

/*
 * 0, or a negative errno with the sentence in *why; *c is untouched then. A
 * file that is not there is an error only if must_exist, else the defaults.
 * The file is root's or the caller's own, and nobody else may write to it.
 */
NODISCARD int conf_load(struct conf *c, const char *path, bool must_exist,
			struct why *why);

/*
 * The same for a trial that protects nothing: the file must be there, and may
 * be anybody's.
 */
NODISCARD int conf_try(struct conf *c, const char *path, struct why *why);

/* The effective values, as a file that conf_load() reads back to the same. */
void conf_print(const struct conf *c, FILE *out);

/* A policy, as far as the configuration alone decides it; the rest is 0. */
void conf_policy(const struct conf *c, struct policy *p);

/* An interface's name, fit for the kernel and for a ruleset's text; not "". */
NODISCARD bool conf_interface(const char *text);

#endif /* CONF_H */
