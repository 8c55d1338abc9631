/* control.c - what a test says to the server: POST /_control changes what the JSON names and leaves the rest,
** GET /_stats counts, POST /_reset forgets counts and script, GET /_faults lists the names, GET /_log is what was
** recorded. On the same port; the port is loopback only. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server.h"

typedef struct Arena { struct Arena *next; char bytes[]; } Arena;

static Span S(const char *s) { return span_str(s); }

/* The text of a JSON string, kept until the next reset. */
static Span keep(Server *s, const JsonValue *v) {
  if (v->kind != JSON_STRING && v->kind != JSON_NUMBER) return (Span){ 0 };
  Arena *a = malloc(sizeof *a + v->raw.len + 1);
  if (a == NULL) abort();
  a->next = s->config.arena;
  s->config.arena = a;
  size_t n = v->raw.len;
  if (v->kind == JSON_STRING) n = json_decode(v->raw, a->bytes);
  else memcpy(a->bytes, v->raw.ptr, n);
  return span_of(a->bytes, n);
}

static double number(const JsonValue *v) {
  return v->kind == JSON_NUMBER ? strtod(v->raw.ptr, NULL) : v->kind == JSON_TRUE;
}

static int bad(Buf *why, const char *what, const JsonValue *v) {
  buf_printf(why, "%s: %.*s", what, (int)v->raw.len, v->raw.ptr ? v->raw.ptr : "");
  return -1;
}

/* {"a":1,"b":2} into the doubles of those names. */
typedef struct Slot { const char *name; double *at; } Slot;

static int set_numbers(const JsonValue *object, const Slot *slot, size_t n, Buf *why) {
  JsonValue key, v;
  for (JsonIter it = json_iter(object); json_next(&it, &key, &v);) {
    size_t i = 0;
    while (i < n && !json_string_is(&key, S(slot[i].name))) i++;
    if (i == n) return bad(why, "unknown key", &key);
    *slot[i].at = number(&v);
  }
  return 0;
}

static int set_rates(Server *s, const JsonValue *object, Buf *why) {
  JsonValue key, v;
  s->config.nmix = 0;
  for (JsonIter it = json_iter(object); json_next(&it, &key, &v);) {
    const Fault *f = fault_named(key.raw);
    if (f == NULL || s->config.nmix == 64) return bad(why, "unknown fault", &key);
    s->config.mix[s->config.nmix].fault = f;
    s->config.mix[s->config.nmix++].share = number(&v);
  }
  return 0;
}

static int set_rule(Server *s, const JsonValue *object, Rule *r, Buf *why) {
  JsonValue key, v;
  *r = (Rule){ 0 };
  for (JsonIter it = json_iter(object); json_next(&it, &key, &v);) {
    if (json_string_is(&key, S("match"))) r->match = keep(s, &v);
    else if (json_string_is(&key, S("path"))) r->path = keep(s, &v);
    else if (json_string_is(&key, S("skip"))) r->skip = (uint32_t)number(&v);
    else if (json_string_is(&key, S("fault"))) {
      r->use.fault = fault_named(v.raw);
      if (r->use.fault == NULL) return bad(why, "unknown fault", &v);
    } else if (fault_set(&r->use, key.raw, keep(s, &v)) != 0) return bad(why, "unknown key", &key);
  }
  return r->use.fault != NULL ? 0 : bad(why, "a rule needs a fault", object);
}

static int set_script(Server *s, const JsonValue *list, Buf *why) {
  JsonValue v;
  s->config.nrules = 0;
  for (JsonIter it = json_iter(list); json_next(&it, NULL, &v);) {
    if (s->config.nrules == s->config.rules_cap) {
      s->config.rules_cap = s->config.rules_cap ? s->config.rules_cap * 2 : 16;
      s->config.rule = realloc(s->config.rule, s->config.rules_cap * sizeof(Rule));
      if (s->config.rule == NULL) abort();
    }
    if (set_rule(s, &v, &s->config.rule[s->config.nrules], why) != 0) return -1;
    s->config.nrules++;
  }
  return 0;
}

static int set_limits(Server *s, const JsonValue *object, Buf *why) {
  double per_second = -1, limit[LIMITS] = { -1, -1, -1 };
  const Slot SLOT[] = { { "requests_per_second", &per_second }, { "requests_per_minute", &limit[LIMIT_REQUESTS] },
    { "input_tokens_per_minute", &limit[LIMIT_INPUT] }, { "output_tokens_per_minute", &limit[LIMIT_OUTPUT] },
    { "burst_s", &s->config.burst_s }, { "silent", &s->config.silent } };
  if (set_numbers(object, SLOT, 6, why) != 0) return -1;
  if (per_second >= 0) limit[LIMIT_REQUESTS] = per_second * 60;
  for (int i = 0; i < LIMITS; i++)
    if (limit[i] >= 0) limit_set(s, i, limit[i]);
  return 0;
}

static int set_batch(Server *s, const JsonValue *object, Buf *why) {
  double polls = s->config.batch.polls, ms = s->config.batch.ms, missing = 0, duplicate = 0, unknown = 0, shuffle = 1;
  double expire = 0, fail = 0;
  const Slot SLOT[] = { { "polls", &polls }, { "ms", &ms }, { "missing", &missing }, { "duplicate", &duplicate },
    { "unknown", &unknown }, { "shuffle", &shuffle }, { "expire", &expire }, { "fail", &fail } };
  if (set_numbers(object, SLOT, 8, why) != 0) return -1;
  s->config.batch.polls = (uint32_t)polls;
  s->config.batch.ms = (uint32_t)ms;
  s->config.batch.missing = (uint32_t)missing;
  s->config.batch.duplicate = (uint32_t)duplicate;
  s->config.batch.unknown = (uint32_t)unknown;
  s->config.batch.shuffle = shuffle != 0;
  s->config.batch.expire = expire;
  s->config.batch.fail = fail != 0;
  return 0;
}

/* [{"name":"claude-x","provider":"anthropic","flags":["no_sampling"],"context":200000,"max_output":8192}] */
static int set_models(Server *s, const JsonValue *list, Buf *why) {
  static const char *const FLAG[] = { "no_sampling", "reasoning", "no_prefill", "embedding", "thinks" };
  JsonValue v, flag;
  for (JsonIter it = json_iter(list); json_next(&it, NULL, &v);) {
    JsonValue name = json_get(&v, S("name")), provider = json_get(&v, S("provider")), flags = json_get(&v, S("flags"));
    JsonValue context = json_get(&v, S("context")), output = json_get(&v, S("max_output"));
    JsonValue floor = json_get(&v, S("cache_floor"));
    if (name.kind != JSON_STRING || name.raw.len > 63 || s->nmodels == 64) return bad(why, "a model needs a name", &v);
    Model *m = &s->model[s->nmodels++];
    *m = (Model){ .provider = json_string_is(&provider, S("openai")) ? OPENAI : ANTHROPIC };
    memcpy(m->name, name.raw.ptr, name.raw.len);
    m->context = context.kind == JSON_NUMBER ? (uint32_t)number(&context) : 200000;
    m->max_output = output.kind == JSON_NUMBER ? (uint32_t)number(&output) : 64000;
    m->cache_floor = floor.kind == JSON_NUMBER ? (uint32_t)number(&floor) : 1024;
    for (JsonIter ft = json_iter(&flags); json_next(&ft, NULL, &flag);)
      for (unsigned i = 0; i < 5; i++)
        if (json_string_is(&flag, S(FLAG[i]))) m->flags |= 1u << i;
  }
  return 0;
}

static int set_dimensions(Server *s, const JsonValue *list) {
  JsonValue v;
  s->config.ndimensions = 0;
  for (JsonIter it = json_iter(list); s->config.ndimensions < 16 && json_next(&it, NULL, &v);)
    s->config.dimensions[s->config.ndimensions++] = keep(s, &v);
  return 0;
}

static int set_key(char out[128], const JsonValue *v, Buf *why) {
  if (v->kind != JSON_STRING || v->raw.len > 127) return bad(why, "a key is a string", v);
  snprintf(out, 128, "%.*s", (int)v->raw.len, v->raw.ptr);
  return 0;
}

static int set_one(Server *s, const JsonValue *key, const JsonValue *v, Buf *why) {
  Config *c = &s->config;
  const Slot LATENCY[] = { { "ms", &c->latency_ms },
                           { "jitter", &c->jitter },
                           { "straggler_share", &c->straggler_share },
                           { "straggler_ms", &c->straggler_ms } };
  if (json_string_is(key, S("seed"))) return c->seed = (uint64_t)number(v), 0;
  if (json_string_is(key, S("canary"))) return c->canary = number(v), 0;
  if (json_string_is(key, S("max_concurrent"))) return c->max_concurrent = (uint32_t)number(v), 0;
  if (json_string_is(key, S("rates"))) return set_rates(s, v, why);
  if (json_string_is(key, S("script"))) return set_script(s, v, why);
  if (json_string_is(key, S("latency"))) return set_numbers(v, LATENCY, 4, why);
  if (json_string_is(key, S("limits"))) return set_limits(s, v, why);
  if (json_string_is(key, S("batch"))) return set_batch(s, v, why);
  if (json_string_is(key, S("models"))) return set_models(s, v, why);
  if (json_string_is(key, S("dimensions"))) return set_dimensions(s, v);
  if (json_string_is(key, S("anthropic_key"))) return set_key(s->anthropic_key, v, why);
  if (json_string_is(key, S("openai_key"))) return set_key(s->openai_key, v, why);
  return bad(why, "unknown key", key);
}

int control_apply(Server *s, Span json, Buf *why) {
  JsonDoc doc = { 0 };
  int status = json_check(&doc, json, 0) == JSON_OK && doc.root.kind == JSON_OBJECT ? 0 : -1;
  if (status != 0) buf_str(why, "not a JSON object");
  for (size_t i = 0; status == 0 && i < doc.nmembers; i++)
    status = set_one(s, &doc.member[i].key, &doc.member[i].value, why);
  json_doc_free(&doc);
  return status;
}

void control_reset(Server *s) {
  static const char *const DIMENSION[] = { "correctness", "helpfulness", "instruction_following", "completeness",
                                           "quality" };
  for (Arena *a = s->config.arena, *next; a != NULL; a = next) {
    next = a->next;
    free(a);
  }
  free(s->config.rule);
  s->config = (Config){ .burst_s = 1, .batch = { .polls = 1, .shuffle = 1 } };
  for (size_t i = 0; i < 5; i++) s->config.dimensions[s->config.ndimensions++] = S(DIMENSION[i]);
  memset(s->bucket, 0, sizeof s->bucket);
}

static void send_log(Server *s, Reply *p) {
  char block[65536];
  if (s->record_fd < 0) {
    reply_text(p, 404, "application/json", "{\"error\":\"not recording: start with --record FILE\"}");
    return;
  }
  p->type = "application/octet-stream";
  for (off_t at = 0;;) {
    ssize_t n = pread(s->record_fd, block, sizeof block, at);
    if (n <= 0 || buf_add(&p->body, block, (size_t)n) != 0) return;
    at += n;
  }
}

static void apply(Server *s, const Request *r, Reply *p) {
  Buf why = { 0 };
  if (control_apply(s, r->body, &why) == 0) reply_text(p, 200, "application/json", "{\"ok\":true}\n");
  else {
    char text[512];
    snprintf(text, sizeof text, "%.*s", (int)why.len, why.ptr ? why.ptr : "");
    for (char *c = text; *c; c++) if (*c == '"' || *c == '\\') *c = '\'';
    reply_text(p, 400, "application/json", "{\"error\":\"%s\"}\n", text);
  }
  buf_free(&why);
}

void control_handle(Server *s, const Request *r, Reply *p) {
  p->status = 200;
  p->type = "application/json";
  if (span_eq(r->path, S("/_stats"))) stats_json(s, request_query(r, "rows").ptr != NULL, &p->body);
  else if (span_eq(r->path, S("/_faults"))) fault_list(&p->body);
  else if (span_eq(r->path, S("/_log"))) send_log(s, p);
  else if (span_eq(r->path, S("/_control")) && span_eq(r->method, S("POST"))) apply(s, r, p);
  else if (span_eq(r->path, S("/_reset")) && span_eq(r->method, S("POST"))) {
    control_reset(s);
    stats_reset(s);
    batch_free(s);
    reply_text(p, 200, "application/json", "{\"ok\":true}\n");
  } else if (span_eq(r->path, S("/_restart")) && span_eq(r->method, S("POST"))) {
    p->wire = WIRE_RESTART;
    p->step_ms = request_query(r, "ms").ptr != NULL ? (uint32_t)strtoul(request_query(r, "ms").ptr, NULL, 10) : 200;
  } else if (span_eq(r->path, S("/_quit")) && span_eq(r->method, S("POST"))) {
    s->end = true;
    reply_text(p, 200, "application/json", "{\"ok\":true}\n");
  } else reply_text(p, 404, "application/json", "{\"error\":\"no such control\"}\n");
}
