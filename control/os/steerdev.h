/* SPDX-License-Identifier: ISC */
/*
 * steerdev.h - what steering is on every system: a device, and its addresses
 */
#ifndef STEERDEV_H
#define STEERDEV_H

struct steer {
	int fd;
	unsigned int ifindex;
};

#endif /* STEERDEV_H */
