/* SPDX-License-Identifier: ISC */
#include "os/steer.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/steerdev.h"
#include "os/tun.h"

/* 198.18.53.0/30 and fd73:616c:6c79::/126 */
const struct ipnet steer_nets[STEER_ADDRESSES] = {
	{ .addr = { { [10] = 0xff, 0xff, 198, 18, 53, 0 } }, .bits = 126 },
	{ .addr = { { 0xfd, 0x73, 0x61, 0x6c, 0x6c, 0x79 } }, .bits = 126 },
};

static struct ipaddr behind(unsigned int i, uint8_t n)
{
	struct ipaddr a = steer_nets[i].addr;

	a.b[15] = (uint8_t)(a.b[15] + n);
	return a;
}

struct ipaddr steer_address(unsigned int i)
{
	return behind(i, 1);
}

struct ipaddr steer_peer(unsigned int i)
{
	return behind(i, 2);
}

/* The name is what the firewall's rules ask for. */
bool steer_alive(const struct steer *s)
{
	return if_nametoindex(STEER_DEVICE) == s->ifindex;
}

int steer_open(struct steer **steer, struct why *why)
{
	struct steer *s = calloc(1, sizeof(*s));
	int error;

	if (s == NULL)
		return why_set(why, -ENOMEM, "no memory for %s", STEER_DEVICE);
	error = tun_open(STEER_DEVICE, &s->fd, why);
	if (error != 0) {
		free(s);
		return error;
	}
	s->ifindex = if_nametoindex(STEER_DEVICE);
	*steer = s;
	return 0;
}

int steer_fd(const struct steer *s)
{
	tun_drain(s->fd);
	return s->fd;
}

void steer_close(struct steer *s)
{
	close(s->fd);
	free(s);
}
