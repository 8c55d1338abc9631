/* api.c - one request: where it goes, who sent it, what it meets on the way, what it costs.
** Order, as the providers have it: key, version, JSON, fields; then the planned fault; then the limits; then the
** model runs and is billed, whatever happens to the reply. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "core/json_out.h"
#include "server.h"

enum { MESSAGES_MAX = 32 << 20, THINKING_TOKENS = 20, REASONING_TOKENS = 64, OLLAMA_CONTEXT = 4096 };

static Span S(const char *s) { return span_str(s); }

static int starts(Span text, const char *with) {
  size_t n = strlen(with);
  return text.len >= n && memcmp(text.ptr, with, n) == 0;
}

void request_id(Server *s, const char *prefix, char out[40]) {
  uint64_t n = ++s->next_id;
  snprintf(out, 40, "%s%016llx%06llx", prefix, (unsigned long long)mix_hash(7, S(prefix), n), (unsigned long long)n);
}

/* ---- errors ---- */

static void error_body(Dialect d, Buf *o, int status, const char *type, const char *code, const char *param, Span text,
                       const char *id) {
  const char *names[2] = { code, param };
  const char *keys[2] = { "code", "param" };
  switch (d) {
    case ANTHROPIC:
      buf_printf(o, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":", type ? type : "api_error");
      json_out_string(o, text);
      if (code != NULL) buf_printf(o, ",\"details\":{\"error_code\":\"%s\"}", code);
      buf_printf(o, "},\"request_id\":\"%s\"}", id);
      return;
    case TGI:
      buf_str(o, "{\"error\":");
      json_out_string(o, text);
      buf_printf(o, ",\"error_type\":\"%s\"}",
                 status == 422   ? "validation"
                 : status == 429 ? "overloaded"
                                 : "generation");
      return;
    case VLLM_FLAT: case VLLM: case LLAMACPP:
      buf_str(o, d == VLLM_FLAT ? "{\"object\":\"error\",\"message\":" : "{\"error\":{\"message\":");
      json_out_string(o, text);
      buf_printf(o, ",\"type\":\"%s\"%s,\"code\":%d%s",
                 status == 400 ? "BadRequestError"
                 : type        ? type
                               : "InternalServerError",
                 d == LLAMACPP ? "" : ",\"param\":null", status, d == VLLM_FLAT ? "}" : "}}");
      return;
    default:
      buf_str(o, "{\"error\":{\"message\":");
      json_out_string(o, text);
      buf_printf(o, ",\"type\":\"%s\"", d == OLLAMA && status >= 500 ? "api_error" : type ? type : "server_error");
      for (int i = 0; i < 2; i++) {
        if (names[i] != NULL && d == OPENAI) buf_printf(o, ",\"%s\":\"%s\"", keys[i], names[i]);
        else buf_printf(o, ",\"%s\":null", keys[i]);
      }
      buf_str(o, "}}");
  }
}

void api_error(Server *s, Dialect d, Reply *p, int status, const char *type, const char *code, const char *param,
               const char *fmt, ...) {
  char text[2048], id[40];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  request_id(s, "req_", id);
  p->status = status;
  p->type = "application/json";
  p->body.len = 0;
  error_body(d, &p->body, status, type, code, param, S(text), id);
}

static void not_found(Server *s, Dialect d, const Request *r, Reply *p) {
  if (d == ANTHROPIC) api_error(s, d, p, 404, "not_found_error", NULL, NULL, "Not found");
  else if (d == OLLAMA) reply_text(p, 404, "text/plain", "404 page not found");
  else api_error(s, d, p, 404, "invalid_request_error", NULL, NULL, "Invalid URL (%.*s %.*s)", (int)r->method.len,
                 r->method.ptr, (int)r->path.len, r->path.ptr);
}

/* ---- who asks ---- */

/* Much of the key is echoed, as OpenAI does: a client that prints the message must mask it. */
static void wrong_key(Server *s, Span given, Reply *p) {
  int tail = given.len >= 8 ? 4 : 0, head = given.len >= 12 ? 8 : 0;
  char stars[64];
  size_t n = given.len - (size_t)(tail + head);
  snprintf(stars, sizeof stars, "%.*s", n < 60 ? (int)n : 60,
           "************************************************************");
  api_error(s, OPENAI, p, 401, "invalid_request_error", "invalid_api_key", NULL,
            "Incorrect API key provided: %.*s%s%.*s. "
            "You can find your API key at https://platform.openai.com/account/api-keys.",
            head, given.ptr, stars, tail, given.ptr + given.len - tail);
}

static Span bearer(const Request *r) {
  Span v = request_header(r, "authorization");
  if (v.len > 7 && strncasecmp(v.ptr, "Bearer ", 7) == 0) return span_of(v.ptr + 7, v.len - 7);
  return (Span){ 0 };
}

static int known_caller(Server *s, Dialect d, const Request *r, Reply *p) {
  Span key = d == ANTHROPIC ? request_header(r, "x-api-key") : bearer(r);
  if (d == ANTHROPIC) {
    if (key.ptr == NULL) key = bearer(r);
    if (key.ptr == NULL)
      return api_error(s, d, p, 401, "authentication_error", NULL, NULL, "x-api-key header is required"), 0;
    if (!span_eq(key, S(s->anthropic_key)))
      return api_error(s, d, p, 401, "authentication_error", NULL, NULL, "invalid x-api-key"), 0;
    Span version = request_header(r, "anthropic-version");
    if (version.ptr == NULL)
      return api_error(s, d, p, 400, "invalid_request_error", NULL, NULL, "anthropic-version: header is required"), 0;
    if (!span_eq(version, S("2023-06-01")) && !span_eq(version, S("2026-10-21")))
      return api_error(s, d, p, 400, "invalid_request_error", NULL, NULL, "anthropic-version: \"%.*s\" is not a valid "
                       "version", (int)version.len, version.ptr), 0;
    s->newest = span_eq(version, S("2026-10-21"));
  } else if (d == OPENAI) {
    if (key.ptr == NULL)
      return api_error(s, d, p, 401, "invalid_request_error", NULL, NULL, "You didn't provide an API key. You need to "
                       "provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer "
                       "YOUR_KEY)."), 0;
    if (!span_eq(key, S(s->openai_key))) return wrong_key(s, key, p), 0;
  }
  return 1;
}

/* ---- models ---- */

/* Is `name` the model, or a dated version of it: claude-haiku-4-5-20251001, gpt-4o-mini-2024-07-18? */
static int is_model(const Model *m, Span name) {
  size_t n = strlen(m->name), i = n;
  if (name.len < n || memcmp(name.ptr, m->name, n) != 0) return 0;
  if (name.len != n && name.len != n + (m->provider == ANTHROPIC ? 9 : 11)) return 0;
  while (i < name.len && strchr("-0123456789", name.ptr[i]) != NULL) i++;
  return i == name.len;
}

const Model *model_find(Server *s, Dialect provider, Span name) {
  for (size_t i = 0; i < s->nmodels; i++)
    if (s->model[i].provider == provider && is_model(&s->model[i], name)) return &s->model[i];
  return NULL;
}

static void list_models(Server *s, Dialect d, Reply *p) {
  Buf *o = &p->body;
  p->type = "application/json";
  buf_str(o, d == ANTHROPIC ? "{\"data\":[" : "{\"object\":\"list\",\"data\":[");
  const char *first = "", *last = "";
  for (size_t i = 0, n = 0; i < s->nmodels; i++) {
    const Model *m = &s->model[i];
    if (m->provider != (d == ANTHROPIC ? ANTHROPIC : OPENAI)) continue;
    if (d == ANTHROPIC)
      buf_printf(o,
                 "%s{\"type\":\"model\",\"id\":\"%s\",\"display_name\":\"%s\",\"created_at\":\"2025-10-01T00:00:00Z\"}",
                 n++ ? "," : "", m->name, m->name);
    else
      buf_printf(o, "%s{\"id\":\"%s\",\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"test\"}",
                 n++ ? "," : "", d == LLAMACPP ? "/models/qwen3-8b-q4_k_m.gguf" : m->name);
    if (*first == '\0') first = m->name;
    last = m->name;
    if (d == LLAMACPP) break;
  }
  if (d == ANTHROPIC) buf_printf(o, "],\"has_more\":false,\"first_id\":\"%s\",\"last_id\":\"%s\"}", first, last);
  else buf_str(o, "]}");
}

/* ---- the model runs ---- */

static uint64_t latency(Server *s, const Ask *a) {
  const Config *c = &s->config;
  if (c->latency_ms <= 0 && c->straggler_share <= 0) return 0;
  uint64_t seed = c->seed + 77 + a->attempt * 3;
  if (unit_of(mix_hash(seed, S(a->key), 1)) < c->straggler_share) return (uint64_t)(c->straggler_ms * 1e6);
  double u = unit_of(mix_hash(seed, S(a->key), 2)), v = unit_of(mix_hash(seed, S(a->key), 3));
  double normal = sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v);
  return (uint64_t)(c->latency_ms * exp(c->jitter * normal) * 1e6);
}

/* Cuts the words at the cap, as the provider does; reasoning comes out of it first. */
static void apply_cap(const Ask *a, Answer *w) {
  uint64_t cap = a->max_tokens, words = (w->text->len + 3) / 4;
  if (w->fault == REPLY_CUT) {
    w->text->len /= 2;
    w->cut = 1;
    words = (w->text->len + 3) / 4;
  }
  if (w->fault == REPLY_UNCAPPED) {   /* a server out of its mind: it sends more than it may bill */
    w->usage.output = cap > 0 && words > cap ? cap : words;
    return;
  }
  if (cap > 0 && w->usage.reasoning >= cap) {
    w->usage.reasoning = cap;
    words = w->text->len = 0;
    w->cut = 1;
  } else if (cap > 0 && words + w->usage.reasoning > cap) {
    words = cap - w->usage.reasoning;
    w->text->len = (size_t)words * 4;
    w->cut = 1;
  }
  w->usage.output = w->usage.reasoning + words;
}

static void count_input(Server *s, Ask *a, Usage *u) {
  ask_count(s, a, u);
  if (a->dialect == OPENAI) {   /* what is written to its cache costs what input costs; hits come in steps of 128 */
    uint64_t odd = u->read % 128;
    u->input += u->write + odd;
    u->read -= odd;
    u->write = u->write_1h = 0;
  }
  if (a->dialect == OLLAMA && u->input > OLLAMA_CONTEXT) {   /* it silently reads the end only */
    size_t keep = OLLAMA_CONTEXT * 4 < a->row.len ? OLLAMA_CONTEXT * 4 : a->row.len;
    a->row = span_of(a->row.ptr + a->row.len - keep, keep);
    u->input = OLLAMA_CONTEXT;
  }
}

int api_answer(Server *s, Ask *a, const FaultUse *use, int batch, Buf *out) {
  Answer w = { .text = &s->words };
  count_input(s, a, &w.usage);
  w.text->len = 0;
  if (ask_judge(s, a, w.text) != 0) return -1;
  if (use != NULL && fault_kind(use->fault) == FAULT_REPLY) w.fault = (ReplyFault)fault_reply(use, w.text);
  if (w.fault == REPLY_REFUSAL || w.fault == REPLY_EMPTY || w.fault == REPLY_FILTER) w.text->len = 0;
  if (a->dialect == ANTHROPIC && (a->model->flags & MODEL_THINKS || w.fault == REPLY_THINKING))
    w.usage.reasoning = THINKING_TOKENS;
  if (a->model != NULL && a->model->flags & MODEL_REASONING && !span_eq(a->effort, S("none")) &&
      !span_eq(a->effort, S("minimal"))) w.usage.reasoning = REASONING_TOKENS;
  apply_cap(a, &w);
  w.usage.output *= (uint64_t)a->n;
  stats_bill(s, a, &w.usage, batch, fault_loses(use));
  limit_return(s, LIMIT_INPUT, (double)w.usage.read);
  if (a->max_tokens > w.usage.output) limit_return(s, LIMIT_OUTPUT, (double)(a->max_tokens - w.usage.output));
  if (a->dialect == ANTHROPIC) anthropic_reply(s, a, &w, out);
  else openai_reply(s, a, &w, out);
  if (s->words.cap > 1 << 20) buf_free(&s->words);
  return 0;
}

static int parse(Server *s, Dialect d, const Request *r, Reply *p) {
  Span type = request_header(r, "content-type");
  if (!starts(type.ptr ? type : S(""), "application/json")) {
    api_error(s, d, p, 400, "invalid_request_error", NULL, NULL, "Content-Type must be application/json");
    return -1;
  }
  if (json_check(&s->doc, r->body, 0) == JSON_OK) return 0;
  if (d == ANTHROPIC)
    api_error(s, d, p, 400, "invalid_request_error", NULL, NULL,
              "The request body is not valid JSON: %s: line 1 column "
              "%zu (char %zu)",
              s->doc.fault >= r->body.len ? "unexpected end of data" : "unexpected character", s->doc.fault + 1,
              s->doc.fault);
  else
    api_error(s, d, p, d == TGI ? 422 : 400, "invalid_request_error", NULL, NULL,
              "We could not parse the JSON body of "
              "your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API "
              "expects "
              "a JSON payload, but what was sent was not valid JSON.)");
  return -1;
}

static int queue_full(Server *s, Dialect d, Reply *p) {
  if (d <= OPENAI || s->config.max_concurrent == 0 || s->stats.in_flight <= s->config.max_concurrent) return 0;
  if (d == TGI) api_error(s, d, p, 429, NULL, NULL, NULL, "Model is overloaded");
  else
    api_error(s, d, p, 503, "api_error", NULL, NULL,
              "server busy, please try again.  maximum pending requests exceeded");
  return 1;
}

enum { RUN_CHAT, RUN_EMBED };

static void run_model(Server *s, Dialect d, const Request *r, Span path, int what, Reply *p) {
  Ask *a = &s->ask;
  FaultUse use;
  double wait;
  if (parse(s, d, r, p) != 0) return;
  const JsonValue *body = &s->doc.root;
  int bad = what == RUN_EMBED ? embed_ask(s, d, body, a, p) :
            d == ANTHROPIC ? anthropic_ask(s, body, 0, a, p) : openai_ask(s, d, body, a, p);
  if (bad) return;
  RowCount *row = stats_row(&s->stats, a->key);
  if (row == NULL) abort();
  a->attempt = row->requests++;
  s->stats.model_requests++;
  int faulty = fault_pick(s, path, a, &use);
  if (faulty && fault_kind(use.fault) == FAULT_STATUS) {
    fault_status(s, d, &use, p);
    return;
  }
  if (queue_full(s, d, p)) return;
  int lacks = limit_take(s, ask_tokens(a), a->max_tokens, &wait);
  if (lacks > 0) {
    limit_refuse(s, d, lacks - 1, wait, p);
    return;
  }
  p->status = 200;
  p->type = "application/json";
  if (what == RUN_EMBED) embed_answer(s, a, faulty ? &use : NULL, 0, &p->body);
  else api_answer(s, a, faulty ? &use : NULL, 0, &p->body);
  p->delay_ns = latency(s, a);
  if (faulty && fault_kind(use.fault) == FAULT_WIRE) fault_wire(s, &use, p);
}

static void count_tokens(Server *s, const Request *r, Reply *p) {
  if (parse(s, ANTHROPIC, r, p) != 0 || anthropic_ask(s, &s->doc.root, 1, &s->ask, p) != 0) return;
  reply_text(p, 200, "application/json", "{\"input_tokens\":%llu}", (unsigned long long)ask_tokens(&s->ask));
}

/* ---- routes ---- */

static Dialect dialect_of(const Request *r, Span *path) {
  static const struct { const char *prefix; Dialect d; } PREFIX[] = { { "/vllm_flat/", VLLM_FLAT }, { "/vllm/", VLLM },
    { "/llamacpp/", LLAMACPP }, { "/ollama/", OLLAMA }, { "/tgi/", TGI }, { "/openai/", OPENAI },
    { "/anthropic/", ANTHROPIC } };
  for (size_t i = 0; i < sizeof PREFIX / sizeof *PREFIX; i++) {
    if (!starts(*path, PREFIX[i].prefix)) continue;
    size_t n = strlen(PREFIX[i].prefix) - 1;
    *path = span_of(path->ptr + n, path->len - n);
    return PREFIX[i].d;
  }
  if (starts(*path, "/v1/messages")) return ANTHROPIC;
  return request_header(r, "anthropic-version").ptr != NULL ? ANTHROPIC : OPENAI;
}

static void route(Server *s, Dialect d, const Request *r, Span path, Reply *p) {
  int post = span_eq(r->method, S("POST")), get = span_eq(r->method, S("GET"));
  Span rest = starts(path, "/v1/") ? span_of(path.ptr + 3, path.len - 3) : (Span){ "", 0 };
  if (post && d == ANTHROPIC && span_eq(rest, S("/messages"))) {
    if (r->body.len > MESSAGES_MAX)
      api_error(s, d, p, 413, "request_too_large", NULL, NULL, "Request exceeds the maximum size");
    else run_model(s, d, r, path, RUN_CHAT, p);
  } else if (post && d == ANTHROPIC && span_eq(rest, S("/messages/count_tokens"))) count_tokens(s, r, p);
  else if (d == ANTHROPIC && starts(rest, "/messages/batches")) batch_anthropic(s, r, rest, p);
  else if (post && d != ANTHROPIC && span_eq(rest, S("/chat/completions"))) run_model(s, d, r, path, RUN_CHAT, p);
  else if (post && d != ANTHROPIC && span_eq(rest, S("/embeddings"))) run_model(s, d, r, path, RUN_EMBED, p);
  else if (d == OPENAI && (starts(rest, "/files") || starts(rest, "/batches"))) batch_openai(s, r, rest, p);
  else if (get && span_eq(rest, S("/models"))) list_models(s, d, p);
  else if (get && d > OPENAI && span_eq(path, S("/health")))
    reply_text(p, 200, "application/json", "{\"status\":\"ok\"}");
  else not_found(s, d, r, p);
}

/* Faults that a rule names a path for: any endpoint can meet them, batches and files among them. */
static int fault_on_path(Server *s, Dialect d, const Request *r, FaultUse *use, Reply *p) {
  if (!fault_pick(s, r->path, NULL, use)) return 0;
  if (fault_kind(use->fault) != FAULT_STATUS) return 1;
  fault_status(s, d, use, p);
  return 2;
}

/* The path with ids taken out, so that what is counted by path stays short. */
static Span plain_path(Span path, char out[64]) {
  size_t n = 0;
  for (size_t i = 0; i < path.len && n < 56; i++) {
    out[n++] = path.ptr[i];
    Span rest = span_of(path.ptr + i + 1, path.len - i - 1);
    if (path.ptr[i] != '/' || !(starts(rest, "msgbatch_") || starts(rest, "batch_") || starts(rest, "file-"))) continue;
    memcpy(out + n, "ID", 2);
    n += 2;
    while (i + 1 < path.len && path.ptr[i + 1] != '/') i++;
  }
  return span_of(out, n);
}

void api_handle(Server *s, const Request *r, Reply *p) {
  if (starts(r->path, "/_")) {
    control_handle(s, r, p);
    return;
  }
  char id[40], plain[64];
  Span path = r->path;
  FaultUse use;
  Dialect d = dialect_of(r, &path);
  s->stats.h2_requests += r->h2 != 0;
  record_request(s, r);
  if (known_caller(s, d, r, p)) {
    int met = fault_on_path(s, d, r, &use, p);
    if (met != 2) route(s, d, r, path, p);
    if (met == 1 && fault_kind(use.fault) == FAULT_WIRE) fault_wire(s, &use, p);
  }
  request_id(s, "req_", id);
  if (d == ANTHROPIC) reply_header(p, "request-id", "%s", id);
  else if (d == OPENAI) reply_header(p, "x-request-id", "%s", id);
  if (d <= OPENAI) limit_headers(s, d, p);
  stats_answer(s, plain_path(r->path, plain), p->status);
}
