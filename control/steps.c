/* SPDX-License-Identifier: ISC */
#include "steps.h"

#include <assert.h>
#include <stdbool.h>

int steps_run(const struct step *steps, unsigned int n, void *context,
	      const struct step **failed, struct why *why)
{
	bool done[STEPS_MAX] = { false };
	int error = 0;
	unsigned int i;

	assert(n <= STEPS_MAX);
	for (i = 0; i < n; i++) {
		error = steps[i].run(context, why);
		if (error < 0)
			break;
		done[i] = error == 0;
	}
	if (error >= 0)
		return 0;
	*failed = &steps[i];
	while (i-- > 0)
		if (done[i])
			steps[i].undo(context);
	return error;
}
