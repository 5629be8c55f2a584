/* SPDX-License-Identifier: ISC */
/*
 * Theory of operation
 *
 * Routing rules lead DNS into the device (os/steer.h), and there it may go;
 * nothing else may, neither in nor out.
 *
 * A socket that is tied to another interface (IP_UNICAST_IF, as
 * systemd-resolved has it) is routed to that one all the same. Its packet is
 * given our mark, which makes the kernel route it again, by the mark, and with
 * no interface asked for. The filter still sees the interface of before, so
 * it goes by the mark, and guard looks where the packet goes in the end: one
 * of a socket bound for good (SO_BINDTODEVICE), of a mark that somebody else
 * has set, or of rules that are gone, ends there. Without steer a packet has
 * no mark, and is refused as any DNS. So is one to a link-local server, which
 * cannot be led to another link: who asks it turns to the next one at once,
 * as it does not when its packets are dropped.
 *
 * An answer that nobody waits for any more makes the kernel complain to whom
 * it is from, with the question in it. The local network, where it is
 * allowed, would get that: it is dropped.
 *
 * Answers are marked, so that a strict rp_filter takes the device for the way
 * to whom they are from.
 */
#include "firewall/rules_bypass.h"

#include <stdio.h>

#include "os/steer.h"

#define DNS "meta l4proto { tcp, udp } th "

bool rules_bypass_led(const struct fw_ruleset *r)
{
	return r->bypass && r->policy == FW_BLOCKED_ACTIVE;
}

/* It stays when the door is shut: a packet that the rules of before let pass
 * on output may meet those of now in postrouting. */
void rules_bypass_guard(const struct fw_ruleset *r, char *text)
{
	text[0] = '\0';
	if (!r->bypass)
		return;
	snprintf(text, RULES_BYPASS,
		 "\tchain guard {\n"
		 "\t\ttype filter hook postrouting priority filter; "
		 "policy accept;\n"
		 "\t\tmeta mark 0x%x oifname != \"" STEER_DEVICE "\" "
		 "counter name rejected_out drop\n"
		 "\t}\n\n", STEER_MARK);
}

void rules_bypass_steer(const struct fw_ruleset *r, char *text)
{
	text[0] = '\0';
	if (!rules_bypass_led(r))
		return;
	snprintf(text, RULES_BYPASS,
		 "\t\tip6 daddr fe80::/10 return\n"
		 "\t\toifname != { \"lo\", \"" STEER_DEVICE "\" } " DNS
		 "dport 53 meta mark set 0x%x\n", STEER_MARK);
}

void rules_bypass_answers(const struct fw_ruleset *r, char *text)
{
	text[0] = '\0';
	if (!rules_bypass_led(r))
		return;
	snprintf(text, RULES_BYPASS,
		 "\t\tiifname \"" STEER_DEVICE "\" meta mark set 0x%x\n",
		 STEER_MARK);
}

void rules_bypass_output(const struct fw_ruleset *r, char *text)
{
	text[0] = '\0';
	if (!rules_bypass_led(r))
		return;
	snprintf(text, RULES_BYPASS,
		 "\t\t# DNS, for the datapath to answer\n"
		 "\t\toifname \"" STEER_DEVICE "\" " DNS "dport 53 accept\n"
		 "\t\toifname \"" STEER_DEVICE "\" goto refuse\n"
		 "\t\tmeta mark 0x%x " DNS "dport 53 accept\n"
		 "\t\toifname != \"lo\" meta l4proto { icmp, ipv6-icmp } "
		 "ct state related ct direction original "
		 "counter name rejected_out drop\n",
		 STEER_MARK);
}

void rules_bypass_input(const struct fw_ruleset *r, char *text)
{
	text[0] = '\0';
	if (!rules_bypass_led(r))
		return;
	snprintf(text, RULES_BYPASS,
		 "\t\t# answers of the datapath\n"
		 "\t\tiifname \"" STEER_DEVICE "\" " DNS "sport 53 "
		 "ct state established ct direction reply accept\n"
		 "\t\tiifname \"" STEER_DEVICE "\" "
		 "counter name dropped_in drop\n");
}
