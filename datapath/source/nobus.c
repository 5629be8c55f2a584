/* SPDX-License-Identifier: ISC */
/*
 * libpcap can capture D-Bus. Who links it statically needs libdbus for that,
 * which needs libsystemd, which needs six more, in each of our processes.
 * Nobody here listens to a bus: these two stand where libpcap has its own
 * (pcap-dbus.c), which is then not linked at all.
 */
#include <pcap/pcap.h>

int dbus_findalldevs(void *devices, char *error);
pcap_t *dbus_create(const char *device, char *error, int *is_ours);

int dbus_findalldevs(void *devices, char *error)
{
	(void)devices;
	(void)error;
	return 0;
}

pcap_t *dbus_create(const char *device, char *error, int *is_ours)
{
	(void)device;
	(void)error;
	*is_ours = 0;
	return NULL;
}
