/* SPDX-License-Identifier: ISC */
/*
 * busvalue.h - values in messages of the bus, as JSON
 *
 * Strings and paths are strings, an array of 16 octets is an IPv6 address as
 * text, a{sv} is an object; numbers and flags are themselves if they are of
 * type u and b. What else there is becomes null. Variants are not seen. Much
 * of anything is -E2BIG.
 */
#ifndef BUSVALUE_H
#define BUSVALUE_H

#include <jansson.h>
#include <systemd/sd-bus.h>

#include "compat.h"

/* The next value of the message, a new reference. 0 or -errno. */
NODISCARD int busvalue_read(sd_bus_message *m, json_t **value);
/* As a variant: strings, lists of strings, and objects of the three. */
NODISCARD int busvalue_put(sd_bus_message *m, json_t *value);

#endif /* BUSVALUE_H */
