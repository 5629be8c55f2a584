/* SPDX-License-Identifier: ISC */
#include "poller.h"

#include <errno.h>
#include <sys/epoll.h>

enum { BATCH = 64 };

int poller_open(struct poller *p)
{
	p->fd = epoll_create1(EPOLL_CLOEXEC);
	return p->fd < 0 ? -errno : 0;
}

static int control(struct poller *p, int op, int fd, uint64_t token,
		   uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = token };

	return epoll_ctl(p->fd, op, fd, &ev) < 0 ? -errno : 0;
}

int poller_add(struct poller *p, int fd, uint64_t token)
{
	return control(p, EPOLL_CTL_ADD, fd, token, EPOLLIN);
}

int poller_add_kick(struct poller *p, int fd, uint64_t token)
{
	return control(p, EPOLL_CTL_ADD, fd, token, EPOLLIN | EPOLLET);
}

int poller_mod(struct poller *p, int fd, uint64_t token, bool write)
{
	return control(p, EPOLL_CTL_MOD, fd, token,
		       write ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

int poller_wait(struct poller *p, uint64_t *tokens, int max, int timeout_ms)
{
	struct epoll_event ev[BATCH];
	int n = epoll_wait(p->fd, ev, max < BATCH ? max : BATCH, timeout_ms);

	for (int i = 0; i < n; i++)
		tokens[i] = ev[i].data.u64;
	return n < 0 ? 0 : n;
}
