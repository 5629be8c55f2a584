/* SPDX-License-Identifier: ISC */
#include "bench/textset.h"

#include <nftables/libnftables.h>
#include <stddef.h>

static struct nft_ctx *context;

bool textset_open(void)
{
	context = nft_ctx_new(NFT_CTX_DEFAULT);
	return context != NULL;
}

bool textset_run(const char *command)
{
	return nft_run_cmd_from_buffer(context, command) == 0;
}
