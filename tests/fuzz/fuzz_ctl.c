/* SPDX-License-Identifier: ISC */
/*
 * One line from a client: whatever it holds, the answer is none, or JSON that
 * fits on a line, is an object or a non-empty array, and says "2.0".
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctlproto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Echoes params, or fails with the method's name, cut short. */
static int run(void *arg, const char *method, json_t *params,
	       json_t **result, struct ctl_error *error)
{
	(void)arg;
	if (params != NULL) {
		*result = json_incref(params);
		return 0;
	}
	error->code = CTL_METHOD;
	return why_set(&error->why, -1, "%.7s", method);
}

static void check_one(const json_t *answer)
{
	const char *version =
		json_string_value(json_object_get(answer, "jsonrpc"));

	assert(version != NULL && strcmp(version, "2.0") == 0);
	assert(json_object_get(answer, "id") != NULL);
	assert((json_object_get(answer, "result") == NULL) !=
	       (json_object_get(answer, "error") == NULL));
}

static void check(const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);

	assert(text != NULL && strchr(text, '\n') == NULL);
	free(text);
	if (!json_is_array(answer)) {
		check_one(answer);
		return;
	}
	assert(json_array_size(answer) > 0);
	for (size_t i = 0; i < json_array_size(answer); i++)
		check_one(json_array_get(answer, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctlproto p = { .run = run };
	json_t *answer;

	if (size > CTL_LINE)
		return 0;
	answer = ctlproto_answer(&p, (const char *)data, size);
	if (answer != NULL)
		check(answer);
	json_decref(answer);
	return 0;
}
