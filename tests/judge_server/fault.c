/* fault.c - every way a provider, a proxy or a wire fails, by name. A marker in the row asks for one,
** [[fault NAME key=value… xN]] (xN: only the first N attempts of that row; several markers follow one another);
** so do the script's rules and the seeded mix. What the mix draws depends on seed, row and attempt, not on order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "server.h"

struct Fault {
  const char *name;
  FaultKind kind;
  int code;                     /* Wire, ReplyFault or SPOIL_…; for FAULT_STATUS, HINT_… */
  int status_a, status_o;       /* Anthropic's, OpenAI's */
  const char *type_a, *type_o, *code_o, *message;
};

enum {
  HINT_NONE,
  HINT_SECONDS,
  HINT_MS,
  HINT_DATE,
  HINT_NEGATIVE,
  HINT_GARBAGE,
  HINT_DAY,
  HINT_RESET,
  HINT_SPEND,
  HINT_RAMP,
  BODY_HTML,
  BODY_EMPTY,
  BODY_REDIRECT,
  BODY_RAW
};

/* What is done to the model's text; above the codes of ReplyFault. */
enum { SPOIL_DUPLICATE = 100, SPOIL_NAN, SPOIL_FENCED, SPOIL_PROSE, SPOIL_PROSE_AFTER, SPOIL_TWO, SPOIL_COMMA,
       SPOIL_THINK, SPOIL_THINK_OPEN, SPOIL_WRONG_ID, SPOIL_NO_ID, SPOIL_MISSING, SPOIL_RANGE, SPOIL_STRING,
       SPOIL_EXTRA, SPOIL_NOT_JSON, SPOIL_BOM, SPOIL_QUOTES, SPOIL_DEEP, SPOIL_ARRAY, SPOIL_HALF, SPOIL_HUGE,
       SPOIL_NUL, SPOIL_FLOAT };
/* Further things a wire fault does to the body. */
enum { BODY_GZIP = 100, BODY_NOTHING, BODY_HALF, BODY_BAD_UTF8, BODY_HTML_200, BODY_NAN_USAGE, BODY_DELAY };

#define MONEY "You exceeded your current quota, please check your plan and billing details."
#define RATE "This request would exceed your organization's rate limit."
static const Fault FAULTS[] = {
  { "status", FAULT_STATUS, HINT_NONE, 500, 500, "api_error", "server_error", NULL, "Internal server error" },
  { "rate_limit", FAULT_STATUS, HINT_SECONDS, 429, 429, "rate_limit_error", "requests", "rate_limit_exceeded", RATE },
  { "rate_limit_ms", FAULT_STATUS, HINT_MS, 429, 429, "rate_limit_error", "requests", "rate_limit_exceeded", RATE },
  { "rate_limit_date", FAULT_STATUS, HINT_DATE, 429, 429, "rate_limit_error", "tokens", "rate_limit_exceeded", RATE },
  { "rate_limit_negative", FAULT_STATUS, HINT_NEGATIVE, 429, 429, "rate_limit_error", "tokens", "rate_limit_exceeded",
    RATE },
  { "rate_limit_garbage", FAULT_STATUS, HINT_GARBAGE, 429, 429, "rate_limit_error", "tokens", "rate_limit_exceeded",
    RATE },
  { "rate_limit_day", FAULT_STATUS, HINT_DAY, 429, 429, "rate_limit_error", "tokens", "rate_limit_exceeded", RATE },
  { "rate_limit_reset", FAULT_STATUS, HINT_RESET, 429, 429, "rate_limit_error", "tokens", "rate_limit_exceeded", RATE },
  { "rate_limit_bare", FAULT_STATUS, HINT_NONE, 429, 429, "rate_limit_error", "requests", "rate_limit_exceeded", RATE },
  { "acceleration", FAULT_STATUS, HINT_RAMP, 429, 429, "rate_limit_error", "requests", "rate_limit_exceeded",
    "This request would exceed the acceleration limit of your organization; raise usage gradually." },
  { "spend_limit", FAULT_STATUS, HINT_SPEND, 429, 429, "rate_limit_error", "insufficient_quota",
    "billing_hard_limit_reached", "Your organization has reached its monthly spend limit." },
  { "insufficient_quota", FAULT_STATUS, HINT_SPEND, 429, 429, "rate_limit_error", "insufficient_quota",
    "insufficient_quota", MONEY },
  { "credit_balance", FAULT_STATUS, HINT_NONE, 400, 429, "invalid_request_error", "insufficient_quota",
    "credit_balance_exhausted", "Your credit balance is too low to access the API. Please go to Plans & Billing to "
    "upgrade or purchase credits." },
  { "usage_limit", FAULT_STATUS, HINT_NONE, 400, 429, "invalid_request_error", "insufficient_quota",
    "insufficient_quota", "You have reached your specified API usage limits. You will regain access on 2026-12-01 at "
    "00:00 UTC." },
  { "billing", FAULT_STATUS, HINT_NONE, 402, 402, "billing_error", "billing_error", NULL,
    "There is an issue with your billing or payment information." },
  { "invalid", FAULT_STATUS, HINT_NONE, 400, 400, "invalid_request_error", "invalid_request_error", NULL,
    "The request is invalid." },
  { "auth", FAULT_STATUS, HINT_NONE, 401, 401, "authentication_error", "invalid_request_error", "invalid_api_key",
    "invalid x-api-key" },
  { "permission", FAULT_STATUS, HINT_NONE, 403, 403, "permission_error", "invalid_request_error",
    "unsupported_country_region_territory", "Your API key does not have permission to use the specified resource." },
  { "not_found", FAULT_STATUS, HINT_NONE, 404, 404, "not_found_error", "invalid_request_error", "model_not_found",
    "model: not here" },
  { "timeout", FAULT_STATUS, HINT_NONE, 408, 408, "timeout_error", "server_error", NULL, "Request timed out" },
  { "conflict", FAULT_STATUS, HINT_NONE, 409, 409, "conflict_error", "conflict", NULL, "Conflict" },
  { "too_large", FAULT_STATUS, HINT_NONE, 413, 413, "request_too_large", "invalid_request_error", NULL,
    "Request exceeds the maximum allowed number of bytes." },
  { "too_large_html", FAULT_STATUS, BODY_HTML, 413, 413, NULL, NULL, NULL, "Request Entity Too Large" },
  { "unprocessable", FAULT_STATUS, HINT_NONE, 422, 422, "invalid_request_error", "invalid_request_error", NULL,
    "Unprocessable entity" },
  { "context_length", FAULT_STATUS, HINT_NONE, 400, 400, "invalid_request_error", "invalid_request_error",
    "context_length_exceeded", "prompt is too long: 210000 tokens > 200000 maximum" },
  { "cut_request", FAULT_STATUS, HINT_NONE, 400, 400, "invalid_request_error", "invalid_request_error", NULL,
    "The request body is not valid JSON: unexpected end of data: line 1 column 2310 (char 2309)" },
  { "server_error", FAULT_STATUS, HINT_NONE, 500, 500, "api_error", "server_error", NULL, "Internal server error" },
  { "bad_gateway", FAULT_STATUS, BODY_HTML, 502, 502, NULL, NULL, NULL, "Bad Gateway" },
  { "unavailable", FAULT_STATUS, HINT_NONE, 503, 503, "api_error", "server_error", NULL, "Service unavailable" },
  { "gateway_timeout", FAULT_STATUS, HINT_NONE, 504, 504, "timeout_error", "server_error", NULL, "Gateway timeout" },
  { "overloaded", FAULT_STATUS, HINT_NONE, 529, 503, "overloaded_error", "server_error", "server_is_overloaded",
    "Overloaded" },
  { "slow_down", FAULT_STATUS, HINT_NONE, 503, 503, "overloaded_error", "server_error", "slow_down", "Slow down" },
  { "redirect", FAULT_STATUS, BODY_REDIRECT, 301, 301, NULL, NULL, NULL, "Moved" },
  { "redirect_307", FAULT_STATUS, BODY_REDIRECT, 307, 307, NULL, NULL, NULL, "Moved" },
  { "error_string", FAULT_STATUS, BODY_RAW, 500, 500, NULL, NULL, NULL, "{\"error\":\"something went wrong\"}" },
  { "error_empty", FAULT_STATUS, BODY_EMPTY, 500, 500, NULL, NULL, NULL, "" },
  { "no_content", FAULT_STATUS, BODY_EMPTY, 204, 204, NULL, NULL, NULL, "" },
  { "refuse_reset", FAULT_STATUS, WIRE_RESET, 0, 0, NULL, NULL, NULL, NULL },   /* before the model runs: unbilled */
  { "restart", FAULT_STATUS, WIRE_RESTART, 0, 0, NULL, NULL, NULL, NULL },

  { "chunked", FAULT_WIRE, WIRE_CHUNKED, 0, 0, NULL, NULL, NULL, NULL },
  { "reset", FAULT_WIRE, WIRE_RESET, 0, 0, NULL, NULL, NULL, NULL },
  { "reset_head", FAULT_WIRE, WIRE_RESET_HEAD, 0, 0, NULL, NULL, NULL, NULL },
  { "reset_body", FAULT_WIRE, WIRE_RESET_BODY, 0, 0, NULL, NULL, NULL, NULL },
  { "cut_chunk", FAULT_WIRE, WIRE_CUT_CHUNK, 0, 0, NULL, NULL, NULL, NULL },
  { "cut_body", FAULT_WIRE, WIRE_CUT_BODY, 0, 0, NULL, NULL, NULL, NULL },
  { "long_length", FAULT_WIRE, WIRE_LONG_LENGTH, 0, 0, NULL, NULL, NULL, NULL },
  { "short_length", FAULT_WIRE, WIRE_SHORT_LENGTH, 0, 0, NULL, NULL, NULL, NULL },
  { "until_close", FAULT_WIRE, WIRE_UNTIL_CLOSE, 0, 0, NULL, NULL, NULL, NULL },
  { "slow", FAULT_WIRE, WIRE_SLOW, 0, 0, NULL, NULL, NULL, NULL },
  { "hang", FAULT_WIRE, WIRE_HANG, 0, 0, NULL, NULL, NULL, NULL },
  { "close", FAULT_WIRE, WIRE_CLOSE, 0, 0, NULL, NULL, NULL, NULL },
  { "close_silent", FAULT_WIRE, WIRE_CLOSE_SILENT, 0, 0, NULL, NULL, NULL, NULL },
  { "garbage", FAULT_WIRE, WIRE_GARBAGE, 0, 0, NULL, NULL, NULL, NULL },
  { "early_hints", FAULT_WIRE, WIRE_HINTS, 0, 0, NULL, NULL, NULL, NULL },
  { "goaway", FAULT_WIRE, WIRE_GOAWAY, 0, 0, NULL, NULL, NULL, NULL },
  { "gzip", FAULT_WIRE, BODY_GZIP, 0, 0, NULL, NULL, NULL, NULL },
  { "empty", FAULT_WIRE, BODY_NOTHING, 0, 0, NULL, NULL, NULL, NULL },
  { "half_json", FAULT_WIRE, BODY_HALF, 0, 0, NULL, NULL, NULL, NULL },
  { "bad_utf8", FAULT_WIRE, BODY_BAD_UTF8, 0, 0, NULL, NULL, NULL, NULL },
  { "html", FAULT_WIRE, BODY_HTML_200, 0, 0, NULL, NULL, NULL, NULL },
  { "nan_usage", FAULT_WIRE, BODY_NAN_USAGE, 0, 0, NULL, NULL, NULL, NULL },
  { "delay", FAULT_WIRE, BODY_DELAY, 0, 0, NULL, NULL, NULL, NULL },

  { "refusal", FAULT_REPLY, REPLY_REFUSAL, 0, 0, NULL, NULL, NULL, NULL },
  { "content_filter", FAULT_REPLY, REPLY_FILTER, 0, 0, NULL, NULL, NULL, NULL },
  { "max_tokens", FAULT_REPLY, REPLY_CUT, 0, 0, NULL, NULL, NULL, NULL },
  { "empty_content", FAULT_REPLY, REPLY_EMPTY, 0, 0, NULL, NULL, NULL, NULL },
  { "thinking_block", FAULT_REPLY, REPLY_THINKING, 0, 0, NULL, NULL, NULL, NULL },
  { "reasoning_content", FAULT_REPLY, REPLY_REASONING, 0, 0, NULL, NULL, NULL, NULL },
  { "no_usage", FAULT_REPLY, REPLY_NO_USAGE, 0, 0, NULL, NULL, NULL, NULL },
  { "two_blocks", FAULT_REPLY, REPLY_BLOCKS, 0, 0, NULL, NULL, NULL, NULL },
  { "unknown_block", FAULT_REPLY, REPLY_UNKNOWN_BLOCK, 0, 0, NULL, NULL, NULL, NULL },
  { "duplicate_keys", FAULT_REPLY, SPOIL_DUPLICATE, 0, 0, NULL, NULL, NULL, NULL },
  { "nan", FAULT_REPLY, SPOIL_NAN, 0, 0, NULL, NULL, NULL, NULL },
  { "fenced", FAULT_REPLY, SPOIL_FENCED, 0, 0, NULL, NULL, NULL, NULL },
  { "prose", FAULT_REPLY, SPOIL_PROSE, 0, 0, NULL, NULL, NULL, NULL },
  { "prose_after", FAULT_REPLY, SPOIL_PROSE_AFTER, 0, 0, NULL, NULL, NULL, NULL },
  { "two_objects", FAULT_REPLY, SPOIL_TWO, 0, 0, NULL, NULL, NULL, NULL },
  { "trailing_comma", FAULT_REPLY, SPOIL_COMMA, 0, 0, NULL, NULL, NULL, NULL },
  { "think", FAULT_REPLY, SPOIL_THINK, 0, 0, NULL, NULL, NULL, NULL },
  { "think_open", FAULT_REPLY, SPOIL_THINK_OPEN, 0, 0, NULL, NULL, NULL, NULL },
  { "wrong_id", FAULT_REPLY, SPOIL_WRONG_ID, 0, 0, NULL, NULL, NULL, NULL },
  { "no_id", FAULT_REPLY, SPOIL_NO_ID, 0, 0, NULL, NULL, NULL, NULL },
  { "missing_key", FAULT_REPLY, SPOIL_MISSING, 0, 0, NULL, NULL, NULL, NULL },
  { "out_of_range", FAULT_REPLY, SPOIL_RANGE, 0, 0, NULL, NULL, NULL, NULL },
  { "string_score", FAULT_REPLY, SPOIL_STRING, 0, 0, NULL, NULL, NULL, NULL },
  { "float_score", FAULT_REPLY, SPOIL_FLOAT, 0, 0, NULL, NULL, NULL, NULL },
  { "extra_keys", FAULT_REPLY, SPOIL_EXTRA, 0, 0, NULL, NULL, NULL, NULL },
  { "not_json", FAULT_REPLY, SPOIL_NOT_JSON, 0, 0, NULL, NULL, NULL, NULL },
  { "bom", FAULT_REPLY, SPOIL_BOM, 0, 0, NULL, NULL, NULL, NULL },
  { "single_quotes", FAULT_REPLY, SPOIL_QUOTES, 0, 0, NULL, NULL, NULL, NULL },
  { "deep", FAULT_REPLY, SPOIL_DEEP, 0, 0, NULL, NULL, NULL, NULL },
  { "array", FAULT_REPLY, SPOIL_ARRAY, 0, 0, NULL, NULL, NULL, NULL },
  { "half_object", FAULT_REPLY, SPOIL_HALF, 0, 0, NULL, NULL, NULL, NULL },
  { "huge", FAULT_REPLY, SPOIL_HUGE, 0, 0, NULL, NULL, NULL, NULL },
  { "nul", FAULT_REPLY, SPOIL_NUL, 0, 0, NULL, NULL, NULL, NULL },
};
enum { NFAULTS = sizeof FAULTS / sizeof *FAULTS };

const Fault *fault_named(Span name) {
  for (size_t i = 0; i < NFAULTS; i++)
    if (span_eq(name, span_str(FAULTS[i].name))) return &FAULTS[i];
  return NULL;
}
const char *fault_name(const Fault *f) { return f->name; }
FaultKind fault_kind(const Fault *f) { return f->kind; }
int fault_code(const Fault *f) { return f->code; }

void fault_list(Buf *out) {
  for (size_t i = 0; i < NFAULTS; i++) buf_printf(out, "%s\"%s\"", i ? "," : "[", FAULTS[i].name);
  buf_str(out, "]\n");
}

static uint32_t number(Span v) {
  uint32_t n = 0;
  for (size_t i = 0; i < v.len && '0' <= v.ptr[i] && v.ptr[i] <= '9'; i++) n = n * 10 + (uint32_t)(v.ptr[i] - '0');
  return n;
}

int fault_set(FaultUse *u, Span key, Span value) {
  const struct { const char *name; Span *at; } TEXT[] = {
    { "retry_after", &u->retry_after }, { "retry_after_ms", &u->retry_after_ms }, { "reset", &u->reset },
    { "should_retry", &u->should_retry }, { "location", &u->location }, { "type", &u->type }, { "code", &u->code },
    { "message", &u->message }, { "body", &u->body }, { "headers", &u->headers }, { "content_type", &u->content_type },
  };
  for (size_t i = 0; i < sizeof TEXT / sizeof *TEXT; i++)
    if (span_eq(key, span_str(TEXT[i].name))) {
      *TEXT[i].at = value;
      return 0;
    }
  const struct { const char *name; uint32_t *at; } NUMBER[] = {
    { "ms", &u->ms }, { "bytes", &u->bytes }, { "times", &u->times } };
  for (size_t i = 0; i < sizeof NUMBER / sizeof *NUMBER; i++)
    if (span_eq(key, span_str(NUMBER[i].name))) {
      *NUMBER[i].at = number(value);
      return 0;
    }
  if (span_eq(key, span_str("status"))) {
    u->status = (int)number(value);
    return 0;
  }
  return -1;
}

/* ---- which one ---- */

static int read_marker(Span args, FaultUse *u) {
  *u = (FaultUse){ .fault = fault_named(word_next(&args)) };
  if (u->fault == NULL) return -1;
  for (Span w; (w = word_next(&args)).len > 0;) {
    const char *eq = memchr(w.ptr, '=', w.len);
    if (eq == NULL && w.ptr[0] == 'x') u->times = number(span_of(w.ptr + 1, w.len - 1));
    else if (eq != NULL)
      fault_set(u, span_of(w.ptr, (size_t)(eq - w.ptr)), span_of(eq + 1, w.len - (size_t)(eq + 1 - w.ptr)));
  }
  return 0;
}

/* The marker whose turn it is at this attempt. */
static int from_markers(const Ask *a, FaultUse *u) {
  uint32_t before = 0;
  size_t at = 0;
  for (Span args; marker_next(a->row, "fault", &at, &args);) {
    if (read_marker(args, u) != 0) continue;
    if (u->times == 0 || a->attempt < before + u->times) return 1;
    before += u->times;
  }
  return 0;
}

static int has(Span text, Span part) { return memmem(text.ptr, text.len, part.ptr, part.len) != NULL; }

static int from_script(Server *s, Span path, const Ask *a, FaultUse *u) {
  for (size_t i = 0; i < s->config.nrules; i++) {
    Rule *r = &s->config.rule[i];
    if (r->path.ptr != NULL ? !has(path, r->path) : a == NULL) continue;
    if (r->match.ptr != NULL && (a == NULL || !has(a->row, r->match))) continue;
    uint32_t n = r->seen++;
    if (n < r->skip || (r->use.times > 0 && n >= r->skip + r->use.times)) continue;
    *u = r->use;
    return 1;
  }
  return 0;
}

int fault_pick(Server *s, Span path, const Ask *a, FaultUse *u) {
  int found = a != NULL && from_markers(a, u);
  if (!found) found = from_script(s, path, a, u);
  if (!found && a != NULL) {
    double at = unit_of(mix_hash(s->config.seed, span_str(a->key), a->attempt + 1));
    for (size_t i = 0; i < s->config.nmix && !found; at -= s->config.mix[i++].share)
      if (at < s->config.mix[i].share) {
        *u = (FaultUse){ .fault = s->config.mix[i].fault };
        found = 1;
      }
  }
  if (found) stats_fault(&s->stats, u->fault);
  return found;
}

/* ---- errors ---- */

static void hint(const FaultUse *u, Dialect d, Reply *p) {
  char when[64];
  struct tm tm;
  time_t at = time(NULL) + (u->ms > 0 ? u->ms / 1000 : 2);
  gmtime_r(&at, &tm);
  switch (u->fault->code) {
    case HINT_SECONDS: case HINT_RAMP:
      if (u->retry_after.ptr == NULL && u->retry_after_ms.ptr == NULL) reply_header(p, "retry-after", "1");
      break;
    case HINT_MS: reply_header(p, "retry-after-ms", "%u", u->ms ? u->ms : 50); break;
    case HINT_DATE:
      strftime(when, sizeof when, "%a, %d %b %Y %H:%M:%S GMT", &tm);
      reply_header(p, "retry-after", "%s", when);
      break;
    case HINT_NEGATIVE: reply_header(p, "retry-after", "-5"); break;
    case HINT_GARBAGE: reply_header(p, "retry-after", "soon, perhaps"); break;
    case HINT_DAY: reply_header(p, "retry-after", "86400"); break;
    case HINT_RESET:
      if (u->reset.ptr != NULL) break;
      strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
      if (d == ANTHROPIC) reply_header(p, "anthropic-ratelimit-requests-reset", "%s", when);
      else reply_header(p, "x-ratelimit-reset-requests", "1.5s");
      break;
    default: break;
  }
  if (u->retry_after.ptr) reply_header(p, "retry-after", "%.*s", (int)u->retry_after.len, u->retry_after.ptr);
  if (u->retry_after_ms.ptr)
    reply_header(p, "retry-after-ms", "%.*s", (int)u->retry_after_ms.len, u->retry_after_ms.ptr);
  if (u->should_retry.ptr) reply_header(p, "x-should-retry", "%.*s", (int)u->should_retry.len, u->should_retry.ptr);
  if (u->reset.ptr)
    reply_header(p, d == ANTHROPIC ? "anthropic-ratelimit-requests-reset" : "x-ratelimit-reset-requests", "%.*s",
                 (int)u->reset.len, u->reset.ptr);
  if (u->headers.ptr) {
    buf_add(&p->head, u->headers.ptr, u->headers.len);
    if (u->headers.len < 2 || u->headers.ptr[u->headers.len - 1] != '\n') buf_str(&p->head, "\r\n");
  }
}

static void own_words(const char *word, Span given, char out[512]) {
  if (given.ptr != NULL) snprintf(out, 512, "%.*s", given.len < 500 ? (int)given.len : 500, given.ptr);
  else snprintf(out, 512, "%s", word ? word : "");
}

/* Anthropic's error.details.error_code, where it has one. */
static const char *details(const Fault *f) {
  return f->code == HINT_SPEND ? "enforced_spend_limit_reached" : f->code == HINT_RAMP ? "ramp_limit_exceeded" : NULL;
}

static void html(Reply *p, int status, const char *words) {
  reply_text(p, status, "text/html", "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%d %s</h1>"
             "</center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n", status, words, status, words);
}

void fault_status(Server *s, Dialect d, const FaultUse *u, Reply *p) {
  const Fault *f = u->fault;
  char type[512], code[512], message[512];
  int status = u->status > 0 ? u->status : d == ANTHROPIC ? f->status_a : f->status_o;
  if (f->status_a == 0) {
    p->wire = (Wire)f->code;
    p->step_ms = u->ms > 0 ? u->ms : 200;
    return;
  }
  own_words(d == ANTHROPIC ? f->type_a : f->type_o, u->type, type);
  own_words(d == ANTHROPIC ? details(f) : f->code_o, u->code, code);
  own_words(f->message, u->message, message);
  if (u->body.ptr != NULL) {
    p->status = status;
    p->type = "application/json";
    buf_add(&p->body, u->body.ptr, u->body.len);
  } else if (f->code == BODY_HTML) html(p, status, f->message);
  else if (f->code == BODY_EMPTY) reply_text(p, status, NULL, "%s", "");
  else if (f->code == BODY_RAW) reply_text(p, status, "application/json", "%s", f->message);
  else if (f->code == BODY_REDIRECT) {
    reply_text(p, status, "text/html", "<html>Moved</html>");
    if (u->location.ptr == NULL) reply_header(p, "location", "http://127.0.0.2:9/v1/messages");
    else reply_header(p, "location", "%.*s", (int)u->location.len, u->location.ptr);
  } else api_error(s, d, p, status, type[0] ? type : NULL, code[0] ? code : NULL, NULL, "%s", message);
  hint(u, d, p);
  if (status == 429) s->stats.rate_429++;
}

/* ---- what is done to the model's text ---- */

static void wrap(Buf *t, const char *before, const char *after) {
  Buf o = { 0 };
  buf_str(&o, before);
  buf_add(&o, t->ptr, t->len);
  buf_str(&o, after);
  buf_free(t);
  *t = o;
}

/* Puts `with` in the place of text[at, at + len). */
static void replace(Buf *t, size_t at, size_t len, const char *with) {
  Buf o = { 0 };
  buf_add(&o, t->ptr, at);
  buf_str(&o, with);
  buf_add(&o, t->ptr + at + len, t->len - at - len);
  buf_free(t);
  *t = o;
}

/* The first score: a digit behind a colon; t->len if none. */
static size_t first_score(const Buf *t) {
  for (size_t i = 1; i < t->len; i++)
    if (t->ptr[i - 1] == ':' && '0' <= t->ptr[i] && t->ptr[i] <= '9') return i;
  return t->len;
}

static void spoil_score(Buf *t, const char *with) {
  size_t at = first_score(t);
  if (at < t->len) replace(t, at, 1, with);
}

static void twice(Buf *t) {
  size_t at = first_score(t), from = at;
  if (at == t->len) return;
  while (from > 0 && t->ptr[from - 1] != ',' && t->ptr[from - 1] != '{') from--;
  char again[256];
  snprintf(again, sizeof again, ",%.*s%d}", (int)(at - from), t->ptr + from, t->ptr[at] == '1' ? 5 : 1);
  replace(t, t->len - 1, 1, again);
}

static void spoil_id(Buf *t, int gone) {
  char *at = t->len > 0 ? memmem(t->ptr, t->len, "\"id\":\"", 6) : NULL;
  if (at == NULL) return;
  size_t start = (size_t)(at - t->ptr), end = start + 6;
  while (end < t->len && t->ptr[end] != '"') end++;
  end++;
  if (gone && end < t->len && t->ptr[end] == ',') end++;
  replace(t, start, end - start, gone ? "" : "\"id\":\"zzzz0000zzzz\"");
}

static void lose_key(Buf *t) {
  size_t at = first_score(t), from = at;
  if (at == t->len) return;
  while (from > 0 && t->ptr[from - 1] != ',' && t->ptr[from - 1] != '{') from--;
  size_t end = at + 1;
  if (end < t->len && t->ptr[end] == ',') end++;
  replace(t, from, end - from, "");
}

static void fill_with(Buf *t, char c, size_t n) {
  t->len = 0;
  if (buf_reserve(t, n) != 0) return;
  memset(t->ptr, c, n);
  t->len = n;
}

static void huge(const FaultUse *u, Buf *t) {
  size_t n = u->bytes > 0 ? u->bytes : 50u << 20;
  Buf rest = *t;
  *t = (Buf){ 0 };
  buf_str(t, "{\"padding\":\"");
  if (buf_reserve(t, n) == 0) {
    memset(t->ptr + t->len, 'a', n);
    t->len += n;
  }
  buf_str(t, "\",");
  if (rest.len > 1) buf_add(t, rest.ptr + 1, rest.len - 1);
  buf_free(&rest);
}

int fault_reply(const FaultUse *u, Buf *t) {
  switch (u->fault->code) {
    case SPOIL_DUPLICATE: twice(t); break;
    case SPOIL_NAN: spoil_score(t, "NaN"); break;
    case SPOIL_RANGE: spoil_score(t, "7"); break;
    case SPOIL_STRING: spoil_score(t, "\"4\""); break;
    case SPOIL_FLOAT: spoil_score(t, "3.7"); break;
    case SPOIL_FENCED: wrap(t, "```json\n", "\n```"); break;
    case SPOIL_PROSE: wrap(t, "Here is my evaluation {as asked}:\n\n", "\n\nLet me know if you need more."); break;
    case SPOIL_PROSE_AFTER: wrap(t, "", "\n\nI hope this helps."); break;
    case SPOIL_TWO:
      wrap(t, "{\"id\":\"draft000\",\"reasoning\":\"first thoughts\",\"correctness\":1,\"helpfulness\":1,"
           "\"instruction_following\":1,\"completeness\":1,\"quality\":1,\"overall\":1,\"exclude\":true}\n", "");
      break;
    case SPOIL_COMMA: if (t->len > 0) replace(t, t->len - 1, 1, ",}"); break;
    case SPOIL_THINK: wrap(t, "<think>\nMaybe {\"correctness\": 1}? No.\n</think>\n\n", ""); break;
    case SPOIL_THINK_OPEN: wrap(t, "<think>\nI wonder about ", ""); break;
    case SPOIL_WRONG_ID: spoil_id(t, 0); break;
    case SPOIL_NO_ID: spoil_id(t, 1); break;
    case SPOIL_MISSING: lose_key(t); break;
    case SPOIL_EXTRA:
      if (t->len > 0) replace(t, t->len - 1, 1, ",\"confidence\":0.9,\"notes\":[{\"correctness\":1}]}");
      break;
    case SPOIL_NOT_JSON:
      t->len = 0;
      buf_str(t, "I would say this answer is quite good, about four out of five.");
      break;
    case SPOIL_BOM: wrap(t, "\xEF\xBB\xBF", ""); break;
    case SPOIL_QUOTES: for (size_t i = 0; i < t->len; i++) if (t->ptr[i] == '"') t->ptr[i] = '\''; break;
    case SPOIL_DEEP: fill_with(t, '[', u->bytes > 0 ? u->bytes : 100000); return REPLY_UNCAPPED;
    case SPOIL_ARRAY: wrap(t, "[", "]"); break;
    case SPOIL_HALF: t->len /= 2; break;
    case SPOIL_HUGE: huge(u, t); return REPLY_UNCAPPED;
    case SPOIL_NUL: if (t->len > 1) t->ptr[t->len - 1] = '\0'; buf_char(t, '}'); break;
    default: return u->fault->code < SPOIL_DUPLICATE ? u->fault->code : 0;
  }
  return REPLY_TEXT;
}

/* ---- what is done to the bytes ---- */

static void gzip(Reply *p) {
  z_stream z = { 0 };
  Buf o = { 0 };
  if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return;
  if (buf_reserve(&o, deflateBound(&z, p->body.len)) == 0) {
    z.next_in = (Bytef *)p->body.ptr;
    z.avail_in = (uInt)p->body.len;
    z.next_out = (Bytef *)o.ptr;
    z.avail_out = (uInt)o.cap;
    deflate(&z, Z_FINISH);
    o.len = o.cap - z.avail_out;
  }
  deflateEnd(&z);
  buf_free(&p->body);
  p->body = o;
  reply_header(p, "content-encoding", "gzip");
}

static void bad_utf8(Buf *b) {
  char *at = b->len > 0 ? memmem(b->ptr, b->len, "judged", 6) : NULL;
  if (at != NULL) memcpy(at, "\xff\xfe\xc0\x80\xed\xa0", 6);
}

static void nan_usage(Buf *b) {
  char *at = b->len > 0 ? memmem(b->ptr, b->len, "_tokens\":", 9) : NULL;
  if (at == NULL) return;
  size_t from = (size_t)(at - b->ptr) + 9, end = from;
  while (end < b->len && '0' <= b->ptr[end] && b->ptr[end] <= '9') end++;
  replace(b, from, end - from, "NaN");
}

int fault_loses(const FaultUse *u) {
  if (u == NULL || u->fault->kind != FAULT_WIRE) return 0;
  switch (u->fault->code) {
    case WIRE_RESET: case WIRE_RESET_HEAD: case WIRE_RESET_BODY: case WIRE_CUT_CHUNK: case WIRE_CUT_BODY:
    case WIRE_LONG_LENGTH: case WIRE_SHORT_LENGTH: case WIRE_HANG: case WIRE_GARBAGE: case BODY_NOTHING: case BODY_HALF:
    case BODY_HTML_200: return 1;
    default: return 0;
  }
}

void fault_wire(Server *s, const FaultUse *u, Reply *p) {
  (void)s;
  switch (u->fault->code) {
    case BODY_GZIP: gzip(p); break;
    case BODY_NOTHING: p->body.len = 0; break;
    case BODY_HALF: p->body.len /= 2; break;
    case BODY_BAD_UTF8: bad_utf8(&p->body); break;
    case BODY_HTML_200: html(p, 200, "Sign in to the network"); break;
    case BODY_NAN_USAGE: nan_usage(&p->body); break;
    case BODY_DELAY: p->delay_ns += (uint64_t)(u->ms ? u->ms : 100) * 1000000u; break;
    default:
      p->wire = (Wire)u->fault->code;
      p->at = u->bytes;
      p->step = u->bytes > 0 ? u->bytes : 64;
      p->step_ms = u->ms;
  }
}
