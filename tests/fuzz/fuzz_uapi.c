/* SPDX-License-Identifier: ISC */
/*
 * The answer of a WireGuard device that is a program. The first octet of the
 * input is the size of the pieces in which the rest comes.
 *
 * Whatever it is: in pieces it ends as it does at once, and says the same; what
 * was read is wiped; endpoints are bounded, each once, and each a peer's.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "uapi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum uapi_result take(struct uapi *u, const uint8_t *data, size_t size,
			     size_t step)
{
	enum uapi_result result = UAPI_MORE;
	char *piece = malloc(step);

	assert(piece != NULL);
	uapi_init(u);
	for (size_t at = 0; at < size && result == UAPI_MORE; at += step) {
		size_t n = size - at < step ? size - at : step;

		memcpy(piece, data + at, n);
		result = uapi_take(u, piece, n);
		for (size_t i = 0; i < n; i++)
			assert(piece[i] == 0);
	}
	free(piece);
	return result;
}

static void check(const struct wgdevice *w)
{
	assert(w->n_endpoints <= CONF_ENDPOINTS);
	for (unsigned int i = 0; i < w->n_endpoints; i++) {
		const struct endpoint *e = &w->endpoints[i];

		assert(e->port != 0 && !e->tcp);
		assert(ipaddr_class(&e->addr) != IPCLASS_MULTICAST);
		for (unsigned int j = 0; j < i; j++)
			assert(!endpoint_equal(e, &w->endpoints[j]));
	}
}

static void check_same(const struct wgdevice *a, const struct wgdevice *b)
{
	assert(a->handshake == b->handshake && a->sent == b->sent);
	assert(a->mark == b->mark && a->n_endpoints == b->n_endpoints);
	for (unsigned int i = 0; i < a->n_endpoints; i++)
		assert(endpoint_equal(&a->endpoints[i], &b->endpoints[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct uapi whole, pieces;
	enum uapi_result result;

	if (size < 2 || size > UAPI_MAX)
		return 0;
	result = take(&whole, data + 1, size - 1, size - 1);
	assert(take(&pieces, data + 1, size - 1, data[0] + 1U) == result);
	check(&whole.device);
	check_same(&whole.device, &pieces.device);
	return 0;
}
