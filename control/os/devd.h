/* SPDX-License-Identifier: ISC */
/*
 * devd.h - what FreeBSD's devd(8) says of sleep
 */
#ifndef DEVD_H
#define DEVD_H

#include <stddef.h>

enum devd_word { DEVD_NOTHING, DEVD_SLEEP, DEVD_WAKE };

enum { DEVD_MESSAGE = 8192 };	/* octets, more than devd passes on */

/* One message of its socket, as "!system=ACPI subsystem=Resume ...". */
enum devd_word devd_read(const char *text, size_t len);

#endif /* DEVD_H */
