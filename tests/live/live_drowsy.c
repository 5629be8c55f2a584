/* SPDX-License-Identifier: ISC */
/*
 * The daemon with the fault that live/wake.sh looks for: it never hears that
 * the machine sleeps, and lets it do so at once. Linked with
 * --wrap=logind_next and --wrap=wakewatch_look.
 */
#include "os/logind.h"
#include "os/wakewatch.h"

int __real_logind_next(struct logind *l, enum logind_event *event,
		       struct why *why);
int __wrap_logind_next(struct logind *l, enum logind_event *event,
		       struct why *why);
uint64_t __wrap_wakewatch_look(struct wakewatch *w);

int __wrap_logind_next(struct logind *l, enum logind_event *event,
		       struct why *why)
{
	int n = __real_logind_next(l, event, why);

	if (n <= 0)
		return n;
	if (*event == LOGIND_SLEEP)
		logind_release(l);
	if (*event == LOGIND_WAKE)
		logind_hold(l);
	if (*event == LOGIND_SLEEP || *event == LOGIND_WAKE)
		*event = LOGIND_NOTHING;
	return n;
}

uint64_t __wrap_wakewatch_look(struct wakewatch *w)
{
	(void)w;
	return 0;
}
