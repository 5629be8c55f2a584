/* SPDX-License-Identifier: ISC */
#include "os/rtnetlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

enum { DUMP = 32768 };	/* what the kernel sends at most in one piece */

_Static_assert((int)IFA_MAX <= (int)RTA_MAX && (int)FRA_MAX <= (int)RTA_MAX &&
	       (int)NDA_MAX <= (int)RTA_MAX &&
	       (int)IFLA_IFNAME <= (int)RTA_MAX, "one size of table for all");

int rtnetlink_keep(const struct nlattr *a, void *table)
{
	const struct nlattr **at = table;

	if (mnl_attr_type_valid(a, RTA_MAX) > 0)
		at[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

bool rtnetlink_address(const struct nlattr *a, int family,
		       struct ipaddr *addr)
{
	if (a == NULL)
		return false;
	if (family == AF_INET && mnl_attr_get_payload_len(a) == 4)
		*addr = ipaddr_v4(mnl_attr_get_payload(a));
	else if (family == AF_INET6 && mnl_attr_get_payload_len(a) == 16)
		*addr = ipaddr_v6(mnl_attr_get_payload(a));
	else
		return false;
	return true;
}

uint32_t rtnetlink_number(const struct nlattr *a, uint32_t otherwise)
{
	return a != NULL && mnl_attr_get_payload_len(a) == sizeof(uint32_t) ?
	       mnl_attr_get_u32(a) : otherwise;
}

bool rtnetlink_told(const struct nlattr *a, char ifname[static IF_NAMESIZE])
{
	if (a == NULL || mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0 ||
	    mnl_attr_get_payload_len(a) > IF_NAMESIZE)
		return false;
	memcpy(ifname, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	return true;
}

bool rtnetlink_name(unsigned int index, char ifname[static IF_NAMESIZE])
{
	char name[IF_NAMESIZE] = "";

	if (if_indextoname(index, name) == NULL)
		return false;
	memcpy(ifname, name, IF_NAMESIZE);
	return true;
}

int rtnetlink_receive(struct mnl_socket *s,
		      int (*each)(const struct nlmsghdr *h, void *data),
		      void *data)
{
	alignas(struct nlmsghdr) char buf[DUMP];
	int result = MNL_CB_OK;

	while (result > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(s, buf, sizeof(buf));

		if (n < 0)
			return -errno;
		result = mnl_cb_run(buf, (size_t)n, 1,
				    mnl_socket_get_portid(s), each, data);
	}
	return result < 0 ? -errno : 0;
}

static int bound(int bus, struct mnl_socket **socket)
{
	struct mnl_socket *s = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int error;

	if (s == NULL)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		error = -errno;
		mnl_socket_close(s);
		return error;
	}
	*socket = s;
	return 0;
}

static int ask_on(struct mnl_socket *s, struct nlmsghdr *h, mnl_cb_t each,
		  void *data)
{
	h->nlmsg_seq = 1;
	if (mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
		return -errno;
	return rtnetlink_receive(s, each, data);
}

static int ask(int bus, struct nlmsghdr *h, mnl_cb_t each, void *data)
{
	struct mnl_socket *s;
	int error = bound(bus, &s);

	if (error < 0)
		return error;
	error = ask_on(s, h, each, data);
	mnl_socket_close(s);
	return error;
}

int rtnetlink_ask(struct nlmsghdr *h,
		  int (*each)(const struct nlmsghdr *h, void *data),
		  void *data)
{
	return ask(NETLINK_ROUTE, h, each, data);
}

int rtnetlink_ask_generic(struct nlmsghdr *h,
			  int (*each)(const struct nlmsghdr *h, void *data),
			  void *data)
{
	return ask(NETLINK_GENERIC, h, each, data);
}

static int dump_on(struct mnl_socket *s, const struct rtnetlink_list *l,
		   void *data)
{
	alignas(struct nlmsghdr) char buf[RTNETLINK_MSG];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct rtgenmsg *m;

	h->nlmsg_type = l->type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->rtgen_family = (unsigned char)l->family;
	return ask_on(s, h, l->each, data);
}

int rtnetlink_dumps(const struct rtnetlink_list *lists, size_t n, void *data)
{
	struct mnl_socket *s;
	int error = bound(NETLINK_ROUTE, &s);

	if (error < 0)
		return error;
	for (size_t i = 0; i < n && error == 0; i++)
		error = dump_on(s, &lists[i], data);
	mnl_socket_close(s);
	return error;
}

int rtnetlink_dump(uint16_t type, int family,
		   int (*each)(const struct nlmsghdr *h, void *data),
		   void *data)
{
	const struct rtnetlink_list all = { type, family, each };

	return rtnetlink_dumps(&all, 1, data);
}

int rtnetlink_do(struct nlmsghdr *h)
{
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	return rtnetlink_ask(h, NULL, NULL);
}
