/* SPDX-License-Identifier: ISC */
/*
 * A frame that may say where a hop is. Who is accepted can be sent to.
 */
#include <assert.h>
#include <string.h>

#include "ether.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nobody[6], mac[6] = { 2, 0, 0, 0, 0, 1 };
	struct slice s = { data, size };
	struct ether_neighbour n;

	if (ether_is_for(s, mac))
		assert(size >= 14 && memcmp(data, mac, 6) == 0);
	if (ether_neighbour_read(s, &n) != PARSE_OK)
		return 0;
	assert((n.mac[0] & 1) == 0 && memcmp(n.mac, nobody, 6) != 0);
	assert(size >= 42);
	return 0;
}
