/* SPDX-License-Identifier: ISC */
/*
 * Assumed by datapath/tripwire.c: a netlink socket that root has joined to
 * NFNLGRP_NFTABLES, with the filter of bpf/filter.c, goes on receiving after
 * all privileges are gone; the announcement of a change is there to be read
 * without waiting once the `nft` that made it has exited; a change made by
 * the given port id is not announced.
 *
 *	parent (root, private netns)		child (nobody, no capabilities)
 *	runs nft, or changes by netlink
 *	      ---- "look" ---- pipe ---->	recv(MSG_DONTWAIT)
 *	      <--- what was there ------
 *
 * 0 = holds, 1 = does not, 77 = cannot run here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/filter.h"

enum { NOBODY = 65534, ROUNDS = 20 };

static int failures;

static void claim(bool holds, const char *what)
{
	if (!holds)
		printf("FAILS: %s\n", what);
	failures += !holds;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(77);
}

static int nft(const char *command)
{
	char line[128];

	snprintf(line, sizeof(line), "PATH=$PATH:/usr/sbin:/sbin nft %s",
		 command);
	return system(line);
}

/* ---- control's stand-in: changes with a port id of its own */

struct batch {
	_Alignas(struct nlmsghdr) uint8_t b[512];
	size_t len;
};

static void add(struct batch *b, uint16_t type, uint16_t flags,
		uint8_t family, uint16_t res_id, const char *name)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(b->b + b->len);
	struct nfgenmsg *g = NLMSG_DATA(h);
	size_t len = NLMSG_HDRLEN + sizeof(*g);

	flags |= NLM_F_REQUEST;
	*h = (struct nlmsghdr){ .nlmsg_type = type, .nlmsg_flags = flags };
	*g = (struct nfgenmsg){ .nfgen_family = family,
				.res_id = htons(res_id) };
	if (name != NULL) {
		size_t n = strlen(name) + 1;
		struct nlattr a = { .nla_type = NFTA_TABLE_NAME,
				    .nla_len = (uint16_t)(sizeof(a) + n) };

		memcpy(b->b + b->len + len, &a, sizeof(a));
		memcpy(b->b + b->len + len + sizeof(a), name, n);
		len += sizeof(a) + ((n + 3) & ~(size_t)3);
	}
	h->nlmsg_len = (uint32_t)len;
	b->len += len;
}

/* Creates a table over fd; true once the kernel has acknowledged. */
static bool change(int fd, const char *table)
{
	struct batch b = { .len = 0 };
	struct nlmsgerr e;
	uint8_t answer[512];

	add(&b, NFNL_MSG_BATCH_BEGIN, 0, 0, NFNL_SUBSYS_NFTABLES, NULL);
	add(&b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
	    NLM_F_CREATE | NLM_F_ACK, 1 /* NFPROTO_INET */, 0, table);
	add(&b, NFNL_MSG_BATCH_END, 0, 0, NFNL_SUBSYS_NFTABLES, NULL);
	if (send(fd, b.b, b.len, 0) != (ssize_t)b.len ||
	    recv(fd, answer, sizeof(answer), 0) <
	    (ssize_t)(NLMSG_HDRLEN + sizeof(e)))
		return false;
	memcpy(&e, answer + NLMSG_HDRLEN, sizeof(e));
	return e.error == 0;
}

static int control_socket(uint32_t *portid)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(a);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			NETLINK_NETFILTER);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	     getsockname(fd, (struct sockaddr *)&a, &len) == 0, "netlink");
	*portid = a.nl_pid;
	return fd;
}

static int listening_socket(uint32_t portid)
{
	struct sock_filter program[FILTER_TRIPWIRE];
	struct sock_fprog prog = { FILTER_TRIPWIRE, program };
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int group = NFNLGRP_NFTABLES;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			NETLINK_NETFILTER);

	filter_tripwire(portid, program);
	must(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				   sizeof(prog)) == 0, "filter");
	/* Announcements leave out port id 0, which an unbound socket has. */
	must(bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0, "bind");
	must(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			sizeof(group)) == 0, "joining the group");
	return fd;
}

/* ---- the datapath's stand-in */

/* Announcements read until the queue is empty; anything else is 'x'. */
static char look(int fd)
{
	char n = '0';

	for (;;) {
		uint8_t b[4096];
		struct nlmsghdr h;
		ssize_t len = recv(fd, b, sizeof(b), MSG_DONTWAIT);

		if (len < 0)
			return errno == EAGAIN ? n : 'x';
		memcpy(&h, b, sizeof(h));
		if (len < NLMSG_HDRLEN || h.nlmsg_type !=
		    (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN))
			return 'x';
		n++;
	}
}

static bool drop(void)
{
	return setgroups(0, NULL) == 0 &&
	       setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static void child(int fd, int channel)
{
	char c;

	if (!drop())
		_exit(1);
	while (read(channel, &c, 1) == 1) {
		c = look(fd);
		if (write(channel, &c, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static char ask(int channel)
{
	char c = '?';

	if (write(channel, &c, 1) != 1 || read(channel, &c, 1) != 1)
		return 'x';
	return c;
}

static void rounds(int channel, int control)
{
	char text[64];

	claim(ask(channel) == '0', "nothing has been changed yet");
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(text, sizeof(text), "add table inet t%d", i);
		claim(nft(text) == 0, "nft");
		claim(ask(channel) == '1', "one change of nft's is one "
		      "announcement, there when nft has exited");
		snprintf(text, sizeof(text), "own%d", i);
		claim(change(control, text), "a change of control's own");
		claim(ask(channel) == '0', "which is not announced");
	}
	claim(nft("list ruleset >/dev/null") == 0, "nft");
	claim(ask(channel) == '0', "reading is not announced");
	claim(nft("flush ruleset") == 0, "nft");
	claim(ask(channel) == '1', "flushing is");
}

int main(void)
{
	int channel[2], control, fd, status;
	uint32_t portid;
	pid_t pid;

	must(unshare(CLONE_NEWNET) == 0, "private network namespace");
	must(nft("list ruleset") == 0, "nft");
	control = control_socket(&portid);
	fd = listening_socket(portid);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0, "channel");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		close(channel[0]);
		child(fd, channel[1]);
	}
	close(channel[1]);
	close(fd);
	rounds(channel[0], control);
	close(channel[0]);
	claim(waitpid(pid, &status, 0) == pid && status == 0, "the child");
	if (failures == 0)
		printf("holds, %d rounds\n", ROUNDS);
	return failures == 0 ? 0 : 1;
}
