/* SPDX-License-Identifier: ISC */
/* pfctl(8), as far as it is run. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/pfkernel.h"
#include "tests/unit/pfparse.h"

static void declare(const char *line)
{
	const char *name = line + strlen("table <");
	size_t n = strcspn(name, ">");

	for (int i = 0; i < PFK_TABLES; i++) {
		struct pfk_table *t = &pfkernel.table[i];

		if (t->there && strncmp(t->name, name, n) == 0)
			return;
		if (t->there)
			continue;
		t->there = true;
		t->n = 0;
		memcpy(t->name, name, n);
		return;
	}
}

static int load(const char *text, struct pfctl_said *said)
{
	struct pfparse p = { .groups = pfkernel.sys->groups };
	const char *bad = pfparse(text, &p);

	if (bad != NULL || pfkernel.pfctl_refuses) {
		snprintf(said->line, sizeof(said->line),
			 "stdin:%d: syntax error", p.line);
		return 1;
	}
	pfkernel.anchor = true;
	pfkernel.own.n = 0;
	pfkernel.own.ticket++;
	for (; *text != '\0'; text += strcspn(text, "\n") + 1) {
		size_t len = strcspn(text, "\n");

		if (strncmp(text, "table", 5) == 0)
			declare(text);
		else if (text[0] != '#' && strncmp(text, "scrub", 5) != 0)
			snprintf(pfkernel.own.line[pfkernel.own.n++], PFK_LINE,
				 "%.*s", (int)len, text);
	}
	return 0;
}

static int flush_anchor(void)
{
	pfkernel.anchor = false;
	pfkernel.own.n = 0;
	pfkernel.own.ticket++;
	for (int i = 0; i < PFK_TABLES; i++)
		pfkernel.table[i].there = false;
	return 0;
}

static void show(const struct pfk_rules *r, char *out)
{
	for (int i = 0; i < r->n; i++) {
		strcat(out, r->line[i]);
		strcat(out, "\n");
	}
}

static int show_own(struct pfctl_said *said)
{
	if (!pfkernel.anchor)
		return 1;
	show(&pfkernel.own, said->text);
	return 0;
}

int pfkernel_pfctl(const char *const *args, const char *input, size_t len,
		   struct pfctl_said *said, struct why *why)
{
	char text[256] = "";

	(void)len;
	(void)why;
	for (int i = 1; args[i] != NULL; i++) {
		strcat(text, i == 1 ? "" : " ");
		strcat(text, args[i]);
	}
	pfkernel_note(text);
	said->text[0] = '\0';
	if (strcmp(text, "-s rules") == 0) {
		strcpy(said->text, "No ALTQ support in kernel\n");
		show(&pfkernel.scrub, said->text);
		show(&pfkernel.main, said->text);
		said->status = 0;
	} else if (strcmp(text, "-a sallyport -s rules") == 0) {
		said->status = show_own(said);
	} else if (strcmp(text, "-a sallyport -o none -f -") == 0) {
		said->status = load(input, said);
	} else if (strcmp(text, "-a sallyport -F all") == 0) {
		said->status = flush_anchor();
	} else if (strcmp(text, "-v -s Interfaces") == 0) {
		strcpy(said->text, pfkernel.interfaces);
		said->status = 0;
	} else {
		said->status = 2;
	}
	return 0;
}
