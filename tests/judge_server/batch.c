/* batch.c - how a batch runs, and Anthropic's Message Batches (anthropic-sdk-python, types/messages/batches). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "core/json_out.h"
#include "hash/hash.h"

enum { ROWS_MAX = 100000, BYTES_MAX = 256 << 20 };

static Span S(const char *s) { return span_str(s); }

/* ---- batches ---- */

Batch *batch_new(Server *s, Dialect d, const char *prefix) {
  Batch *b = calloc(1, sizeof *b);
  if (b == NULL) abort();
  *b = (Batch){ .d = d, .next = s->batches, .created = time(NULL), .newest = s->newest,
                .due = now_ns() + (uint64_t)s->config.batch.ms * 1000000u };
  request_id(s, prefix, b->id);
  s->batches = b;
  return b;
}

static void destroy(Batch *b) {
  buf_free(&b->body);
  buf_free(&b->results);
  buf_free(&b->errors);
  buf_free(&b->metadata);
  free(b->row);
  free(b);
}

void batch_drop(Server *s, Batch *b) {
  Batch **at = &s->batches;
  while (*at != b) at = &(*at)->next;
  *at = b->next;
  destroy(b);
}

void batch_free(Server *s) {
  for (Batch *b = s->batches, *next; b != NULL; b = next) {
    next = b->next;
    destroy(b);
  }
  for (File *f = s->files, *next; f != NULL; f = next) {
    next = f->next;
    buf_free(&f->bytes);
    free(f);
  }
  s->batches = NULL;
  s->files = NULL;
}

Batch *batch_find(Server *s, Dialect d, Span id) {
  Batch *b = s->batches;
  while (b != NULL && (b->d != d || !span_eq(id, S(b->id)))) b = b->next;
  return b;
}

int batch_add(Batch *b, Span custom_id, Span params) {
  if (b->n == b->cap) {
    b->cap = b->cap ? b->cap * 2 : 256;
    b->row = realloc(b->row, b->cap * sizeof *b->row);
    if (b->row == NULL) abort();
  }
  b->row[b->n++] = (BatchRow){ custom_id, params };
  return 0;
}

static int by_id(const void *x, const void *y) {
  const BatchRow *a = x, *b = y;
  size_t n = a->custom_id.len < b->custom_id.len ? a->custom_id.len : b->custom_id.len;
  int order = memcmp(a->custom_id.ptr, b->custom_id.ptr, n);
  return order != 0 ? order : (a->custom_id.len > b->custom_id.len) - (a->custom_id.len < b->custom_id.len);
}

Span batch_twice(const Batch *b) {
  Span twice = { 0 };
  BatchRow *sorted = malloc((b->n + 1) * sizeof *sorted);
  if (sorted == NULL) abort();
  memcpy(sorted, b->row, b->n * sizeof *sorted);
  qsort(sorted, b->n, sizeof *sorted, by_id);
  for (size_t i = 1; i < b->n && twice.ptr == NULL; i++)
    if (by_id(&sorted[i - 1], &sorted[i]) == 0) twice = sorted[i].custom_id;
  free(sorted);
  return twice;
}

/* ---- running ---- */

/* Runs one row: 200 and the answer, or the status and body of its error. */
static int run_row(Server *s, Batch *b, const BatchRow *row, Buf *out) {
  Ask *a = &s->ask;
  Reply p = { 0 };
  FaultUse use;
  JsonValue body = json_value(row->params);
  int embeds = strcmp(b->endpoint, "/v1/embeddings") == 0, faulty = 0;
  int bad = embeds ? embed_ask(s, b->d, &body, a, &p) : b->d == ANTHROPIC ? anthropic_ask(s, &body, 0, a, &p) :
            openai_ask(s, b->d, &body, a, &p);
  if (!bad) {
    RowCount *count = stats_row(&s->stats, a->key);
    if (count == NULL) abort();
    a->attempt = count->requests++;
    s->stats.model_requests++;
    faulty = fault_pick(s, S("batch"), a, &use);
    if (faulty && fault_kind(use.fault) == FAULT_STATUS) {
      fault_status(s, b->d, &use, &p);
      if (p.status == 0) api_error(s, b->d, &p, 500, "api_error", NULL, NULL, "Internal server error");
      bad = 1;
    }
  }
  int status = bad ? p.status : 200;
  if (bad) buf_add(out, p.body.ptr, p.body.len);
  else if (embeds) embed_answer(s, a, NULL, 1, out);
  else api_answer(s, a, faulty && fault_kind(use.fault) == FAULT_REPLY ? &use : NULL, 1, out);
  buf_free(&p.head);
  buf_free(&p.body);
  return status;
}

static Usage batch_total(const Server *s) {
  Usage u = { 0 };
  for (size_t i = 0; i < s->stats.nmoney; i++)
    if (s->stats.money[i].batch) {
      u.input += s->stats.money[i].u.input;
      u.read += s->stats.money[i].u.read;
      u.output += s->stats.money[i].u.output;
      u.reasoning += s->stats.money[i].u.reasoning;
    }
  return u;
}

/* Order of results: not that of requests, but the same for a seed. */
static size_t *order_of(Server *s, size_t n) {
  size_t *order = malloc((n + 1) * sizeof *order);
  if (order == NULL) abort();
  for (size_t i = 0; i < n; i++) order[i] = i;
  for (size_t i = n; s->config.batch.shuffle && i > 1; i--) {
    size_t j = mix_hash(s->config.seed, S("batch"), i) % i, kept = order[i - 1];
    order[i - 1] = order[j];
    order[j] = kept;
  }
  return order;
}

static void run(Server *s, Batch *b, BatchPut put) {
  size_t *order = order_of(s, b->n);
  size_t done = b->canceled ? b->n / 2 : b->n - (size_t)((double)b->n * s->config.batch.expire);
  Buf json = { 0 };
  Usage before = batch_total(s), after;
  s->newest = b->newest;
  for (size_t i = 0; i < b->n; i++) {
    const BatchRow *row = &b->row[order[i]];
    int how = i < done ? ROW_SUCCEEDED : b->canceled ? ROW_CANCELED : ROW_EXPIRED, status = 0;
    json.len = 0;
    if (i < done && (status = run_row(s, b, row, &json)) != 200) how = ROW_ERRORED;
    b->count[how]++;
    if (i < s->config.batch.missing) continue;
    put(s, b, row->custom_id, how, status, buf_span(&json));
    if (i < s->config.batch.missing + s->config.batch.duplicate)
      put(s, b, row->custom_id, how, status, buf_span(&json));
    if (i < s->config.batch.unknown) put(s, b, S("nobody-asked-for-this"), how, status, buf_span(&json));
  }
  after = batch_total(s);
  b->usage = (Usage){ .input = after.input - before.input, .read = after.read - before.read,
                      .output = after.output - before.output, .reasoning = after.reasoning - before.reasoning };
  b->expired = !b->canceled && done < b->n;
  buf_free(&json);
  free(order);
}

void batch_poll(Server *s, Batch *b, BatchPut put) {
  if (b->state == BATCH_ENDED || b->state == BATCH_FAILED) return;
  b->polls++;
  if (b->state == BATCH_RUNNING && (b->polls <= (int)s->config.batch.polls || now_ns() < b->due)) return;
  run(s, b, put);
  b->state = BATCH_ENDED;
  b->ended = time(NULL);
}

/* ---- Message Batches ---- */

static void put_result(Server *s, Batch *b, Span custom_id, int how, int status, Span json) {
  static const char *const HOW[] = { "succeeded", "errored", "canceled", "expired" };
  Buf *o = &b->results;
  (void)s;
  (void)status;
  buf_str(o, "{\"custom_id\":");
  json_out_string(o, custom_id);
  buf_printf(o, ",\"result\":{\"type\":\"%s\"", HOW[how]);
  if (how == ROW_SUCCEEDED) buf_str(o, ",\"message\":");
  else if (how == ROW_ERRORED) buf_str(o, ",\"error\":");
  if (how <= ROW_ERRORED) buf_add(o, json.ptr, json.len);
  buf_str(o, "}}\n");
}

static void put_time(Buf *o, const char *name, time_t at) {
  char when[32];
  struct tm tm;
  if (at == 0) buf_printf(o, ",\"%s\":null", name);
  else {
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
    buf_printf(o, ",\"%s\":\"%s\"", name, when);
  }
}

static void put_batch(const Batch *b, const Request *r, Buf *o) {
  static const char *const STATE[] = { "in_progress", "canceling", "ended", "ended" };
  Span host = request_header(r, "host");
  int ended = b->state == BATCH_ENDED;
  buf_printf(o, "{\"id\":\"%s\",\"type\":\"message_batch\",\"processing_status\":\"%s\",\"request_counts\":{"
             "\"processing\":%zu,\"succeeded\":%zu,\"errored\":%zu,\"canceled\":%zu,\"expired\":%zu}", b->id,
             STATE[b->state], ended ? (size_t)0 : b->n, b->count[ROW_SUCCEEDED], b->count[ROW_ERRORED],
             b->count[ROW_CANCELED], b->count[ROW_EXPIRED]);
  put_time(o, "created_at", b->created);
  put_time(o, "expires_at", b->created + 86400);
  put_time(o, "ended_at", b->ended);
  put_time(o, "archived_at", 0);
  put_time(o, "cancel_initiated_at", b->cancel_at);
  if (!ended) buf_str(o, ",\"results_url\":null}");
  else buf_printf(o, ",\"results_url\":\"%s://%.*s/v1/messages/batches/%s/results\"}", r->tls ? "https" : "http",
                  host.ptr ? (int)host.len : 9, host.ptr ? host.ptr : "127.0.0.1", b->id);
}

#define BAD(...) (api_error(s, ANTHROPIC, p, 400, "invalid_request_error", NULL, NULL, __VA_ARGS__), -1)

static int good_id(const JsonValue *id) {
  if (id->kind != JSON_STRING || id->raw.len < 1 || id->raw.len > 64) return 0;
  for (size_t i = 0; i < id->raw.len; i++)
    if (!isalnum((unsigned char)id->raw.ptr[i]) && strchr("-_", id->raw.ptr[i]) == NULL) return 0;
  return 1;
}

static int read_requests(Server *s, Batch *b, const JsonValue *list, Reply *p) {
  JsonValue v;
  size_t n = 0;
  for (JsonIter it = json_iter(list); json_next(&it, NULL, &v); n++) {
    JsonValue id = json_get(&v, S("custom_id")), params = json_get(&v, S("params")), part;
    if (id.kind == JSON_NONE) return BAD("requests.%zu.custom_id: Field required", n);
    if (!good_id(&id)) return BAD("requests.%zu.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'", n);
    if (params.kind != JSON_OBJECT) return BAD("requests.%zu.params: Field required", n);
    part = json_get(&params, S("stream"));
    if (part.kind == JSON_TRUE) return BAD("requests.%zu.params.stream: Streaming is not supported in batches", n);
    batch_add(b, id.raw, params.raw);
  }
  if (n == 0) return BAD("requests: List should have at least 1 item");
  if (n > ROWS_MAX) return BAD("requests: List should have at most 100000 items");
  Span twice = batch_twice(b);
  return twice.ptr == NULL ? 0
                           : BAD("requests: custom_id must be unique; '%.*s' stands twice", (int)twice.len, twice.ptr);
}

static void create(Server *s, const Request *r, Reply *p) {
  if (r->body.len > BYTES_MAX) {
    api_error(s, ANTHROPIC, p, 413, "request_too_large", NULL, NULL, "Request exceeds the maximum size");
    return;
  }
  Batch *b = batch_new(s, ANTHROPIC, "msgbatch_");
  if (buf_add(&b->body, r->body.ptr, r->body.len) != 0) abort();
  JsonValue list = { 0 };
  if (json_check(&s->doc, buf_span(&b->body), 0) == JSON_OK) list = json_get(&s->doc.root, S("requests"));
  int bad = list.kind != JSON_ARRAY ? BAD("requests: Field required") : read_requests(s, b, &list, p);
  if (bad) batch_drop(s, b);
  else put_batch(b, r, &p->body);
}

static void list_batches(Server *s, const Request *r, Reply *p) {
  Span limit = request_query(r, "limit"), after = request_query(r, "after_id");
  long most = limit.ptr != NULL ? strtol(limit.ptr, NULL, 10) : 20, n = 0;
  const Batch *b = s->batches, *first = NULL, *last = NULL;
  if (after.ptr != NULL) {
    b = batch_find(s, ANTHROPIC, after);
    if (b != NULL) b = b->next;
  }
  buf_str(&p->body, "{\"data\":[");
  for (; b != NULL && n < most; b = b->next) {
    if (b->d != ANTHROPIC) continue;
    if (n++ > 0) buf_char(&p->body, ',');
    put_batch(b, r, &p->body);
    first = first ? first : b;
    last = b;
  }
  while (b != NULL && b->d != ANTHROPIC) b = b->next;
  buf_printf(&p->body, "],\"has_more\":%s", b != NULL ? "true" : "false");
  if (first != NULL) buf_printf(&p->body, ",\"first_id\":\"%s\",\"last_id\":\"%s\"}", first->id, last->id);
  else buf_str(&p->body, ",\"first_id\":null,\"last_id\":null}");
}

static void results(Server *s, const Batch *b, Reply *p) {
  if (b->state != BATCH_ENDED) {
    api_error(s, ANTHROPIC, p, 404, "not_found_error", NULL, NULL, "Message batch %s has no available results.", b->id);
    return;
  }
  p->type = "application/x-jsonl";
  buf_add(&p->body, b->results.ptr ? b->results.ptr : "", b->results.len);
}

static void cancel(Batch *b) {
  if (b->state != BATCH_RUNNING) return;
  b->state = BATCH_CANCELING;
  b->canceled = 1;
  b->cancel_at = time(NULL);
}

static void drop(Server *s, Batch *b, Reply *p) {
  if (b->state != BATCH_ENDED) {
    (void)BAD("Cannot delete message batch %s: it is still being processed.", b->id);
    return;
  }
  buf_printf(&p->body, "{\"id\":\"%s\",\"type\":\"message_batch_deleted\"}", b->id);
  batch_drop(s, b);
}

void batch_anthropic(Server *s, const Request *r, Span path, Reply *p) {
  const size_t root = strlen("/messages/batches");
  int get = span_eq(r->method, S("GET")), post = span_eq(r->method, S("POST"));
  Span rest = span_of(path.ptr + root, path.len - root), id = rest, verb = S("");
  p->status = 200;
  p->type = "application/json";
  if (rest.len == 0 && post) return create(s, r, p);
  if (rest.len == 0 && get) return list_batches(s, r, p);
  if (rest.len > 1) {
    id = span_of(rest.ptr + 1, rest.len - 1);
    const char *slash = memchr(id.ptr, '/', id.len);
    if (slash != NULL) {
      verb = span_of(slash + 1, (size_t)(id.ptr + id.len - slash - 1));
      id.len = (size_t)(slash - id.ptr);
    }
  }
  Batch *b = batch_find(s, ANTHROPIC, id);
  if (b != NULL && get && span_eq(verb, S("results"))) results(s, b, p);
  else if (b != NULL && post && span_eq(verb, S("cancel"))) {
    cancel(b);
    put_batch(b, r, &p->body);
  } else if (b != NULL && get && verb.len == 0) {
    batch_poll(s, b, put_result);
    put_batch(b, r, &p->body);
  } else if (b != NULL && span_eq(r->method, S("DELETE")) && verb.len == 0) drop(s, b, p);
  else api_error(s, ANTHROPIC, p, 404, "not_found_error", NULL, NULL, "Not found");
}
