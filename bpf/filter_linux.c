/* SPDX-License-Identifier: ISC */
#include "bpf/filter.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
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
