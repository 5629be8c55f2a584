/* SPDX-License-Identifier: ISC */
/*
 * wgkernel.h - asking a WireGuard device of the kernel's
 */
#ifndef WGKERNEL_H
#define WGKERNEL_H

#include "compat.h"
#include "wgdevice.h"

struct nlmsghdr;

/* 0, or -errno: -ENOENT where the kernel has no WireGuard. */
NODISCARD int wgkernel_read(const char *ifname, struct wgdevice *w);

/*
 * One message of its answer; a device with many peers takes several. What
 * is not as linux/wireguard.h says is left out; -EBADMSG: a time that is none.
 */
NODISCARD int wgkernel_take(const struct nlmsghdr *h, struct wgdevice *w);

#endif /* WGKERNEL_H */
