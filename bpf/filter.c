/* SPDX-License-Identifier: ISC */
#include "bpf/filter.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

/*
 * The program sees a message from its header on. Its loads are big-endian and
 * netlink headers are in host order, so constants are swapped once, here.
 *
 *	0	ldh	[4]			nlmsg_type
 *	1	jeq	NFT_MSG_NEWGEN		else 5
 *	2	ld	[12]			nlmsg_pid: who made the change
 *	3	jeq	portid			then 5
 *	4	ret	-1			pass
 *	5	ret	0			drop
 *
 * The announcement of a generation is sent alone, after the (gathered) ones
 * of the objects that changed: looking at the first message is enough. A
 * load past the end drops the message.
 */
void filter_tripwire(uint32_t portid,
		     struct sock_filter out[static FILTER_TRIPWIRE])
{
	const uint16_t newgen = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN;
	const struct sock_filter program[FILTER_TRIPWIRE] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(newgen), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(portid), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	memcpy(out, program, sizeof(program));
}

/* What the kernel knows of a packet besides its octets. */
#define AD(what) ((uint32_t)(SKF_AD_OFF + (what)))

/*
 *	0	ldh	#hatype
 *	1	jeq	ARPHRD_LOOPBACK		then 20
 *	2	ldb	#type
 *	3	jeq	PACKET_OUTGOING		then 19
 *	4	jeq	PACKET_HOST		else 20
 *	5	ldh	#proto
 *	6	jeq	ETH_P_IP		else 13
 *	7	ldb	[9]			protocol
 *	8	jeq	IPPROTO_UDP		else 20
 *	9	ldh	[6]			fragment
 *	10	jset	0x1fff			then 20
 *	11	ldxb	4*([0]&0xf)		the header's length
 *	12	ja	17
 *	13	jeq	ETH_P_IPV6		else 20
 *	14	ldb	[6]			next header
 *	15	jeq	IPPROTO_UDP		else 20
 *	16	ldx	#40
 *	17	ldh	[x + 0]			source port
 *	18	jeq	dns_port		then 19, else 20
 *	19	ret	snaplen
 *	20	ret	0
 *
 * A jump counts from the next instruction. A load past the end drops.
 */
void filter_ledger(uint16_t dns_port, uint32_t snaplen,
		   struct sock_filter out[static FILTER_LEDGER])
{
	const struct sock_filter program[FILTER_LEDGER] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AD(SKF_AD_HATYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPHRD_LOOPBACK, 18, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AD(SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 15, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_HOST, 0, 15),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AD(SKF_AD_PROTOCOL)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 11),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 9, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_JMP | BPF_JA, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 4),
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 40),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, dns_port, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, snaplen),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	memcpy(out, program, sizeof(program));
}
