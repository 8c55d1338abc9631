/* anthropic.c - the Messages API: what it refuses and in which words, what it answers. After the provider's own
** types (anthropic-sdk-python, src/anthropic/types) and the documented errors, for both versions of the API:
** 2023-06-01, and 2026-10-21, which takes no sampling parameters. Streaming is not spoken. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "server.h"

static Span S(const char *s) { return span_str(s); }

#define BAD(...) (api_error(s, ANTHROPIC, p, 400, "invalid_request_error", NULL, NULL, __VA_ARGS__), -1)

static int known_fields(Server *s, const Ask *a, Reply *p) {
  static const char *const KNOWN[] = { "model", "messages", "max_tokens", "system", "temperature", "top_p", "top_k",
    "stop_sequences", "tools", "tool_choice", "thinking", "output_config", "metadata", "service_tier", "stream",
    "cache_control", "container", "diagnostics", "inference_geo", "speed", "user_profile_id", "workspace_id", NULL };
  for (size_t f = 0; f < a->nfields; f++) {
    JsonValue key = a->field[f].key;
    int i = 0;
    while (KNOWN[i] != NULL && !json_string_is(&key, S(KNOWN[i]))) i++;
    if (KNOWN[i] == NULL) return BAD("%.*s: Extra inputs are not permitted", (int)key.raw.len, key.raw.ptr);
  }
  return 0;
}

static int mark_block(Server *s, const JsonValue *control, Ask *a, Reply *p) {
  JsonValue type, ttl;
  if (control->kind == JSON_NONE || control->kind == JSON_NULL) return 0;
  type = json_get(control, S("type"));
  if (type.kind != JSON_STRING || !json_string_is(&type, S("ephemeral")))
    return BAD("cache_control.type: Input should be 'ephemeral'");
  ttl = json_get(control, S("ttl"));
  int hour = ttl.kind == JSON_STRING && json_string_is(&ttl, S("1h"));
  if (ttl.kind != JSON_NONE && !hour && !json_string_is(&ttl, S("5m")))
    return BAD("cache_control.ttl: Input should be '5m' or '1h'");
  if (a->nmarks == 4) return BAD("A maximum of 4 blocks with cache_control may be provided. Found 5.");
  a->mark[a->nmarks] = a->text.len;
  a->mark_ttl[a->nmarks++] = hour ? 3600 : 300;
  return 0;
}

/* A string, or a list of text blocks. */
static int read_content(Server *s, const JsonValue *content, const char *where, Ask *a, Reply *p) {
  static const char *const NAMES[] = { "type", "text", "cache_control" };
  JsonValue block, part[3];
  if (content->kind == JSON_STRING) {
    if (content->raw.len == 0) return BAD("%s: text content blocks must be non-empty", where);
    return ask_text(a, content);
  }
  if (content->kind != JSON_ARRAY) return BAD("%s: Input should be a valid list", where);
  for (JsonIter it = json_iter(content); json_next(&it, NULL, &block);) {
    json_pick(&block, NAMES, 3, part);
    if (part[0].kind != JSON_STRING) return BAD("%s.0.type: Field required", where);
    if (!json_string_is(&part[0], S("text"))) return BAD("%s: this server reads blocks of type 'text' only", where);
    if (part[1].kind != JSON_STRING) return BAD("%s.0.text.text: Field required", where);
    if (part[1].raw.len == 0) return BAD("%s: text content blocks must be non-empty", where);
    if (ask_text(a, &part[1]) != 0 || mark_block(s, &part[2], a, p) != 0) return -1;
  }
  return 0;
}

static int read_messages(Server *s, Ask *a, Reply *p) {
  static const char *const NAMES[] = { "role", "content" };
  JsonValue list = ask_field(a, "messages"), m, part[2];
  if (list.kind == JSON_NONE) return BAD("messages: Field required");
  if (list.kind != JSON_ARRAY) return BAD("messages: Input should be a valid list");
  int n = 0, user = 0;
  for (JsonIter it = json_iter(&list); json_next(&it, NULL, &m); n++) {
    char where[48];
    json_pick(&m, NAMES, 2, part);
    JsonValue role = part[0], content = part[1];
    user = role.kind == JSON_STRING && json_string_is(&role, S("user"));
    if (role.kind != JSON_STRING || (!user && !json_string_is(&role, S("assistant"))))
      return BAD("messages: Unexpected role \"%.*s\". Allowed roles are \"user\" or \"assistant\".", (int)role.raw.len,
                 role.raw.ptr ? role.raw.ptr : "");
    if (n == 0 && !user) return BAD("messages: first message must use the \"user\" role");
    snprintf(where, sizeof where, "messages.%d.content", n);
    if (content.kind == JSON_NONE) return BAD("%s: Field required", where);
    if (user) a->user_at = a->text.len;
    if (read_content(s, &content, where, a, p) != 0) return -1;
  }
  if (n == 0) return BAD("messages: at least one message is required");
  if (!user && a->model->flags & MODEL_NO_PREFILL)
    return BAD("This model does not support assistant message prefill. The conversation must end with a user message.");
  return 0;
}

static int read_cap(Server *s, Ask *a, Reply *p) {
  JsonValue v = ask_field(a, "max_tokens");
  if (v.kind == JSON_NONE) return BAD("max_tokens: Field required");
  double max = v.kind == JSON_NUMBER ? strtod(v.raw.ptr, NULL) : NAN;
  if (!(max == floor(max))) return BAD("max_tokens: Input should be a valid integer");
  if (max < 1) return BAD("max_tokens: Input should be greater than or equal to 1");
  if (max > a->model->max_output)
    return BAD("max_tokens: %.0f > %u, which is the maximum allowed number of output tokens for %s", max,
               a->model->max_output, a->model->name);
  a->max_tokens = (uint64_t)max;
  return 0;
}

static int read_sampling(Server *s, Ask *a, Reply *p) {
  static const char *const SAMPLING[] = { "temperature", "top_p", "top_k" };
  for (int i = 0; i < 3; i++) {
    JsonValue v = ask_field(a, SAMPLING[i]);
    if (v.kind == JSON_NONE) continue;
    if (s->newest) return BAD("%s: Extra inputs are not permitted", SAMPLING[i]);   /* even at its default */
    if (a->model->flags & MODEL_NO_SAMPLING) return BAD("`%s` is deprecated for this model.", SAMPLING[i]);
    double x = v.kind == JSON_NUMBER ? strtod(v.raw.ptr, NULL) : NAN;
    if (!(x >= 0)) return BAD("%s: Input should be a valid number", SAMPLING[i]);
    if (i < 2 && x > 1) return BAD("%s: range: 0..1", SAMPLING[i]);
  }
  return 0;
}

static int read_format(Server *s, Ask *a, Reply *p) {
  JsonValue config = ask_field(a, "output_config"), format, type;
  if (config.kind == JSON_NONE) return 0;
  format = json_get(&config, S("format"));
  if (format.kind == JSON_NONE || format.kind == JSON_NULL) return 0;
  type = json_get(&format, S("type"));
  if (type.kind != JSON_STRING || !json_string_is(&type, S("json_schema")))
    return BAD("output_config.format.type: Input should be 'json_schema'");
  a->schema = json_get(&format, S("schema"));
  if (a->schema.kind != JSON_OBJECT) return BAD("output_config.format.schema: Field required");
  Buf why = { 0 };
  int bad = schema_check(ANTHROPIC, &a->schema, &why);
  if (bad) (void)BAD("output_config.format.schema: %.*s", (int)why.len, why.ptr ? why.ptr : "");
  buf_free(&why);
  a->extra += a->schema.raw.len;
  return bad;
}

int anthropic_ask(Server *s, const JsonValue *body, int counting, Ask *a, Reply *p) {
  ask_begin(a, ANTHROPIC, body);
  if (body->kind != JSON_OBJECT) return BAD("Input should be a valid dictionary or object to extract fields from");
  if (known_fields(s, a, p) != 0) return -1;
  JsonValue v = ask_field(a, "model");
  if (v.kind == JSON_NONE) return BAD("model: Field required");
  if (v.kind != JSON_STRING) return BAD("model: Input should be a valid string");
  a->model_name = v.raw;
  a->model = model_find(s, ANTHROPIC, v.raw);
  if (a->model == NULL) {
    api_error(s, ANTHROPIC, p, 404, "not_found_error", NULL, NULL, "model: %.*s", (int)v.raw.len, v.raw.ptr);
    return -1;
  }
  v = ask_field(a, "stream");
  if (v.kind == JSON_TRUE) return BAD("stream: this test server does not stream");
  if ((!counting && read_cap(s, a, p) != 0) || read_sampling(s, a, p) != 0) return -1;
  v = ask_field(a, "tools");
  a->extra += v.raw.len;
  v = ask_field(a, "system");
  if (v.kind != JSON_NONE && read_content(s, &v, "system", a, p) != 0) return -1;
  if (read_messages(s, a, p) != 0 || read_format(s, a, p) != 0) return -1;
  v = ask_field(a, "cache_control");   /* at the top: a breakpoint behind the last block */
  if (v.kind == JSON_OBJECT && mark_block(s, &v, a, p) != 0) return -1;
  ask_find(a);
  if (!counting && ask_tokens(a) > a->model->context)
    return BAD("prompt is too long: %llu tokens > %u maximum", (unsigned long long)ask_tokens(a), a->model->context);
  return 0;
}

/* ---- the reply ---- */

static void text_block(Buf *o, Span text) {
  buf_str(o, "{\"type\":\"text\",\"text\":");
  json_out_string(o, text);
  buf_str(o, ",\"citations\":null}");
}

static void content(const Ask *a, const Answer *w, Buf *o) {
  Span text = buf_span(w->text);
  if (w->fault == REPLY_THINKING || (a->model->flags & MODEL_THINKS && w->fault != REPLY_REFUSAL))
    buf_str(o, "{\"type\":\"thinking\",\"thinking\":\"I would say "
               "{\\\"correctness\\\":1}.\",\"signature\":\"c2lnbmVk\"},");
  if (w->fault == REPLY_UNKNOWN_BLOCK) buf_str(o, "{\"type\":\"server_note\",\"text\":\"{\\\"correctness\\\":1}\"},");
  if (w->fault == REPLY_BLOCKS && text.len > 1) {
    text_block(o, span_of(text.ptr, text.len / 2));
    buf_char(o, ',');
    text = span_of(text.ptr + text.len / 2, text.len - text.len / 2);
  }
  if (text.len > 0) text_block(o, text);
  else if (o->ptr[o->len - 1] == ',') o->len--;
}

static void put_usage(const Usage *u, Buf *o) {
  buf_printf(o,
             "\"usage\":{\"input_tokens\":%llu,\"cache_creation_input_tokens\":%llu,\"cache_read_input_tokens\":%llu,"
             "\"cache_creation\":{\"ephemeral_5m_input_tokens\":%llu,\"ephemeral_1h_input_tokens\":%llu},"
             "\"output_tokens\":%llu,\"output_tokens_details\":{\"thinking_tokens\":%llu},\"server_tool_use\":null,"
             "\"inference_geo\":null,\"speed\":null,\"service_tier\":\"standard\"}",
             (unsigned long long)u->input, (unsigned long long)u->write, (unsigned long long)u->read,
             (unsigned long long)(u->write - u->write_1h), (unsigned long long)u->write_1h,
             (unsigned long long)u->output, (unsigned long long)u->reasoning);
}

void anthropic_reply(Server *s, const Ask *a, const Answer *w, Buf *o) {
  char id[40];
  request_id(s, "msg_", id);
  buf_printf(o, "{\"id\":\"%s\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"%.*s\",\"content\":[", id,
             (int)a->model_name.len, a->model_name.ptr);
  content(a, w, o);
  buf_printf(o,
             "],\"stop_reason\":\"%s\",\"stop_sequence\":null,\"stop_details\":%s,\"container\":null,\"diagnostics\":"
             "null",
             w->fault == REPLY_REFUSAL || w->fault == REPLY_FILTER ? "refusal"
             : w->cut                                              ? "max_tokens"
                                                                   : "end_turn",
             w->fault == REPLY_REFUSAL || w->fault == REPLY_FILTER ? "{\"type\":\"refusal\",\"category\":\"cyber\","
                                                                     "\"explanation\":\"This cannot be judged.\"}"
                                                                   : "null");
  if (w->fault != REPLY_NO_USAGE) {
    buf_char(o, ',');
    put_usage(&w->usage, o);
  }
  buf_char(o, '}');
}
