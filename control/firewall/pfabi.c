/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * An ioctl's number says which way its argument goes, how long it is, and
 * which one it is (sys/ioccom.h of 4.3BSD, the same on both systems). So each
 * number is put together here from our own struct, and must be the one that
 * was read off the system's header: a wrong size or a wrong number does not
 * compile. The numbers are spelled out where they are used.
 */
#include "firewall/pfabi.h"

#include <assert.h>

#include "firewall/pfsys.h"

#define NONE 0x20000000ul
#define OUT 0x40000000ul
#define IN 0x80000000ul
#define NUMBER(way, nr, size) ((way) | (size) << 16 | 'D' << 8 | (nr))
#define IS(request, way, nr, type) \
	static_assert((request) == NUMBER(way, nr, sizeof(type)), #request)
#define AT(type, member, where) \
	static_assert(offsetof(struct type, member) == (where), \
		      #type "." #member)
#define SIZE(type, size) static_assert(sizeof(struct type) == (size), #type)

SIZE(pfabi_addr, 20);
AT(pfabi_addr, af, 16);
AT(pfabi_addr, net, 17);
AT(pfabi_addr, not, 18);
AT(pfabi_addr, fback, 19);

SIZE(pfabi_table, 1064);
AT(pfabi_table, name, 1024);
AT(pfabi_table, flags, 1056);
AT(pfabi_table, fback, 1060);

SIZE(pfabi_io_table, 1104);
AT(pfabi_io_table, buffer, 1064);
AT(pfabi_io_table, esize, 1072);
AT(pfabi_io_table, size, 1076);
AT(pfabi_io_table, size2, 1080);
AT(pfabi_io_table, nadd, 1084);
AT(pfabi_io_table, ndel, 1088);
AT(pfabi_io_table, nchange, 1092);
AT(pfabi_io_table, flags, 1096);
AT(pfabi_io_table, ticket, 1100);
IS(PFABI_CLRADDRS, IN | OUT, 66, struct pfabi_io_table);
IS(PFABI_ADDADDRS, IN | OUT, 67, struct pfabi_io_table);
IS(PFABI_DELADDRS, IN | OUT, 68, struct pfabi_io_table);
IS(PFABI_GETADDRS, IN | OUT, 70, struct pfabi_io_table);
IS(PFABI_TSTADDRS, IN | OUT, 73, struct pfabi_io_table);

static_assert(PFABI_START == NUMBER(NONE, 1, 0ul), "DIOCSTART");
static_assert(PFABI_STOP == NUMBER(NONE, 2, 0ul), "DIOCSTOP");
IS(PFABI_STARTREF, OUT, 8, uint64_t);
IS(PFABI_STOPREF, IN | OUT, 9, struct pfabi_stopref);
IS(PFABI_STARTERS, IN | OUT, 5, struct pfabi_starters);
SIZE(pfabi_token, 84);
AT(pfabi_token, pid, 16);
AT(pfabi_token, name, 20);

IS(PFABI_BEGINADDRS, IN | OUT, 51, struct pfabi_pooladdr);
AT(pfabi_pooladdr, ticket, 4);

SIZE(pfabi_io_rule, 3104);
AT(pfabi_io_rule, ticket, 4);
AT(pfabi_io_rule, pool_ticket, 8);
AT(pfabi_io_rule, nr, 12);
AT(pfabi_io_rule, anchor, 16);
AT(pfabi_io_rule, anchor_call, 1040);
AT(pfabi_io_rule, rule, 2064);

IS(PFABI_KILLSTATES, IN | OUT, 41, struct pfabi_state_kill);
SIZE(pfabi_rule_addr, 64);
SIZE(pfabi_state_kill, 216);
AT(pfabi_state_kill, src, 8);
AT(pfabi_state_kill, dst, 72);
AT(pfabi_state_kill, ifname, 136);
AT(pfabi_state_kill, owner, 152);

/* sizeof(struct pf_rule): xnu, FreeBSD. */
enum { MACOS_RULE = 1040, FREEBSD_RULE = 976 };

#define RULE_NUMBER(nr, size) \
	NUMBER(IN | OUT, nr, offsetof(struct pfabi_io_rule, rule) + (size))
#define MACOS_GETRULES 0xcc204406ul
#define MACOS_CHANGERULE 0xcc20441aul
#define FREEBSD_GETRULES 0xcbe04406ul
#define FREEBSD_CHANGERULE 0xcbe0441aul

static_assert(MACOS_GETRULES == RULE_NUMBER(6, MACOS_RULE), "DIOCGETRULES");
static_assert(MACOS_CHANGERULE == RULE_NUMBER(26, MACOS_RULE),
	      "DIOCCHANGERULE");
static_assert(FREEBSD_GETRULES == RULE_NUMBER(6, FREEBSD_RULE),
	      "DIOCGETRULES");
static_assert(FREEBSD_CHANGERULE == RULE_NUMBER(26, FREEBSD_RULE),
	      "DIOCCHANGERULE");
static_assert((int)MACOS_RULE <= (int)PFABI_RULE &&
	      (int)FREEBSD_RULE <= (int)PFABI_RULE,
	      "one buffer for both");

const struct pfsys pfsys_macos = {
	.name = "macOS", .tokens = true, .scrub_anchor = true, .inet6 = 30,
	.get_rules = MACOS_GETRULES, .change_rule = MACOS_CHANGERULE,
	.label_at = 192,
	.rtableid_at = 796,
	.no_rtable = 0,			/* IFSCOPE_NONE */
	.action_at = 1004,
};

const struct pfsys pfsys_freebsd = {
	.name = "FreeBSD", .groups = true, .states_nv = true, .inet6 = 28,
	.get_rules = FREEBSD_GETRULES, .change_rule = FREEBSD_CHANGERULE,
	/* Behind: two addresses of 56, skip steps 64, label 64, ifname 16,
	 * four names of 64, the overload table's 32, entries 16, pool 72,
	 * counters 40, three pointers 24, fingerprint 4. */
	.label_at = 176,
	.rtableid_at = 700,
	.no_rtable = -1,
	.action_at = 0,			/* there is no other than PF_PASS */
};
static_assert(2 * 56 + 64 == 176, "pf_rule.label");
static_assert(2 * 56 + 64 + 64 + 16 + 4 * 64 + 32 + 16 + 72 + 40 + 24 + 4 ==
	      700, "pf_rule.rtableid");
