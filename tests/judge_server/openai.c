/* openai.c - Chat Completions as OpenAI speaks it, and as vLLM, llama.cpp, Ollama and TGI bend it.
** After openai-python's types, openai-openapi, and the servers' own documents. Streaming is not spoken. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/json_out.h"
#include "server.h"

enum { REASONING_TOKENS = 64, OLLAMA_CONTEXT = 4096 };

static Span S(const char *s) { return span_str(s); }

#define BAD(code, param, ...) \
  (api_error(s, a->dialect, p, a->dialect == TGI ? 422 : 400, "invalid_request_error", code, param, __VA_ARGS__), -1)

static int known_fields(Server *s, Ask *a, Reply *p) {
  static const char *const KNOWN[] = { "model", "messages", "max_completion_tokens", "max_tokens", "temperature",
    "top_p", "n", "seed", "stop", "logprobs", "top_logprobs", "reasoning_effort", "verbosity", "service_tier", "store",
    "metadata", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier",
    "response_format", "frequency_penalty", "presence_penalty", "logit_bias", "stream", "stream_options", "tools",
    "tool_choice", "parallel_tool_calls", "user", "modalities", "prediction", NULL };
  for (size_t f = 0; a->dialect == OPENAI && f < a->nfields; f++) {
    JsonValue key = a->field[f].key;
    int i = 0;
    while (KNOWN[i] != NULL && !json_string_is(&key, S(KNOWN[i]))) i++;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)key.raw.len, key.raw.ptr);
    if (KNOWN[i] == NULL) return BAD("unknown_parameter", name, "Unknown parameter: '%s'.", name);
  }
  return 0;
}

static int read_content(Server *s, const JsonValue *content, int n, Ask *a, Reply *p) {
  JsonValue part, type, text;
  if (content->kind == JSON_STRING) return ask_text(a, content);
  if (content->kind != JSON_ARRAY)
    return BAD("invalid_type", "messages", "Invalid value for 'messages.[%d].content': expected a string or an array.",
               n);
  for (JsonIter it = json_iter(content); json_next(&it, NULL, &part);) {
    type = json_get(&part, S("type"));
    text = json_get(&part, S("text"));
    if (type.kind != JSON_STRING || !json_string_is(&type, S("text")) || text.kind != JSON_STRING)
      return BAD("invalid_value", "messages", "Invalid value: 'messages[%d].content' must hold parts of type 'text'.",
                 n);
    if (ask_text(a, &text) != 0) return -1;
  }
  return 0;
}

static int read_messages(Server *s, Ask *a, Reply *p) {
  static const char *const ROLES[] = { "system", "developer", "user", "assistant", "tool", "function", NULL };
  static const char *const NAMES[] = { "role", "content" };
  JsonValue list = ask_field(a, "messages"), m, part[2];
  if (list.kind == JSON_NONE)
    return BAD("missing_required_parameter", "messages", "Missing required parameter: 'messages'.");
  if (list.kind != JSON_ARRAY)
    return BAD("invalid_type", "messages", "Invalid type for 'messages': expected an array of objects.");
  int n = 0;
  for (JsonIter it = json_iter(&list); json_next(&it, NULL, &m); n++) {
    json_pick(&m, NAMES, 2, part);
    JsonValue role = part[0], content = part[1];
    int i = 0;
    while (ROLES[i] != NULL && !(role.kind == JSON_STRING && json_string_is(&role, S(ROLES[i])))) i++;
    if (ROLES[i] == NULL)
      return BAD("invalid_value", "messages", "Invalid value: '%.*s'. Supported values are: 'system', 'assistant', "
                 "'user', 'function', 'tool', and 'developer'.", (int)role.raw.len, role.raw.ptr ? role.raw.ptr : "");
    if (i == 2) a->user_at = a->text.len;
    if (read_content(s, &content, n, a, p) != 0) return -1;
    if (n == 0 && a->dialect == OPENAI) {   /* what automatic caching sees as the prefix */
      a->mark[0] = a->text.len;
      a->mark_ttl[0] = 300;
      a->nmarks = 1;
    }
  }
  if (n == 0) return BAD("empty_array", "messages", "Invalid 'messages': empty array. Expected an array with minimum "
                         "length 1, but got an empty array instead.");
  return 0;
}

static int read_cap(Server *s, Ask *a, Reply *p) {
  JsonValue old = ask_field(a, "max_tokens"), v = ask_field(a, "max_completion_tokens");
  int reasons = a->model != NULL && a->model->flags & MODEL_REASONING;
  if (old.kind != JSON_NONE && old.kind != JSON_NULL && reasons)
    return BAD("unsupported_parameter", "max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this "
               "model. Use 'max_completion_tokens' instead.");
  if (v.kind == JSON_NONE || v.kind == JSON_NULL) v = old;
  if (v.kind == JSON_NONE || v.kind == JSON_NULL) return 0;
  double max = v.kind == JSON_NUMBER ? strtod(v.raw.ptr, NULL) : NAN;
  if (!(max >= 1) || max != floor(max))
    return BAD("integer_below_min_value", "max_tokens", "Invalid 'max_tokens': integer below minimum value. Expected a "
               "value >= 1.");
  if (a->model != NULL && max > a->model->max_output)
    return BAD("invalid_value", "max_tokens",
               "max_tokens is too large: %.0f. This model supports at most %u completion "
               "tokens, whereas you provided %.0f.",
               max, a->model->max_output, max);
  a->max_tokens = (uint64_t)max;
  return 0;
}

static int read_numbers(Server *s, Ask *a, Reply *p) {
  static const struct { const char *name; double low, high; } RANGE[] = {
    { "temperature", 0, 2 }, { "top_p", 0, 1 }, { "n", 1, 128 } };
  if (read_cap(s, a, p) != 0) return -1;
  int reasons = a->model != NULL && a->model->flags & MODEL_REASONING;
  for (int i = 0; i < 3; i++) {
    JsonValue v = ask_field(a, RANGE[i].name);
    if (v.kind == JSON_NONE || v.kind == JSON_NULL) continue;
    double x = v.kind == JSON_NUMBER ? strtod(v.raw.ptr, NULL) : NAN;
    if (reasons && i < 2 && x != 1)
      return BAD("unsupported_value", RANGE[i].name, "Unsupported value: '%s' does not support %.*s with this model. "
                 "Only the default (1) value is supported.", RANGE[i].name, (int)v.raw.len, v.raw.ptr);
    if (!(x >= RANGE[i].low && x <= RANGE[i].high))
      return BAD("decimal_above_max_value", RANGE[i].name, "Invalid '%s': expected a value between %g and %g.",
                 RANGE[i].name, RANGE[i].low, RANGE[i].high);
    if (i == 2) a->n = a->dialect == OLLAMA ? 1 : (int)x;
  }
  JsonValue effort = ask_field(a, "reasoning_effort");
  if (effort.kind == JSON_STRING) {
    if (a->dialect == OPENAI && !reasons)
      return BAD("unsupported_parameter", "reasoning_effort",
                 "Unrecognized request argument supplied: reasoning_effort");
    a->effort = effort.raw;
  }
  return 0;
}

static int read_schema(Server *s, const JsonValue *holder, Ask *a, Reply *p) {
  JsonValue name = json_get(holder, S("name")), strict = json_get(holder, S("strict"));
  if (a->dialect == OPENAI) {
    if (name.kind != JSON_STRING)
      return BAD("missing_required_parameter", "response_format.json_schema.name",
                 "Missing required parameter: 'response_format.json_schema.name'.");
    for (size_t i = 0; i < name.raw.len; i++)
      if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", name.raw.ptr[i]) || i >= 64)
        return BAD("invalid_value", "response_format.json_schema.name", "Invalid 'response_format.json_schema.name': "
                   "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.");
  }
  a->schema = json_get(holder, S("schema"));
  if (a->schema.kind != JSON_OBJECT)
    return BAD("missing_required_parameter", "response_format.json_schema.schema",
               "Missing required parameter: 'response_format.json_schema.schema'.");
  Buf why = { 0 };
  int bad = strict.kind == JSON_TRUE && schema_check(a->dialect, &a->schema, &why) != 0;
  if (bad)
    (void)BAD(NULL, "response_format", "Invalid schema for response_format '%.*s': %.*s", (int)name.raw.len,
              name.raw.ptr, (int)why.len, why.ptr ? why.ptr : "");
  buf_free(&why);
  a->extra += a->schema.raw.len;
  return bad ? -1 : 0;
}

/* llama.cpp's documents put the schema beside the type; TGI calls it `value` and refuses the other shape. */
static int read_format(Server *s, Ask *a, Reply *p) {
  JsonValue format = ask_field(a, "response_format"), type, part;
  if (a->dialect == VLLM || a->dialect == VLLM_FLAT) {
    JsonValue own = ask_field(a, "structured_outputs");
    part = json_get(&own, S("json"));
    if (part.kind == JSON_OBJECT) a->schema = part;
  }
  if (format.kind == JSON_NONE || format.kind == JSON_NULL) return 0;
  type = json_get(&format, S("type"));
  if (type.kind != JSON_STRING)
    return BAD("missing_required_parameter", "response_format.type",
               "Missing required parameter: 'response_format.type'.");
  if (json_string_is(&type, S("text"))) return 0;
  if (a->dialect == TGI) {
    part = json_get(&format, S("value"));
    if (part.kind == JSON_NONE)
      return BAD(NULL, NULL, "Failed to deserialize the JSON body into the target type: response_format: missing field "
                 "`value`");
    JsonValue inner = json_get(&part, S("schema"));
    a->schema = inner.kind == JSON_OBJECT ? inner : part;
    return 0;
  }
  a->json_mode = 1;
  if (json_string_is(&type, S("json_schema"))) {
    part = json_get(&format, S("json_schema"));
    if (a->dialect == LLAMACPP && part.kind != JSON_OBJECT) part = format;
    if (part.kind != JSON_OBJECT)
      return BAD("missing_required_parameter", "response_format.json_schema",
                 "Missing required parameter: 'response_format.json_schema'.");
    return read_schema(s, &part, a, p);
  }
  if (!json_string_is(&type, S("json_object")))
    return BAD("invalid_value", "response_format.type", "Invalid value: '%.*s'. Supported values are: 'json_object', "
               "'json_schema', and 'text'.", (int)type.raw.len, type.raw.ptr);
  if (a->dialect == LLAMACPP) a->schema = json_get(&format, S("schema"));
  if (a->dialect == OPENAI && memmem(a->text.ptr, a->text.len, "json", 4) == NULL &&
      memmem(a->text.ptr, a->text.len, "JSON", 4) == NULL)
    return BAD(NULL, "messages",
               "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
               "'json_object'.");
  return 0;
}

static int read_model(Server *s, Ask *a, Reply *p) {
  JsonValue v = ask_field(a, "model");
  a->model_name = S("default");
  if (v.kind != JSON_STRING) {
    if (a->dialect == LLAMACPP || a->dialect == TGI) return 0;
    return BAD("missing_required_parameter", "model", "you must provide a model parameter");
  }
  a->model_name = v.raw;
  a->model = a->dialect == OPENAI ? model_find(s, OPENAI, v.raw) : NULL;
  if (a->dialect == OPENAI && (a->model == NULL || a->model->flags & MODEL_EMBEDDING)) {
    api_error(s, OPENAI, p, 404, "invalid_request_error", "model_not_found", NULL,
              "The model `%.*s` does not exist or you "
              "do not have access to it.",
              (int)v.raw.len, v.raw.ptr);
    return -1;
  }
  if (a->dialect != OPENAI && a->dialect != LLAMACPP && a->dialect != TGI && span_eq(v.raw, S("missing"))) {
    api_error(s, a->dialect, p, 404, a->dialect == OLLAMA ? "not_found_error" : "NotFoundError", NULL, NULL,
              "The model `missing` does not exist.");
    return -1;
  }
  return 0;
}

static uint64_t context_of(const Ask *a) {
  if (a->model != NULL) return a->model->context;
  return a->dialect == OLLAMA ? UINT64_MAX : 32768;
}

int openai_ask(Server *s, Dialect d, const JsonValue *body, Ask *a, Reply *p) {
  ask_begin(a, d, body);
  if (body->kind != JSON_OBJECT) return BAD(NULL, NULL, "Invalid body: expected a JSON object.");
  if (read_model(s, a, p) != 0 || known_fields(s, a, p) != 0) return -1;
  JsonValue v = ask_field(a, "stream");
  if (v.kind == JSON_TRUE) return BAD(NULL, "stream", "this test server does not stream");
  if (read_numbers(s, a, p) != 0 || read_messages(s, a, p) != 0 || read_format(s, a, p) != 0)
    return -1;
  v = ask_field(a, "tools");
  a->extra += v.raw.len;
  ask_find(a);
  uint64_t tokens = ask_tokens(a);
  if (tokens > context_of(a))
    return BAD("context_length_exceeded", "messages",
               "This model's maximum context length is %llu tokens. However, your "
               "messages resulted in %llu tokens. Please reduce the length of the messages.",
               (unsigned long long)context_of(a), (unsigned long long)tokens);
  return 0;
}

/* ---- the reply ---- */

static void message(const Ask *a, const Answer *w, Buf *o) {
  buf_str(o, "\"message\":{\"role\":\"assistant\",\"content\":");
  if (w->fault == REPLY_REFUSAL) buf_str(o, "null,\"refusal\":\"I'm sorry, I can't assist with that request.\"");
  else {
    json_out_string(o, buf_span(w->text));
    if (a->dialect == OPENAI) buf_str(o, ",\"refusal\":null,\"annotations\":[]");
  }
  if (w->fault == REPLY_REASONING || w->fault == REPLY_THINKING)
    buf_str(o, ",\"reasoning_content\":\"I would say {\\\"correctness\\\":1}.\"");
  else if (a->dialect == VLLM || a->dialect == VLLM_FLAT) buf_str(o, ",\"reasoning_content\":null,\"tool_calls\":[]");
  buf_char(o, '}');
}

static void put_usage(const Ask *a, const Usage *u, Buf *o) {
  uint64_t prompt = u->input + u->read;
  buf_printf(o, ",\"usage\":{\"prompt_tokens\":%llu,\"completion_tokens\":%llu,\"total_tokens\":%llu",
             (unsigned long long)prompt, (unsigned long long)u->output, (unsigned long long)(prompt + u->output));
  if (a->dialect == OPENAI)
    buf_printf(o,
               ",\"prompt_tokens_details\":{\"cached_tokens\":%llu,\"audio_tokens\":0},\"completion_tokens_details\":{"
               "\"reasoning_tokens\":%llu,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,"
               "\"rejected_prediction_tokens\":0}",
               (unsigned long long)u->read, (unsigned long long)u->reasoning);
  buf_char(o, '}');
}

void openai_reply(Server *s, const Ask *a, const Answer *w, Buf *o) {
  static const char *const PRINT[DIALECTS] = { "", "fp_test", NULL, NULL, "b6123-llama", "fp_ollama", "3.3.6-native" };
  char id[40];
  request_id(s, "chatcmpl-", id);
  buf_printf(o, "{\"id\":\"%s\",\"object\":\"chat.completion\",\"created\":%lld,\"model\":\"%.*s\",\"choices\":[", id,
             (long long)time(NULL), (int)a->model_name.len, a->model_name.ptr);
  for (int i = 0; i < a->n; i++) {
    buf_printf(o, "%s{\"index\":%d,", i ? "," : "", i);
    message(a, w, o);
    buf_printf(o, ",\"logprobs\":null,\"finish_reason\":\"%s\"}",
               w->fault == REPLY_FILTER ? "content_filter" : w->cut ? "length" : "stop");
  }
  buf_char(o, ']');
  if (w->fault != REPLY_NO_USAGE) put_usage(a, &w->usage, o);
  if (a->dialect == OPENAI) buf_str(o, ",\"service_tier\":\"default\"");
  if (a->dialect == LLAMACPP)
    buf_str(o, ",\"timings\":{\"prompt_n\":1,\"prompt_ms\":1.5,\"predicted_n\":1,\"predicted_ms\":2.5}");
  if (a->dialect == VLLM || a->dialect == VLLM_FLAT) buf_str(o, ",\"prompt_logprobs\":null");
  if (PRINT[a->dialect] != NULL) buf_printf(o, ",\"system_fingerprint\":\"%s\"", PRINT[a->dialect]);
  buf_char(o, '}');
}
