/* stats.c - what was asked, what was answered, what it cost: by path and status, by row, by model, by second. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/json_out.h"
#include "hash/hash.h"
#include "server.h"

static RowCount *find(RowCount *row, size_t cap, uint64_t hash, const char *key) {
  size_t i = hash & (cap - 1);
  while (row[i].key != NULL && (row[i].hash != hash || strcmp(row[i].key, key) != 0)) i = (i + 1) & (cap - 1);
  return &row[i];
}

static int grow(Stats *t) {
  size_t cap = t->rows_cap ? t->rows_cap * 2 : 1024;
  RowCount *row = calloc(cap, sizeof *row);
  if (row == NULL) return -1;
  for (size_t i = 0; i < t->rows_cap; i++)
    if (t->row[i].key != NULL) *find(row, cap, t->row[i].hash, t->row[i].key) = t->row[i];
  free(t->row);
  t->row = row;
  t->rows_cap = cap;
  return 0;
}

RowCount *stats_row(Stats *t, const char *key) {
  if (t->nrows * 2 >= t->rows_cap && grow(t) != 0) return NULL;
  uint64_t hash = hash_xxh3(span_str(key));
  RowCount *r = find(t->row, t->rows_cap, hash, key);
  if (r->key == NULL) {
    if ((r->key = strdup(key)) == NULL) return NULL;
    r->hash = hash;
    t->nrows++;
  }
  return r;
}

static Second *this_second(Stats *t) {
  uint64_t at = (now_ns() - t->began) / 1000000000u;
  return &t->second[at < 900 ? at : 899];
}

void stats_answer(Server *s, Span path, int status) {
  Stats *t = &s->stats;
  Second *now = this_second(t);
  t->requests++;
  now->requests++;
  now->ok += status == 200;
  now->rate_429 += status == 429;
  size_t i = 0, len = path.len < 63 ? path.len : 63;
  while (i < t->npaths && (t->path[i].status != status || strncmp(t->path[i].path, path.ptr, len) != 0 ||
                           t->path[i].path[len] != '\0')) i++;
  if (i == 256) return;
  if (i == t->npaths) {
    t->npaths++;
    t->path[i].status = status;
    memcpy(t->path[i].path, path.ptr, len);
  }
  t->path[i].n++;
}

void stats_fault(Stats *t, const Fault *f) {
  size_t i = 0;
  while (i < t->nfaults && t->fault[i].fault != f) i++;
  if (i == 128) return;
  if (i == t->nfaults) t->nfaults++;
  t->fault[i].fault = f;
  t->fault[i].n++;
}

static void add_usage(Usage *a, const Usage *b) {
  a->input += b->input;
  a->write += b->write;
  a->write_1h += b->write_1h;
  a->read += b->read;
  a->output += b->output;
  a->reasoning += b->reasoning;
}

void stats_bill(Server *s, const Ask *a, const Usage *u, int batch, int lost) {
  Stats *t = &s->stats;
  RowCount *r = stats_row(t, a->key);
  if (r != NULL) {
    r->billed++;
    r->input += u->input + u->write + u->read;
    r->output += u->output;
  }
  size_t i = 0, len = a->model_name.len < 63 ? a->model_name.len : 63;
  while (i < t->nmoney && (t->money[i].batch != batch || strncmp(t->money[i].model, a->model_name.ptr, len) != 0 ||
                           t->money[i].model[len] != '\0')) i++;
  if (i == 64) return;
  Money *m = &t->money[i];
  if (i == t->nmoney) {
    t->nmoney++;
    memcpy(m->model, a->model_name.ptr, len);
    m->batch = batch;
  }
  m->requests++;
  m->lost += lost != 0;
  add_usage(&m->u, u);
}

/* ---- as JSON ---- */

static void put_usage(Buf *o, uint64_t requests, uint64_t lost, const Usage *u) {
  buf_printf(o, "{\"requests\":%llu,\"lost\":%llu,\"input_tokens\":%llu,\"cache_creation_input_tokens\":%llu,"
             "\"cache_creation_1h_input_tokens\":%llu,\"cache_read_input_tokens\":%llu,\"output_tokens\":%llu,"
             "\"reasoning_tokens\":%llu}", (unsigned long long)requests, (unsigned long long)lost,
             (unsigned long long)u->input, (unsigned long long)u->write, (unsigned long long)u->write_1h,
             (unsigned long long)u->read, (unsigned long long)u->output, (unsigned long long)u->reasoning);
}

static void put_money(const Stats *t, Buf *o) {
  for (int batch = 0; batch < 2; batch++) {
    Usage sum = { 0 };
    uint64_t requests = 0, lost = 0;
    buf_printf(o, ",\"%s\":", batch ? "batch" : "billed");
    for (size_t i = 0; i < t->nmoney; i++) {
      if (t->money[i].batch != batch) continue;
      requests += t->money[i].requests;
      lost += t->money[i].lost;
      add_usage(&sum, &t->money[i].u);
    }
    put_usage(o, requests, lost, &sum);
    buf_printf(o, ",\"%s\":{", batch ? "batch_models" : "models");
    for (size_t i = 0, n = 0; i < t->nmoney; i++) {
      if (t->money[i].batch != batch) continue;
      if (n++ > 0) buf_char(o, ',');
      json_out_string(o, span_str(t->money[i].model));
      buf_char(o, ':');
      put_usage(o, t->money[i].requests, t->money[i].lost, &t->money[i].u);
    }
    buf_char(o, '}');
  }
}

static void put_paths(const Stats *t, Buf *o) {
  uint64_t by[1000] = { 0 };
  buf_str(o, ",\"paths\":[");
  for (size_t i = 0; i < t->npaths; i++) {
    buf_str(o, i ? ",{\"path\":" : "{\"path\":");
    json_out_string(o, span_str(t->path[i].path));
    buf_printf(o, ",\"status\":%d,\"n\":%llu}", t->path[i].status, (unsigned long long)t->path[i].n);
    by[t->path[i].status] += t->path[i].n;
  }
  buf_str(o, "],\"status\":{");
  for (int status = 0, n = 0; status < 1000; status++)
    if (by[status] > 0) buf_printf(o, "%s\"%d\":%llu", n++ ? "," : "", status, (unsigned long long)by[status]);
  buf_char(o, '}');
}

static void put_rows(const Stats *t, int all, Buf *o) {
  uint64_t requests = 0, billed = 0, most = 0, most_billed = 0;
  for (size_t i = 0; i < t->rows_cap; i++) {
    if (t->row[i].key == NULL) continue;
    requests += t->row[i].requests;
    billed += t->row[i].billed;
    if (t->row[i].requests > most) most = t->row[i].requests;
    if (t->row[i].billed > most_billed) most_billed = t->row[i].billed;
  }
  buf_printf(o, ",\"rows\":{\"distinct\":%zu,\"requests\":%llu,\"billed\":%llu,\"max_requests\":%llu,"
             "\"max_billed\":%llu}", t->nrows, (unsigned long long)requests, (unsigned long long)billed,
             (unsigned long long)most, (unsigned long long)most_billed);
  if (!all) return;
  buf_str(o, ",\"row\":{");
  for (size_t i = 0, n = 0; i < t->rows_cap; i++) {
    const RowCount *r = &t->row[i];
    if (r->key == NULL) continue;
    if (n++ > 0) buf_char(o, ',');
    json_out_string(o, span_str(r->key));
    buf_printf(o, ":{\"requests\":%u,\"billed\":%u,\"input_tokens\":%llu,\"output_tokens\":%llu}", r->requests,
               r->billed, (unsigned long long)r->input, (unsigned long long)r->output);
  }
  buf_char(o, '}');
}

static void put_seconds(const Stats *t, Buf *o) {
  uint64_t now = (now_ns() - t->began) / 1000000000u;
  if (now > 899) now = 899;
  /* the last full second, as the present one has hardly begun */
  buf_printf(o, ",\"last_second\":%u,\"seconds\":[", t->second[now > 0 ? now - 1 : 0].requests);
  for (uint64_t i = 0; i <= now; i++)
    buf_printf(o, "%s[%u,%u,%u]", i ? "," : "", t->second[i].requests, t->second[i].ok, t->second[i].rate_429);
  buf_char(o, ']');
}

void stats_json(Server *s, int rows, Buf *o) {
  const Stats *t = &s->stats;   /* whose in_flight counts this very request */
  buf_printf(o, "{\"requests\":%llu,\"model_requests\":%llu,\"rate_429\":%llu,\"h2_requests\":%llu,\"in_flight\":%u,"
             "\"max_in_flight\":%u,\"connections\":{\"now\":%u,\"max\":%u,\"accepted\":%llu,\"refused\":%llu}",
             (unsigned long long)t->requests, (unsigned long long)t->model_requests, (unsigned long long)t->rate_429,
             (unsigned long long)t->h2_requests, t->in_flight - 1, t->max_in_flight, t->connections, t->max_connections,
             (unsigned long long)t->accepted, (unsigned long long)t->refused_connections);
  put_paths(t, o);
  put_money(t, o);
  put_rows(t, rows, o);
  buf_str(o, ",\"faults\":{");
  for (size_t i = 0; i < t->nfaults; i++)
    buf_printf(o, "%s\"%s\":%llu", i ? "," : "", fault_name(t->fault[i].fault), (unsigned long long)t->fault[i].n);
  buf_char(o, '}');
  put_seconds(t, o);
  buf_str(o, "}\n");
}

void stats_reset(Server *s) {
  Stats *t = &s->stats;
  for (size_t i = 0; i < t->rows_cap; i++) free(t->row[i].key);
  free(t->row);
  *t = (Stats){ .in_flight = t->in_flight, .max_in_flight = t->in_flight, .connections = t->connections,
                .max_connections = t->connections, .began = now_ns() };
  memset(s->cache, 0, sizeof s->cache);
}

/* Everything a client said, so that a test can look for a key in it. */
void record_request(Server *s, const Request *r) {
  if (s->record_fd < 0) return;
  Buf o = { 0 };
  buf_printf(&o, "%.*s %.*s%s%.*s %s%s\r\n", (int)r->method.len, r->method.ptr, (int)r->path.len, r->path.ptr,
             r->query.len ? "?" : "", (int)r->query.len, r->query.len ? r->query.ptr : "",
             r->h2 ? "HTTP/2" : "HTTP/1.1", r->tls ? " TLS" : "");
  buf_add(&o, r->head.ptr, r->head.len);
  buf_str(&o, "\r\n");
  buf_add(&o, r->body.ptr, r->body.len);
  buf_str(&o, "\r\n\r\n");
  for (size_t at = 0; at < o.len;) {
    ssize_t n = write(s->record_fd, o.ptr + at, o.len - at);
    if (n <= 0) break;
    at += (size_t)n;
  }
  buf_free(&o);
}
