/* SPDX-License-Identifier: ISC */
/*
 * The live suite of firewalls against the one in memory: on every system, and
 * without root.
 */
#include "fwsuite.h"

int main(void)
{
	struct conf c = { .firewall = { .mode = FWMODE_OWN } };

	check(fw_memory_open(&fw, &c, &why) == 0, "open");
	if (fw == NULL)
		return 1;
	fwsuite();
	fw->ops->close(fw);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
