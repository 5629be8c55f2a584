/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"
#include "os/devd.h"

/* As devd passes them on; acpi.c's acpi_UserNotify() writes the first two. */
static const struct {
	const char *edge, *text;
	enum devd_word word;
} rows[] = {
	{ "suspend", "!system=ACPI subsystem=Suspend type=\\ notify=0x03\n",
	  DEVD_SLEEP },
	{ "resume", "!system=ACPI subsystem=Resume type=\\ notify=0x03\n",
	  DEVD_WAKE },
	{ "without an end of line", "!system=ACPI subsystem=Resume",
	  DEVD_WAKE },
	{ "another order", "!subsystem=Resume system=ACPI\n", DEVD_WAKE },
	{ "a lid", "!system=ACPI subsystem=Lid type=\\_SB_.LID notify=0x00\n",
	  DEVD_NOTHING },
	{ "a link", "!system=IFNET subsystem=em0 type=LINK_UP\n",
	  DEVD_NOTHING },
	{ "another system", "!system=ZFS subsystem=Resume type=x\n",
	  DEVD_NOTHING },
	{ "a device of that name", "+Resume at system=ACPI on acpi0\n",
	  DEVD_NOTHING },
	{ "in quotes", "!system=X comm=\" subsystem=Resume system=ACPI\"\n",
	  DEVD_NOTHING },
	{ "behind quotes", "!comm=\"a b\" system=ACPI subsystem=Resume\n",
	  DEVD_WAKE },
	{ "quotes without end", "!comm=\" system=ACPI subsystem=Resume\n",
	  DEVD_NOTHING },
	{ "a longer key", "!mysystem=ACPI subsystem=Resume\n", DEVD_NOTHING },
	{ "a longer value", "!system=ACPI subsystem=Resumed\n",
	  DEVD_NOTHING },
	{ "no value", "!system= subsystem=\n", DEVD_NOTHING },
	{ "in the next line", "!system=ACPI\n subsystem=Resume\n",
	  DEVD_NOTHING },
	{ "nothing", "", DEVD_NOTHING },
	{ "an end of line", "\n", DEVD_NOTHING },
	{ "only the mark", "!", DEVD_NOTHING },
};

Test(devd, messages)
{
	for (size_t i = 0; i < NITEMS(rows); i++) {
		/* Not one octet more than it is told of. */
		size_t len = strlen(rows[i].text);
		char *text = malloc(len + (len == 0));

		memcpy(text, rows[i].text, len);
		cr_expect_eq(devd_read(text, len), rows[i].word, "%s",
			     rows[i].edge);
		free(text);
	}
}
