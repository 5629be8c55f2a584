/* SPDX-License-Identifier: ISC */
/*
 * Answers to our questions go to our AF_XDP socket, and never up the stack;
 * all other packets pass untouched: whatever is tagged, fragmented, or has
 * anything between the IP and the UDP header. That is no loss, the capture
 * beside it sees them.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/kwire.h"

char licence[] SEC("license") = "ISC";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct kwire);
} wire_answers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, KWIRE_QUEUES);
	__type(key, uint32_t);
	__type(value, uint32_t);
} wire_queues SEC(".maps");

enum { FRAGMENT = 0x3fff };	/* MF and the offset (RFC 791, 3.1) */

union address {
	uint8_t octets[16];
	uint32_t words[4];
};

static __always_inline bool is_answer(const union address *src,
				      const struct udphdr *udp)
{
	uint16_t sport = bpf_ntohs(udp->source), dport = bpf_ntohs(udp->dest);
	uint32_t zero = 0;
	const struct kwire *k = bpf_map_lookup_elem(&wire_answers, &zero);

	if (!k || (k->ports[dport / 64] >> (dport % 64) & 1) == 0)
		return false;
	for (unsigned int i = 0; i < KWIRE_PEERS; i++) {
		const uint32_t *p = (const void *)k->peer[i].addr;

		if (k->peer[i].port == sport && sport != 0 &&
		    p[0] == src->words[0] && p[1] == src->words[1] &&
		    p[2] == src->words[2] && p[3] == src->words[3])
			return true;
	}
	return false;
}

static __always_inline const struct udphdr *over_ipv4(const void *p,
						      const void *end,
						      union address *src)
{
	const struct iphdr *ip = p;

	if ((const void *)(ip + 1) > end || ip->version != 4 || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_UDP ||
	    (ip->frag_off & bpf_htons(FRAGMENT)) != 0)
		return NULL;
	src->words[0] = src->words[1] = 0;
	src->words[2] = bpf_htonl(0xffff);
	src->words[3] = ip->saddr;
	return (const void *)(ip + 1);
}

static __always_inline const struct udphdr *over_ipv6(const void *p,
						      const void *end,
						      union address *src)
{
	const struct ipv6hdr *ip = p;

	if ((const void *)(ip + 1) > end || ip->version != 6 ||
	    ip->nexthdr != IPPROTO_UDP)
		return NULL;
	for (unsigned int i = 0; i < 4; i++)
		src->words[i] = ip->saddr.in6_u.u6_addr32[i];
	return (const void *)(ip + 1);
}

SEC("xdp")
int wire_in(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct udphdr *udp = NULL;
	union address src;

	if ((const void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		udp = over_ipv4(eth + 1, end, &src);
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		udp = over_ipv6(eth + 1, end, &src);
	if (!udp || (const void *)(udp + 1) > end || !is_answer(&src, udp))
		return XDP_PASS;
	return (int)bpf_redirect_map(&wire_queues, ctx->rx_queue_index,
				     XDP_PASS);
}
