/* SPDX-License-Identifier: ISC */
/*
 * The kernel is not asked here who holds a port (sockstat(1) knows).
 */
#include "os/netinfo.h"

bool portowner(const struct ipaddr *addr, uint16_t port, bool tcp,
	       char *text, size_t size)
{
	(void)addr;
	(void)port;
	(void)tcp;
	(void)text;
	(void)size;
	return false;
}

bool portowner_packet(const struct ipaddr *from, uint16_t from_port,
		      const struct ipaddr *to, uint16_t to_port,
		      uint8_t protocol, char *text, size_t size)
{
	(void)from;
	(void)from_port;
	(void)to;
	(void)to_port;
	(void)protocol;
	(void)text;
	(void)size;
	return false;
}
