/* SPDX-License-Identifier: ISC */
#include "ctlproto.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A sentence cut in the middle of a character is not UTF-8 any more. */
static json_t *sentence(const char *text)
{
	char plain[WHY_MAX];
	json_t *s = json_string(text);

	if (s != NULL)
		return s;
	snprintf(plain, sizeof(plain), "%s", text);
	for (char *p = plain; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return json_string(plain);
}

/* id is borrowed; NULL stands for null. */
static json_t *failure(json_t *id, const struct ctl_error *e)
{
	json_t *error = json_pack("{s:i, s:o}", "code", (int)e->code,
				  "message", sentence(e->why.text));

	if (error != NULL && e->step[0] != '\0')
		json_object_set_new(error, "data",
				    json_pack("{s:s}", "step", e->step));
	return json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0",
			 "id", id != NULL ? json_incref(id) : json_null(),
			 "error", error);
}

static json_t *refusal(json_t *id, int code, const char *text)
{
	struct ctl_error e = { .code = (enum ctl_code)code };

	why_set(&e.why, 0, "%s", text);
	return failure(id, &e);
}

json_t *ctlproto_refusal(int code, const char *text)
{
	return refusal(NULL, code, text);
}

static json_t *success(json_t *id, json_t *result)
{
	json_t *answer = json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0",
				   "id", id, "result", result);

	return answer != NULL ? answer
			      : refusal(id, CTL_INTERNAL, "there is no result");
}

static json_t *run(const struct ctlproto *p, json_t *id, const char *method,
		   json_t *params)
{
	struct ctl_error e = { .code = CTL_INTERNAL };
	json_t *result = NULL;

	if (p->run(p->arg, method, params, &result, &e) != 0)
		return id != NULL ? failure(id, &e) : NULL;
	if (id != NULL)
		return success(id, result);
	json_decref(result);
	return NULL;
}

static bool id_fits(const json_t *id)
{
	return id == NULL || json_is_string(id) || json_is_number(id) ||
	       json_is_null(id);
}

static json_t *answer_request(const struct ctlproto *p, json_t *request)
{
	json_t *id = json_object_get(request, "id");
	json_t *params = json_object_get(request, "params");
	const char *version, *method;

	if (!json_is_object(request))
		return refusal(NULL, CTL_REQUEST, "a request is an object");
	if (!id_fits(id))
		return refusal(NULL, CTL_REQUEST,
			       "\"id\" is a string, a number or null");
	version = json_string_value(json_object_get(request, "jsonrpc"));
	if (version == NULL || strcmp(version, "2.0") != 0)
		return refusal(id, CTL_REQUEST, "\"jsonrpc\" is not \"2.0\"");
	method = json_string_value(json_object_get(request, "method"));
	if (method == NULL)
		return refusal(id, CTL_REQUEST, "\"method\" is not a string");
	if (params == NULL || json_is_object(params))
		return run(p, id, method, params);
	return id == NULL ? NULL : refusal(id, CTL_PARAMS,
					   "\"params\" is not an object");
}

static json_t *answer_batch(const struct ctlproto *p, json_t *batch)
{
	size_t n = json_array_size(batch);
	json_t *answers;

	if (n == 0 || n > CTLPROTO_BATCH)
		return refusal(NULL, CTL_REQUEST,
			       "a batch holds 1 to 16 requests");
	answers = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *a = answer_request(p, json_array_get(batch, i));

		if (a != NULL)
			json_array_append_new(answers, a);
	}
	if (json_array_size(answers) != 0)
		return answers;
	json_decref(answers);
	return NULL;
}

json_t *ctlproto_answer(const struct ctlproto *p, const char *line, size_t len)
{
	/* JSON_DECODE_ANY: "1" is JSON, but no request. */
	struct ctl_error e = { .code = CTL_PARSE };
	json_error_t bad;
	json_t *request = json_loadb(line, len,
				     JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
				     &bad);
	json_t *answer;

	if (request == NULL) {
		why_set(&e.why, 0, "not JSON: at octet %d: %s", bad.position,
			bad.text);
		return failure(NULL, &e);
	}
	answer = json_is_array(request) ? answer_batch(p, request)
					: answer_request(p, request);
	json_decref(request);
	return answer;
}

json_t *ctlproto_event(json_t *event)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(event, "time_ms",
			    json_integer(now.tv_sec * 1000LL +
					 now.tv_nsec / 1000000));
	return json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0",
			 "method", "event", "params", event);
}
