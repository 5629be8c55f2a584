/* SPDX-License-Identifier: ISC */
#include "os/wgkernel.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <string.h>

#include "os/rtnetlink.h"

enum { TABLE = RTNETLINK_ATTRS };

_Static_assert((int)WGDEVICE_A_MAX < (int)TABLE &&
	       (int)WGPEER_A_MAX < (int)TABLE &&
	       (int)CTRL_ATTR_MAX < (int)TABLE, "one size of table for all");

/* ---- peers */

/* struct sockaddr_in or sockaddr_in6, as the kernel has it in memory. */
static void read_endpoint(const struct nlattr *a, struct wgdevice *w)
{
	const void *p = mnl_attr_get_payload(a);
	size_t size = mnl_attr_get_payload_len(a);
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	struct endpoint e = { 0 };

	if (size == sizeof(v4)) {
		memcpy(&v4, p, size);
		if (v4.sin_family != AF_INET)
			return;
		e.addr = ipaddr_v4((const uint8_t *)&v4.sin_addr);
		e.port = ntohs(v4.sin_port);
	} else if (size == sizeof(v6)) {
		memcpy(&v6, p, size);
		if (v6.sin6_family != AF_INET6)
			return;
		e.addr = ipaddr_v6(v6.sin6_addr.s6_addr);
		e.port = ntohs(v6.sin6_port);
	} else {
		return;
	}
	wgdevice_endpoint(w, &e);
}

/* struct __kernel_timespec: two signed numbers of 64 bits. */
static bool read_handshake(const struct nlattr *a, struct wgdevice *w)
{
	int64_t t[2];

	if (mnl_attr_get_payload_len(a) != sizeof(t))
		return false;
	memcpy(t, mnl_attr_get_payload(a), sizeof(t));
	return t[0] >= 0 && t[1] >= 0 &&
	       wgdevice_handshake(w, (uint64_t)t[0], (uint64_t)t[1]);
}

static int on_peer(const struct nlattr *a, void *data)
{
	const struct nlattr *table[TABLE] = { NULL }, *sent;
	struct wgdevice *w = data;
	uint64_t n;

	mnl_attr_parse_nested(a, rtnetlink_keep, table);
	sent = table[WGPEER_A_TX_BYTES];
	if (sent != NULL && mnl_attr_get_payload_len(sent) == sizeof(n)) {
		memcpy(&n, mnl_attr_get_payload(sent), sizeof(n));
		w->sent += n;
	}
	if (table[WGPEER_A_ENDPOINT] != NULL)
		read_endpoint(table[WGPEER_A_ENDPOINT], w);
	if (table[WGPEER_A_LAST_HANDSHAKE_TIME] != NULL &&
	    !read_handshake(table[WGPEER_A_LAST_HANDSHAKE_TIME], w)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

int wgkernel_take(const struct nlmsghdr *h, struct wgdevice *w)
{
	const struct nlattr *table[TABLE] = { NULL };

	if (mnl_nlmsg_get_payload_len(h) < sizeof(struct genlmsghdr))
		return 0;
	mnl_attr_parse(h, sizeof(struct genlmsghdr), rtnetlink_keep, table);
	w->mark = rtnetlink_number(table[WGDEVICE_A_FWMARK], w->mark);
	if (table[WGDEVICE_A_PEERS] != NULL &&
	    mnl_attr_parse_nested(table[WGDEVICE_A_PEERS], on_peer, w) < 0)
		return -EBADMSG;
	return 0;
}

/* ---- asking */

static struct nlmsghdr *begin(char *buf, uint16_t family, uint8_t command,
			      uint8_t version)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = family;
	h->nlmsg_flags = NLM_F_REQUEST;
	g->cmd = command;
	g->version = version;
	return h;
}

static int on_family(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[TABLE] = { NULL }, *id;
	uint16_t *family = data;

	mnl_attr_parse(h, sizeof(struct genlmsghdr), rtnetlink_keep, table);
	id = table[CTRL_ATTR_FAMILY_ID];
	if (id != NULL && mnl_attr_get_payload_len(id) == sizeof(*family))
		*family = mnl_attr_get_u16(id);
	return MNL_CB_STOP;
}

/* Given out when the module is loaded, so asked each time. */
static int find_family(uint16_t *family)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = begin(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	int error;

	*family = 0;
	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	error = rtnetlink_ask_generic(h, on_family, family);
	return error == 0 && *family == 0 ? -ENOENT : error;
}

static int on_device(const struct nlmsghdr *h, void *data)
{
	int error = wgkernel_take(h, data);

	errno = -error;
	return error < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

int wgkernel_read(const char *ifname, struct wgdevice *w)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct wgdevice found = { 0 };
	struct nlmsghdr *h;
	uint16_t family;
	int error = find_family(&family);

	if (error < 0)
		return error;
	h = begin(buf, family, WG_CMD_GET_DEVICE, WG_GENL_VERSION);
	h->nlmsg_flags |= NLM_F_DUMP;
	mnl_attr_put_strz(h, WGDEVICE_A_IFNAME, ifname);
	error = rtnetlink_ask_generic(h, on_device, &found);
	if (error == 0)
		*w = found;
	return error;
}
